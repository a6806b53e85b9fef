//! The changes of a score and of its band, in order (HLT-5).

use std::borrow::Borrow;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_core::Day;

use super::{Band, Evaluation, Latest, Rating, Scorecard, Signal, evaluate, rate, sign_in};

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

impl Situation {
    fn evaluate(&self, latest: &Latest, at: Timestamp) -> Option<Evaluation> {
        let in_effect = self.card.as_ref()?;
        let start = self.contract_start;
        Some(evaluate(&in_effect.card, latest, at, &self.zone, start))
    }

    fn rate(&self, latest: &Latest, at: Timestamp) -> Option<Rating> {
        let in_effect = self.card.as_ref()?;
        let start = self.contract_start;
        Some(rate(&in_effect.card, latest, at, &self.zone, start))
    }
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

/// How far a score has been followed: all that it takes to go on from there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Course {
    /// The last instant at which something was taken in; none before the first.
    pub at: Option<Timestamp>,
    /// The newest signals.
    pub latest: Latest,
    /// The last step; none before the first score.
    pub step: Option<Step>,
    /// By which scorecard, and since when that is in effect.
    pub followed: Option<(String, Timestamp)>,
    /// When something changes next by the signals alone.
    pub changes_at: Option<Timestamp>,
    /// No later than when somebody signed in last; none where signals tell of no sign-in.
    pub signed_in: Option<Timestamp>,
}

impl Course {
    /// The band.
    #[must_use]
    pub fn band(&self) -> Option<Band> {
        self.step.as_ref().and_then(|step| step.band)
    }

    /// Follows the score from where it is up to `until`, and answers its changes. `arrivals` are the
    /// signals that were recorded since, in the order of recording; `moments` are, in order, the
    /// instants at which something else than signals changes, past ones among them. Between two of
    /// them `situation_at` answers the same. What was recorded after `until` does not count.
    pub fn advance<S: Borrow<Situation>>(
        &mut self,
        arrivals: &[Arc<Signal>],
        moments: &[Timestamp],
        situation_at: impl Fn(Timestamp) -> S,
        until: Timestamp,
    ) -> Vec<Step> {
        let mut arrivals = arrivals.iter().peekable();
        let passed = moments.partition_point(|moment| Some(*moment) <= self.at);
        let mut moments = moments[passed..].iter().copied().peekable();
        let mut steps = Vec::new();
        let mut situation = None;
        loop {
            let arrival = arrivals.peek().map(|signal| signal.recorded_at);
            let due = [arrival, moments.peek().copied(), self.changes_at];
            let next = due.into_iter().flatten().min().filter(|at| *at <= until);
            let Some(at) = next else {
                return steps;
            };
            while let Some(signal) = arrivals.next_if(|signal| signal.recorded_at <= at) {
                self.signed_in = self.signed_in.max(sign_in::seen(&self.latest, signal));
                self.latest.take(signal);
            }
            while moments.next_if(|moment| *moment <= at).is_some() {
                situation = None;
            }
            let situation = situation.get_or_insert_with(|| situation_at(at));
            steps.extend(self.take_in((*situation).borrow(), at));
        }
    }

    /// Whether what holds at the instant at which it was left is what it took in there: nothing else came to
    /// be known of that instant since.
    #[must_use]
    pub fn stands(&self, situation_at: impl Fn(Timestamp) -> Situation) -> bool {
        self.at.is_none_or(|at| {
            let situation = situation_at(at);
            let again = self.next(&situation, at);
            again.follows_on && !again.is_change && again.changes_at == self.changes_at
        })
    }

    /// Goes on to an instant; answers the change, if it is one. Most instants change nothing, and cost no
    /// memory.
    fn take_in(&mut self, situation: &Situation, at: Timestamp) -> Option<Step> {
        let next = self.next(situation, at);
        let card = situation.card.as_ref();
        self.at = Some(at);
        self.changes_at = next.changes_at;
        if !next.follows_on {
            self.followed = card.map(|card| (card.key.clone(), card.since));
        }
        if !next.is_change {
            return None;
        }
        let step = Step {
            at,
            score: next.score,
            band: next.band,
            card: card.map(|card| (card.key.clone(), card.version)),
        };
        Some(self.step.insert(step).clone())
    }

    /// What comes of what holds at an instant.
    fn next(&self, situation: &Situation, at: Timestamp) -> Next {
        let rating = situation.rate(&self.latest, at);
        let score = rating.and_then(|rating| rating.score);
        let card = situation.card.as_ref();
        let follows_on = match (card, &self.followed) {
            (Some(card), Some((key, since))) => card.since == *since && card.key == *key,
            (card, followed) => card.is_none() && followed.is_none(),
        };
        let band = match (self.band(), score) {
            (Some(before), Some(score)) if follows_on => Some(before.after(score)),
            (_, score) => score.map(Band::plain),
        };
        let is_change = self.step.as_ref().map_or(score.is_some(), |last| {
            let last_card = last.card.as_ref().map(|(key, version)| (key, *version));
            let card = card.map(|card| (&card.key, card.version));
            (last.score, last.band, last_card) != (score, band, card)
        });
        Next {
            score,
            band,
            changes_at: rating.and_then(|rating| rating.changes_at),
            follows_on,
            is_change,
        }
    }
}

/// What comes of an instant.
struct Next {
    score: Option<u8>,
    band: Option<Band>,
    changes_at: Option<Timestamp>,
    /// Whether the scorecard is the one that was followed before.
    follows_on: bool,
    is_change: bool,
}

/// A score with its history, up to an instant.
#[derive(Debug, Clone)]
pub struct Track {
    /// The changes, first to last.
    pub steps: Vec<Step>,
    /// What held at that instant.
    pub situation: Situation,
    /// The score at that instant; none without a scorecard.
    pub evaluation: Option<Evaluation>,
    /// Its band.
    pub band: Option<Band>,
    /// When the score may change next although nothing is recorded.
    pub changes_at: Option<Timestamp>,
}

/// Follows a score up to `until` from where `course` is; arguments as of [`Course::advance`].
pub fn track(
    mut course: Course,
    arrivals: &[Arc<Signal>],
    moments: &[Timestamp],
    situation_at: impl Fn(Timestamp) -> Situation,
    until: Timestamp,
) -> Track {
    let steps = course.advance(arrivals, moments, &situation_at, until);
    let situation = situation_at(until);
    let evaluation = situation.evaluate(&course.latest, until);
    Track {
        steps,
        changes_at: next_change(&course, moments, until),
        evaluation,
        band: course.band(),
        situation,
    }
}

/// When a course that was followed up to `until` goes on although nothing is recorded.
#[must_use]
pub fn next_change(course: &Course, moments: &[Timestamp], until: Timestamp) -> Option<Timestamp> {
    let passed = moments.partition_point(|moment| *moment <= until);
    let moment = moments.get(passed).copied();
    course.changes_at.into_iter().chain(moment).min()
}

#[cfg(test)]
#[path = "track_tests.rs"]
mod tests;
