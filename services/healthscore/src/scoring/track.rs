//! The changes of a score and of its band, in order (HLT-5).

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_core::Day;

use super::{Band, Evaluation, Latest, Scorecard, Signal, evaluate};

/// What a score depends on besides signals, as known at an instant.
#[derive(Debug, Clone)]
pub struct Situation {
    /// The scorecard for the account's segment; none where there is none.
    pub card: Option<CardInEffect>,
    /// Where local dates begin.
    pub zone: TimeZone,
    /// First day of the account's first contract.
    pub contract_start: Option<Day>,
}

/// A published scorecard.
#[derive(Debug, Clone)]
pub struct CardInEffect {
    /// Key of the scorecard.
    pub key: String,
    /// Its version.
    pub version: u32,
    /// Since when it is in effect: one that comes back after another begins anew.
    pub since: Timestamp,
    /// What the score is computed by.
    pub card: Arc<Scorecard>,
}

/// A score and its band, from an instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// From when on.
    pub at: Timestamp,
    /// The score; none with too little fresh weight, or without a scorecard.
    pub score: Option<u8>,
    /// The band; none without a score.
    pub band: Option<Band>,
    /// Key and version of the scorecard.
    pub card: Option<(String, u32)>,
}

/// A score with its history, up to an instant.
#[derive(Debug, Clone)]
pub struct Track {
    /// The changes, first to last.
    pub steps: Vec<Step>,
    /// The newest signals at that instant.
    pub latest: Latest,
    /// What held at that instant.
    pub situation: Situation,
    /// The score at that instant; none without a scorecard.
    pub evaluation: Option<Evaluation>,
    /// Its band.
    pub band: Option<Band>,
}

/// Follows a score up to `until`. `history` is in the order of recording; `moments` are, in order,
/// the instants at which something else than signals changed. What was recorded after `until` does
/// not count.
pub fn track(
    history: &[Arc<Signal>],
    moments: &[Timestamp],
    situation_at: impl Fn(Timestamp) -> Situation,
    until: Timestamp,
) -> Track {
    let mut arrivals = history.iter().peekable();
    let mut moments = moments.iter().copied().peekable();
    let mut steps: Vec<Step> = Vec::new();
    let mut latest = Latest::default();
    let mut changes_at = None;
    let mut followed: Option<(String, Timestamp)> = None;
    let mut band: Option<Band> = None;
    loop {
        let arrival = arrivals.peek().map(|signal| signal.recorded_at);
        let due = [arrival, moments.peek().copied(), changes_at];
        let next = due.into_iter().flatten().min().filter(|at| *at <= until);
        let at = next.unwrap_or(until);
        while let Some(signal) = arrivals.next_if(|signal| signal.recorded_at <= at) {
            latest.take(signal);
        }
        while moments.next_if(|moment| *moment <= at).is_some() {}
        let situation = situation_at(at);
        let evaluation = situation.card.as_ref().map(|in_effect| {
            evaluate(
                &in_effect.card,
                &latest,
                at,
                &situation.zone,
                situation.contract_start,
            )
        });
        let score = evaluation.as_ref().and_then(|evaluation| evaluation.score);
        let card = situation.card.as_ref();
        let follows = card.map(|card| (card.key.clone(), card.since));
        band = match (band, score) {
            (Some(before), Some(score)) if follows == followed => Some(before.after(score)),
            (_, score) => score.map(Band::plain),
        };
        followed = follows;
        let card = card.map(|card| (card.key.clone(), card.version));
        let step = Step {
            at,
            score,
            band,
            card,
        };
        let is_change = steps.last().map_or(step.score.is_some(), |last| {
            (last.score, last.band, &last.card) != (step.score, step.band, &step.card)
        });
        if is_change {
            steps.push(step);
        }
        changes_at = evaluation
            .as_ref()
            .and_then(|evaluation| evaluation.changes_at);
        if next.is_none() {
            return Track {
                steps,
                latest,
                situation,
                evaluation,
                band,
            };
        }
    }
}

#[cfg(test)]
#[path = "track_tests.rs"]
mod tests;
