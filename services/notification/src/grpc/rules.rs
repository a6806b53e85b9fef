//! Rules over the API: made, changed, tried out and retired (NTF-2).

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use keizoku_proto::notification as proto;
use keizoku_proto::notification::{Channel, Trigger};
use keizoku_runtime::{Call, Failure, Fold, Violations};
use tonic::Request;

use super::NotConfigured;
use crate::domain::{rule, rule_stream};
use crate::fields::{self, Field};
use crate::trial::Tried;
use crate::{Service, api, resources};

/// How far back a rule is tried out, unless somebody says so.
const TRIED_BACK: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Facts that it is tried out on.
const DEFAULT_TRIALS: usize = 200;
/// Most of them.
const MOST_TRIALS: usize = 1_000;

impl Service {
    pub(super) async fn rules(
        &self,
        request: proto::ListRulesRequest,
    ) -> Result<proto::ListRulesResponse, Failure> {
        self.freshness.wait(&request.consistency_tokens).await?;
        let mut rules = Vec::new();
        for key in self.desk.rule_keys().await? {
            let fold = self.desk.rules.recall(&rule_stream(&key)).await?;
            if request.include_retired || !fold.state.is_retired() {
                rules.push(resources::rule(&key, &fold));
            }
        }
        let config = &self.desk.config;
        let has_slack = config.slack.has_bot() || !config.slack.webhooks.is_empty();
        let slack = has_slack.then_some(Channel::Slack);
        let email = config.smtp.sends().then_some(Channel::Email);
        let webhook = (!config.endpoints.is_empty()).then_some(Channel::Webhook);
        let channels = [slack, email, webhook].into_iter().flatten();
        let channels = channels.map(i32::from);
        Ok(proto::ListRulesResponse {
            rules,
            channels: channels.collect(),
        })
    }

    /// A rule that there is, or was, as it is now.
    async fn rule(&self, key: &str) -> Result<Arc<Fold<rule::State>>, Failure> {
        let fold = self.desk.rules.refresh(&rule_stream(key)).await?;
        if fold.state.current().is_none() && !rule::is_built_in(key) {
            return Err(Failure::not_found(&format!("{}{key}", resources::RULES)));
        }
        Ok(fold)
    }

    pub(super) async fn get_one_rule(
        &self,
        request: &proto::GetRuleRequest,
    ) -> Result<proto::GetRuleResponse, Failure> {
        let mut violations = Violations::new();
        let key = api::rule_key(&mut violations, "name", &request.name);
        let key = violations.finish(key)?;
        let fold = self.rule(&key).await?;
        Ok(proto::GetRuleResponse {
            rule: Some(resources::rule(&key, &fold)),
        })
    }

    /// Executes a command on a rule that there is; the answer is the rule and the change's token.
    async fn change_rule(
        &self,
        key: &str,
        command: rule::Command,
        call: Call,
    ) -> Result<(proto::Rule, String), Failure> {
        self.rule(key).await?;
        self.execute_on(key, command, call).await
    }

    async fn execute_on(
        &self,
        key: &str,
        command: rule::Command,
        call: Call,
    ) -> Result<(proto::Rule, String), Failure> {
        let rules = &self.desk.rules;
        let outcome = rules.execute(rule_stream(key), command, call).await?;
        Ok((resources::rule(key, &outcome.fold), outcome.token.encode()))
    }

    pub(super) async fn create(
        &self,
        request: Request<proto::CreateRuleRequest>,
    ) -> Result<proto::CreateRuleResponse, Failure> {
        let body = request.get_ref();
        let mut violations = Violations::new();
        let request_id = violations.request_id(&body.request_id);
        let key = api::rules::rule_id(&mut violations, &body.rule_id);
        let terms = api::rules::new_rule(&mut violations, body.rule.as_ref());
        let (request_id, key) = violations.finish(request_id.zip(key))?;
        let call = Call::of("CreateRule", &request, request_id, "")?;
        let command = if rule::is_built_in(&key) {
            return Err(rule::Error::Exists.into());
        } else {
            rule::Command::Create(key.clone(), Box::new(terms))
        };
        let (rule, consistency_token) = self.execute_on(&key, command, call).await?;
        Ok(proto::CreateRuleResponse {
            rule: Some(rule),
            consistency_token,
        })
    }

    pub(super) async fn retire(
        &self,
        request: Request<proto::RetireRuleRequest>,
    ) -> Result<proto::RetireRuleResponse, Failure> {
        let (key, call) = rule_call("RetireRule", &request, |r| {
            (&r.name, &r.etag, &r.request_id)
        })?;
        let command = rule::Command::Retire(key.clone());
        let (rule, consistency_token) = self.change_rule(&key, command, call).await?;
        Ok(proto::RetireRuleResponse {
            rule: Some(rule),
            consistency_token,
        })
    }

    pub(super) async fn enable(
        &self,
        request: Request<proto::EnableRuleRequest>,
    ) -> Result<proto::EnableRuleResponse, Failure> {
        let (key, call) = rule_call("EnableRule", &request, |r| {
            (&r.name, &r.etag, &r.request_id)
        })?;
        let command = rule::Command::Switch(key.clone(), true);
        let (rule, consistency_token) = self.change_rule(&key, command, call).await?;
        Ok(proto::EnableRuleResponse {
            rule: Some(rule),
            consistency_token,
        })
    }

    pub(super) async fn disable(
        &self,
        request: Request<proto::DisableRuleRequest>,
    ) -> Result<proto::DisableRuleResponse, Failure> {
        let (key, call) = rule_call("DisableRule", &request, |r| {
            (&r.name, &r.etag, &r.request_id)
        })?;
        let command = rule::Command::Switch(key.clone(), false);
        let (rule, consistency_token) = self.change_rule(&key, command, call).await?;
        Ok(proto::DisableRuleResponse {
            rule: Some(rule),
            consistency_token,
        })
    }

    pub(super) async fn update(
        &self,
        request: Request<proto::UpdateRuleRequest>,
    ) -> Result<proto::UpdateRuleResponse, Failure> {
        let body = request.get_ref();
        let rule = body.rule.clone().unwrap_or_default();
        let mut violations = Violations::new();
        let request_id = violations.request_id(&body.request_id);
        let key = api::rule_key(&mut violations, "rule.name", &rule.name);
        let known = match &key {
            Some(key) => self.rule(key).await.ok(),
            None => None,
        };
        let known = key.as_ref().zip(known);
        let trigger = known.map(|(key, fold)| resources::rule(key, &fold).trigger());
        let change = api::rules::change(&mut violations, &rule, &body.update_mask, trigger);
        let (request_id, key) = violations.finish(request_id.zip(key))?;
        let call = Call::of("UpdateRule", &request, request_id, &body.etag)?;
        let command = rule::Command::Change(key.clone(), Box::new(change));
        let (rule, consistency_token) = self.change_rule(&key, command, call).await?;
        Ok(proto::UpdateRuleResponse {
            rule: Some(rule),
            consistency_token,
        })
    }

    pub(super) async fn try_out(
        &self,
        request: proto::TryRuleRequest,
    ) -> Result<proto::TryRuleResponse, Failure> {
        let mut violations = Violations::new();
        let now = self.desk.calendar.now();
        let start = violations.instant("start_time", request.start_time.as_ref());
        let end = violations.instant("end_time", request.end_time.as_ref());
        let (start, end) = (
            start.unwrap_or(now - TRIED_BACK),
            end.unwrap_or(Timestamp::MAX),
        );
        if start >= end {
            violations.add("end_time", "must be after start_time");
        }
        let limit = match usize::try_from(request.limit) {
            Ok(0) => DEFAULT_TRIALS,
            Ok(limit) if limit <= MOST_TRIALS => limit,
            _ => {
                violations.add("limit", format!("must be between 0 and {MOST_TRIALS}"));
                DEFAULT_TRIALS
            }
        };
        let mut named = None;
        let mut draft = None;
        match &request.tried {
            Some(proto::try_rule_request::Tried::Name(name)) => {
                named = api::rule_key(&mut violations, "name", name);
            }
            Some(proto::try_rule_request::Tried::Rule(rule)) => {
                draft = Some(api::rules::new_rule(&mut violations, Some(rule)));
            }
            None => violations.add("tried", "must be a rule's name, or the draft of one"),
        }
        violations.check()?;
        if !self.desk.config.sends() {
            return Err(NotConfigured.into());
        }
        self.freshness.wait(&request.consistency_tokens).await?;
        let (key, terms) = match (named, draft) {
            (Some(key), _) => {
                let fold = self.rule(&key).await?;
                let terms = resources::rule(&key, &fold);
                (key, terms)
            }
            (None, draft) => ("draft".to_owned(), draft.unwrap_or_default()),
        };
        let tried = Tried {
            key,
            terms,
            time: (start, end),
            limit,
        };
        let (trials, truncated) = self.desk.try_rule(&tried).await?;
        Ok(proto::TryRuleResponse {
            trials,
            truncated,
            watermarks: self.freshness.watermarks(),
        })
    }
}

/// What filters and templates can name.
pub(super) fn fields_of(
    request: proto::ListRuleFieldsRequest,
) -> Result<proto::ListRuleFieldsResponse, Failure> {
    let mut violations = Violations::new();
    let is_asked =
        |trigger: &Trigger| request.trigger == 0 || i32::from(*trigger) == request.trigger;
    let triggers: Vec<Trigger> = fields::TRIGGERS.iter().copied().filter(is_asked).collect();
    if triggers.is_empty() {
        violations.add("trigger", "is not a trigger that rules can have");
    }
    violations.check()?;
    let triggers = triggers.into_iter().map(|trigger| proto::TriggerFields {
        trigger: trigger.into(),
        fields: fields::of(trigger)
            .into_iter()
            .map(Field::resource)
            .collect(),
    });
    Ok(proto::ListRuleFieldsResponse {
        triggers: triggers.collect(),
    })
}

/// What switching a rule on and off has in common.
fn rule_call<T: prost::Message>(
    method: &'static str,
    request: &Request<T>,
    fields: impl Fn(&T) -> (&String, &String, &String),
) -> Result<(String, Call), Failure> {
    let (name, etag, request_id) = fields(request.get_ref());
    let mut violations = Violations::new();
    let request_id = violations.request_id(request_id);
    let key = api::rule_key(&mut violations, "name", name);
    let (request_id, key) = violations.finish(request_id.zip(key))?;
    Ok((key, Call::of(method, request, request_id, etag)?))
}
