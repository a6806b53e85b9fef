//! What customers declared in their onboardings, as the read model keeps it (ONB-4): this service knows both
//! the goals and the use that they are compared with.

use std::sync::Arc;

use jiff::Timestamp;
use keizoku_core::{Day, OnboardingId};
use keizoku_proto::healthscore::SignalKind;
use keizoku_proto::onboarding::{GoalDeclared, GoalReviewed};
use keizoku_runtime::read_model::rusqlite::{self, Connection, Transaction, params};
use uuid::Uuid;

use crate::projection::{key, number};
use crate::scoring::Signal;

/// A goal that a customer declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Goal {
    pub(crate) onboarding: OnboardingId,
    /// Id of the account that the onboarding was begun for.
    pub(crate) account_id: String,
    /// Identifies it within the onboarding.
    pub(crate) id: String,
    pub(crate) product: String,
    pub(crate) feature: String,
    pub(crate) due: Option<Day>,
    pub(crate) looks_like: String,
    pub(crate) declared_at: Timestamp,
    pub(crate) review: Option<Review>,
}

/// What somebody found when a goal was compared with use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Review {
    pub(crate) met: bool,
    pub(crate) recorded_at: Timestamp,
    pub(crate) date: Option<Day>,
    /// What use there is, in words.
    pub(crate) used: String,
}

impl Goal {
    /// The goal as it was known at an instant; none before it was declared.
    pub(crate) fn known_at(mut self, at: Timestamp) -> Option<Self> {
        self.review = self.review.filter(|review| review.recorded_at <= at);
        (self.declared_at <= at).then_some(self)
    }

    /// The newest use of its feature that had occurred by an instant (HLT-1).
    pub(crate) fn use_at<'a>(
        &self,
        signals: &'a [Arc<Signal>],
        at: Timestamp,
    ) -> Option<&'a Arc<Signal>> {
        let of_feature = signals.iter().filter(|signal| {
            signal.series.kind == SignalKind::FeatureUse
                && signal.series.subject == self.feature
                && signal.occurred_at <= at
        });
        of_feature.max_by_key(|signal| (signal.occurred_at, signal.place))
    }
}

/// Writes a goal that was declared.
pub(crate) fn on_declared(
    rows: &Transaction<'_>,
    event: &GoalDeclared,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let declaration = event.declaration.clone().unwrap_or_default();
    rows.prepare_cached(
        "INSERT OR REPLACE INTO goals
         (onboarding, goal, account_id, product, feature, due, looks_like, declared_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        key(&event.onboarding_id),
        event.goal_id,
        event.account_id,
        event.product,
        declaration.feature,
        number(declaration.due_date.as_ref()),
        declaration.looks_like,
        at.as_microsecond(),
    ])
    .map(drop)
}

/// Writes what was found.
pub(crate) fn on_reviewed(
    rows: &Transaction<'_>,
    event: &GoalReviewed,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let review = event.review.clone().unwrap_or_default();
    rows.prepare_cached(
        "UPDATE goals SET met = ?3, reviewed_at = ?4, reviewed = ?5, used = ?6
         WHERE onboarding = ?1 AND goal = ?2",
    )?
    .execute(params![
        key(&event.onboarding_id),
        event.goal_id,
        review.met,
        at.as_microsecond(),
        number(review.date.as_ref()),
        review.r#use,
    ])
    .map(drop)
}

/// The goals of an account, whose ids these are, in the order in which they are due.
pub(crate) fn of_account(rows: &Connection, ids: &[String]) -> rusqlite::Result<Vec<Goal>> {
    let quoted: Vec<String> = ids.iter().map(|id| format!("\"{id}\"")).collect();
    rows.prepare_cached(
        "SELECT onboarding, account_id, goal, product, feature, due, looks_like, declared_at, met,
                reviewed_at, reviewed, used
         FROM goals WHERE account_id IN (SELECT value FROM json_each(?1))
         ORDER BY due IS NULL, due, declared_at, goal",
    )?
    .query_map([format!("[{}]", quoted.join(","))], |row| {
        let day = |number: Option<u16>| number.and_then(Day::from_number);
        let instant = |micros| Timestamp::from_microsecond(micros).unwrap_or_default();
        let met: Option<bool> = row.get(8)?;
        let recorded_at: Option<i64> = row.get(9)?;
        let (date, used) = (day(row.get(10)?), row.get(11)?);
        Ok(Goal {
            onboarding: Uuid::from_bytes(row.get(0)?).into(),
            account_id: row.get(1)?,
            id: row.get(2)?,
            product: row.get(3)?,
            feature: row.get(4)?,
            due: day(row.get(5)?),
            looks_like: row.get(6)?,
            declared_at: instant(row.get(7)?),
            review: met.zip(recorded_at).map(|(met, recorded_at)| Review {
                met,
                recorded_at: instant(recorded_at),
                date,
                used,
            }),
        })
    })?
    .collect()
}
