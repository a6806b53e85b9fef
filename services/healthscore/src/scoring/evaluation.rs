//! A score and what it is made of, at an instant.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use keizoku_core::{Day, div_half_even};
use keizoku_proto::healthscore::{SignalKind, WhenStale};

use super::curve::MILLI;
use super::scorecard::WHOLE;
use super::shares::{shares, total};
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

/// A score alone: what it takes to follow one, without a word of explanation and without memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rating {
    /// As of [`Evaluation::score`].
    pub score: Option<u8>,
    /// As of [`Evaluation::changes_at`].
    pub changes_at: Option<Timestamp>,
}

/// Computes a score: of these signals, by this scorecard, at this instant.
#[must_use]
pub fn rate(
    card: &Scorecard,
    latest: &Latest,
    at: Timestamp,
    zone: &TimeZone,
    contract_start: Option<Day>,
) -> Rating {
    let sums = Sums::of(card, latest, at, zone, contract_start, |_| ());
    Rating {
        score: sums.points(card.cap()).map(Points::score),
        changes_at: sums.changes_at,
    }
}

/// Computes a score and explains it: arguments as of [`rate`].
#[must_use]
pub fn evaluate(
    card: &Scorecard,
    latest: &Latest,
    at: Timestamp,
    zone: &TimeZone,
    contract_start: Option<Day>,
) -> Evaluation {
    let mut lines = Vec::with_capacity(card.measures().len());
    let explain = |one: Judgement<'_>| lines.push(one.line());
    let sums = Sums::of(card, latest, at, zone, contract_start, explain);
    let points = sums.points(card.cap());
    let mut cap = None;
    if let Some(points) = points {
        let measures = card.measures().iter().zip(&lines);
        let parts: Vec<i64> = measures
            .map(|(measure, line)| measure.weight * line.points.unwrap_or_default())
            .collect();
        let contributions = shares(&parts, sums.divisor());
        for (line, contribution) in lines.iter_mut().zip(contributions) {
            line.contribution = contribution;
        }
        let overdue = sums.overdue.filter(|_| points.capped < 0);
        cap = overdue.map(|signal| Cap {
            limit: card.cap(),
            signal: Arc::clone(signal),
            contribution: points.capped,
        });
    }
    Evaluation {
        score: points.map(Points::score),
        fresh_weight: sums.fresh_weight,
        lines,
        cap,
        changes_at: sums.changes_at,
    }
}

/// What a score is made of, summed up.
struct Sums<'a> {
    fresh_weight: i64,
    /// Weight of the measures that count, and their points by weight.
    weight: i64,
    points: i64,
    /// An onboarding that is unfinished past its target.
    overdue: Option<&'a Arc<Signal>>,
    changes_at: Option<Timestamp>,
}

/// Points of a score before the cap, and what the cap takes of them: 0 or below.
#[derive(Debug, Clone, Copy)]
struct Points {
    total: i64,
    capped: i64,
}

impl<'a> Sums<'a> {
    /// Judges every measure of a scorecard, in its order, and shows each to `visit`.
    fn of(
        card: &Scorecard,
        latest: &'a Latest,
        at: Timestamp,
        zone: &TimeZone,
        contract_start: Option<Day>,
        mut visit: impl FnMut(Judgement<'a>),
    ) -> Self {
        let (overdue, changes_at) = overdue_onboarding(latest, at, zone);
        let mut sums = Self {
            fresh_weight: 0,
            weight: 0,
            points: 0,
            overdue,
            changes_at,
        };
        for measure in card.measures() {
            let one = Judgement::of(measure, latest, at, zone, contract_start);
            if one.standing == Standing::Fresh {
                sums.fresh_weight += measure.weight;
                let stale_at = one.signal.map(|signal| measure.stale_at(signal));
                sums.changes_at = earlier(sums.changes_at, stale_at);
            }
            if let Some(points) = one.points {
                sums.weight += measure.weight;
                sums.points += measure.weight * points;
            }
            visit(one);
        }
        sums
    }

    /// The points; none with too little fresh weight.
    fn points(&self, cap: u8) -> Option<Points> {
        if self.fresh_weight < LEAST_FRESH {
            return None;
        }
        let total = total(self.points, self.divisor());
        let above = i64::from(cap) - total;
        let capped = self.overdue.map_or(0, |_| above.min(0));
        Some(Points { total, capped })
    }

    const fn divisor(&self) -> i64 {
        self.weight * MILLI
    }
}

impl Points {
    fn score(self) -> u8 {
        let score = (self.total + self.capped).clamp(0, WHOLE);
        u8::try_from(score).unwrap_or_default()
    }
}

/// How one measure counts: [`Line`] before contributions are known.
#[derive(Debug, Clone, Copy)]
struct Judgement<'a> {
    signal: Option<&'a Arc<Signal>>,
    standing: Standing,
    judged: Option<i128>,
    expected: Option<i64>,
    points: Option<i64>,
}

impl<'a> Judgement<'a> {
    fn of(
        measure: &Measure,
        latest: &'a Latest,
        at: Timestamp,
        zone: &TimeZone,
        contract_start: Option<Day>,
    ) -> Self {
        let left_out = |standing, signal| Self {
            signal,
            standing,
            judged: None,
            expected: None,
            points: None,
        };
        let Some(signal) = newest(measure, latest) else {
            return left_out(Standing::Missing, None);
        };
        if measure.stale_at(signal) <= at {
            return match measure.when_stale {
                WhenStale::Neutral => Self {
                    points: Some(NEUTRAL),
                    ..left_out(Standing::Neutral, Some(signal))
                },
                WhenStale::Zero => Self {
                    points: Some(0),
                    ..left_out(Standing::Zero, Some(signal))
                },
                WhenStale::Drop | WhenStale::Unspecified => {
                    left_out(Standing::Dropped, Some(signal))
                }
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
                let judged = div_half_even(percent, i128::from(expected.max(1)));
                (judged, Some(expected))
            }
        };
        Self {
            points: Some(measure.curve.height(judged)),
            judged: Some(judged),
            expected,
            ..left_out(Standing::Fresh, Some(signal))
        }
    }

    fn line(self) -> Line {
        Line {
            signal: self.signal.cloned(),
            standing: self.standing,
            judged: self.judged,
            expected: self.expected,
            points: self.points,
            contribution: 0,
        }
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
fn overdue_onboarding<'a>(
    latest: &'a Latest,
    at: Timestamp,
    zone: &TimeZone,
) -> (Option<&'a Arc<Signal>>, Option<Timestamp>) {
    let (mut overdue, mut next) = (None, None);
    let unfinished = latest.of_kind(SignalKind::OnboardingState);
    for signal in unfinished.filter(|signal| signal.value < COMPLETE) {
        let last = signal.target.and_then(|target| target.last_instant(zone));
        match last.map(|last| last + SignedDuration::from_micros(1)) {
            Some(due) if due <= at => {
                overdue.get_or_insert(signal);
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
