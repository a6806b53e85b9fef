//! Declared goals, beside the use that signals know (ONB-4).

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_core::Day;
use keizoku_proto::healthscore::{self as proto, GoalOutcome, SignalKind};
use keizoku_runtime::{Failure, Violations, names};
use uuid::Uuid;

use crate::goals::{self, Goal};
use crate::history::UpTo;
use crate::scoring::Signal;
use crate::{HealthScores, resources};

impl HealthScores {
    pub(super) async fn compare_goals(
        &self,
        body: proto::CompareGoalsRequest,
    ) -> Result<proto::CompareGoalsResponse, Failure> {
        let mut violations = Violations::new();
        let account = violations.parse("account", names::parse_account(&body.account));
        let at = self.instant(&mut violations, "time", body.time.as_ref());
        let (account, at) = violations.finish(account.zip(at))?;
        self.goal_freshness.wait(&body.consistency_tokens).await?;
        let history = self.whole_history(account, UpTo::instant(at)).await?;
        let history = history.ok_or_else(|| Failure::not_found(&body.account))?;
        let signals = &history.arrived.signals;
        let ids = self.book.with_aliases(history.id);
        let found = self.model.read(move |rows| goals::of_account(rows, &ids));
        let known = found.await?.into_iter();
        let known = known.filter_map(|goal| goal.known_at(at));
        let zone = self.book.read().zone_at(Some(at)).clone();
        let features: BTreeSet<&str> = signals
            .iter()
            .filter(|signal| signal.series.kind == SignalKind::FeatureUse)
            .map(|signal| signal.series.subject.as_str())
            .collect();
        Ok(proto::CompareGoalsResponse {
            goals: known
                .map(|goal| compared(goal, signals, at, &zone))
                .collect(),
            known_features: features.into_iter().map(str::to_owned).collect(),
            watermarks: self.goal_freshness.watermarks(),
        })
    }
}

/// A goal beside use, as known at an instant.
fn compared(goal: Goal, signals: &[Arc<Signal>], at: Timestamp, zone: &TimeZone) -> proto::GoalUse {
    let used = |at| {
        goal.use_at(signals, at)
            .map(|signal| resources::recorded(signal))
    };
    let due_at = goal.due.and_then(|due| due.last_instant(zone));
    let has_come = due_at.filter(|due_at| *due_at <= at);
    let outcome = match &goal.review {
        None => GoalOutcome::Unspecified,
        Some(review) if review.met => GoalOutcome::Met,
        Some(_) => GoalOutcome::NotMet,
    };
    let account = Uuid::try_parse(&goal.account_id).unwrap_or_default().into();
    let today = Day::of(at, zone);
    proto::GoalUse {
        use_when_declared: used(goal.declared_at),
        use_when_due: has_come.and_then(used),
        r#use: used(at),
        overdue: goal.review.is_none() && goal.due.is_some_and(|due| due < today),
        onboarding: names::onboarding(account, goal.onboarding),
        goal_id: goal.id,
        product: goal.product,
        feature: goal.feature,
        due_date: goal.due.map(Into::into),
        looks_like: goal.looks_like,
        declare_time: Some(keizoku_proto::timestamp(goal.declared_at)),
        outcome: outcome.into(),
        review_date: goal.review.and_then(|review| review.date).map(Into::into),
    }
}
