//! Coaching rules, and what decides whether they hold.

use keizoku_proto::onboarding as proto;
use keizoku_proto::onboarding::CoachingLack;
use keizoku_revenue::AsOf;
use keizoku_runtime::{Call, Failure, Violations, call};
use tonic::Request;

use crate::api::learning as api;
use crate::domain::coached::Around;
use crate::domain::coaching::{self, Command};
use crate::domain::onboarding::State;
use crate::queries::learning;
use crate::{Onboardings, domain};

impl Onboardings {
    pub(super) async fn set_coaching_rule(
        &self,
        request: Request<proto::SetCoachingRuleRequest>,
    ) -> Result<proto::SetCoachingRuleResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let rule = api::coaching_rule(&mut violations, body.rule.as_ref());
        let request_id = violations.finish(request_id)?;
        let call = Call::of("SetCoachingRule", &request, request_id, &body.etag)?;
        let (stream, key) = (domain::coaching_stream(), rule.key.clone());
        let outcome = if let Some(done) = self.coaching.admit(&stream, &call).await? {
            done
        } else {
            self.require_subjects(&rule).await?;
            let command = Command::Set(rule);
            self.coaching.execute(stream, command, call).await?
        };
        let mut rules = outcome.fold.state.all().into_iter();
        Ok(proto::SetCoachingRuleResponse {
            rule: rules.find(|status| coaching::key(status) == key),
            etag: call::etag(outcome.fold.revision),
            consistency_token: outcome.token.encode(),
        })
    }

    /// Makes sure that there is what a rule names; features are named by whoever holds the seminar.
    async fn require_subjects(&self, rule: &proto::CoachingRule) -> Result<(), Failure> {
        for tier in &rule.tiers {
            self.require_tier(tier).await?;
        }
        for condition in &rule.conditions {
            if condition.lack() == CoachingLack::Content && !condition.subject.is_empty() {
                let id = domain::content_id(&condition.subject);
                self.content(id, &format!("onboardingContents/{id}"))
                    .await?;
            }
        }
        Ok(())
    }

    pub(super) async fn list_coaching_rules(
        &self,
        body: proto::ListCoachingRulesRequest,
    ) -> Result<proto::ListCoachingRulesResponse, Failure> {
        self.list_freshness.wait(&body.consistency_tokens).await?;
        let fold = self.coaching.refresh(&domain::coaching_stream()).await?;
        Ok(proto::ListCoachingRulesResponse {
            rules: fold.state.all(),
            etag: call::etag(fold.revision),
        })
    }

    /// Whether what signals said of use has been read as far as it was when this process started.
    pub(crate) async fn uses_are_read(&self) -> bool {
        self.use_freshness.wait(&[]).await.is_ok()
    }

    /// What decides whether coaching rules hold of an onboarding; nothing is read while none is on.
    pub(crate) async fn coaching_of(
        &self,
        state: &State,
        now: AsOf,
        uses_are_read: bool,
    ) -> Result<Around, Failure> {
        let fold = self.coaching.refresh(&domain::coaching_stream()).await?;
        let rules = fold.state.active();
        let survivor = self.book.survivor_of(&state.account_id, now);
        let Ok(account) = survivor.parse() else {
            return Ok(Around::default());
        };
        if rules.is_empty() {
            return Ok(Around::default());
        }
        let ids = self.book.with_aliases(account);
        let read = move |rows: &_| learning::learning_of(rows, &survivor, &ids);
        let known = self.model.read(read).await?;
        Ok(Around {
            rules,
            touch_model: known.touch_model,
            tier: self.tier_of(account, now),
            attended: known.attended,
            completed: known.completed,
            used: uses_are_read.then_some(known.used),
        })
    }
}
