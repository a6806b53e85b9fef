//! A score and what it is made of, at an instant.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use keizoku_core::{Day, div_half_even};
use keizoku_proto::healthscore::{SignalKind, WhenStale};

use super::curve::MILLI;
use super::scorecard::WHOLE;
use super::shares::shares;
use super::{Latest, Measure, Scorecard, Signal};

/// With less fresh weight than this, there is no score (HLT-2).
const LEAST_FRESH: i64 = 40;
/// What a stale value counts where it is neutral, in thousandths of a point.
const NEUTRAL: i64 = 50 * MILLI;
/// Onboarding is complete at this many percent.
const COMPLETE: i64 = 100;

/// A score, what it is made of, and when it changes by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// 0 to 100; none with too little fresh weight.
    pub score: Option<u8>,
    /// Weight of the measures whose values are fresh.
    pub fresh_weight: i64,
    /// One for each measure of the scorecard, in its order.
    pub lines: Vec<Line>,
    /// The cap for unfinished onboarding, where it takes something away (HLT-3).
    pub cap: Option<Cap>,
    /// The next instant at which something changes although nothing arrives.
    pub changes_at: Option<Timestamp>,
}

/// What one measure contributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The signal that it looks at, fresh or stale.
    pub signal: Option<Arc<Signal>>,
    /// How it counts.
    pub standing: Standing,
    /// The value on the curve's x axis, in thousandths: itself, or in percent of what is expected.
    pub judged: Option<i128>,
    /// What is expected at that age of the contract, in thousandths.
    pub expected: Option<i64>,
    /// What it counts, in thousandths of a point; none where it is left out.
    pub points: Option<i64>,
    /// Points of the score that come from it; 0 without a score.
    pub contribution: i64,
}

/// How a measure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// By its value.
    Fresh,
    /// It is stale, and left out.
    Dropped,
    /// It is stale, and counts half.
    Neutral,
    /// It is stale, and counts nothing.
    Zero,
    /// There is no value, or no contract to judge it by: left out.
    Missing,
}

/// What unfinished onboarding takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
    /// Highest score that there can be meanwhile.
    pub limit: u8,
    /// The onboarding.
    pub signal: Arc<Signal>,
    /// Points that it takes: below zero.
    pub contribution: i64,
}

/// Computes a score: of these signals, by this scorecard, at this instant.
#[must_use]
pub fn evaluate(
    card: &Scorecard,
    latest: &Latest,
    at: Timestamp,
    zone: &TimeZone,
    contract_start: Option<Day>,
) -> Evaluation {
    let mut changes_at = None;
    let mut lines = Vec::with_capacity(card.measures().len());
    let mut fresh_weight = 0;
    for measure in card.measures() {
        let line = line(measure, latest, at, zone, contract_start);
        if line.standing == Standing::Fresh {
            fresh_weight += measure.weight;
            let stale_at = line.signal.as_ref().map(|signal| measure.stale_at(signal));
            changes_at = earlier(changes_at, stale_at);
        }
        lines.push(line);
    }
    let (overdue, next) = overdue_onboarding(latest, at, zone);
    changes_at = earlier(changes_at, next);
    if fresh_weight < LEAST_FRESH {
        return Evaluation {
            score: None,
            fresh_weight,
            lines,
            cap: None,
            changes_at,
        };
    }
    let measures = card.measures().iter().zip(&lines);
    let counted = measures.clone().filter(|(_, line)| line.points.is_some());
    let weight: i64 = counted.map(|(measure, _)| measure.weight).sum();
    let parts: Vec<i64> = measures
        .map(|(measure, line)| measure.weight * line.points.unwrap_or_default())
        .collect();
    let (total, contributions) = shares(&parts, weight * MILLI);
    for (line, contribution) in lines.iter_mut().zip(contributions) {
        line.contribution = contribution;
    }
    let limit = i64::from(card.cap());
    let cap = overdue.filter(|_| total > limit).map(|signal| Cap {
        limit: card.cap(),
        signal,
        contribution: limit - total,
    });
    let score = total + cap.as_ref().map_or(0, |cap| cap.contribution);
    let score = u8::try_from(score.clamp(0, WHOLE)).ok();
    Evaluation {
        score,
        fresh_weight,
        lines,
        cap,
        changes_at,
    }
}

fn line(
    measure: &Measure,
    latest: &Latest,
    at: Timestamp,
    zone: &TimeZone,
    contract_start: Option<Day>,
) -> Line {
    let signal = newest(measure, latest).cloned();
    let left_out = |standing, signal| Line {
        signal,
        standing,
        judged: None,
        expected: None,
        points: None,
        contribution: 0,
    };
    let Some(signal) = signal else {
        return left_out(Standing::Missing, None);
    };
    if measure.stale_at(&signal) <= at {
        let signal = Some(signal);
        return match measure.when_stale {
            WhenStale::Neutral => Line {
                points: Some(NEUTRAL),
                ..left_out(Standing::Neutral, signal)
            },
            WhenStale::Zero => Line {
                points: Some(0),
                ..left_out(Standing::Zero, signal)
            },
            WhenStale::Drop | WhenStale::Unspecified => left_out(Standing::Dropped, signal),
        };
    }
    let value = i128::from(signal.value) * i128::from(MILLI);
    let (judged, expected) = match (&measure.journey, contract_start) {
        (None, _) => (value, None),
        (Some(_), None) => return left_out(Standing::Missing, Some(signal)),
        (Some(journey), Some(start)) => {
            let age = Day::of(signal.occurred_at, zone).days_since(start);
            let expected = journey.height(i128::from(age.max(0)) * i128::from(MILLI));
            let percent = value * i128::from(100 * MILLI);
            (
                div_half_even(percent, i128::from(expected.max(1))),
                Some(expected),
            )
        }
    };
    Line {
        points: Some(measure.curve.height(judged)),
        judged: Some(judged),
        expected,
        ..left_out(Standing::Fresh, Some(signal))
    }
}

/// The signal that a measure looks at. Onboardings are several: the one that is least done counts.
fn newest<'a>(measure: &Measure, latest: &'a Latest) -> Option<&'a Arc<Signal>> {
    match measure.series.kind {
        kind @ SignalKind::OnboardingState => {
            latest.of_kind(kind).min_by_key(|signal| signal.value)
        }
        _ => latest.of(&measure.series),
    }
}

/// An onboarding that is unfinished past its target, and the next instant at which one will be.
fn overdue_onboarding(
    latest: &Latest,
    at: Timestamp,
    zone: &TimeZone,
) -> (Option<Arc<Signal>>, Option<Timestamp>) {
    let (mut overdue, mut next) = (None, None);
    let unfinished = latest.of_kind(SignalKind::OnboardingState);
    for signal in unfinished.filter(|signal| signal.value < COMPLETE) {
        let last = signal.target.and_then(|target| target.last_instant(zone));
        match last.map(|last| last + SignedDuration::from_micros(1)) {
            Some(due) if due <= at => {
                overdue.get_or_insert_with(|| Arc::clone(signal));
            }
            due => next = earlier(next, due),
        }
    }
    (overdue, next)
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
#[path = "evaluation_tests.rs"]
mod tests;
