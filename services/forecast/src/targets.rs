//! Targets for retention and expansion, and where each stands (FC-13).

use keizoku_core::{Day, Money, Rate, TeamId, div_half_even};
use keizoku_revenue::{AsOf, Book, Goal, Target, TargetMetric};

use crate::boards::Boards;
use crate::metrics::{Figure, NoValue, VERSION, Value, figure_of_period};
use crate::selection::Filter;

/// Parts per million in 1.
const ONE: i64 = 1_000_000;

/// Where a target stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Its first month is ahead.
    NotBegun,
    /// Nothing can be said.
    Unknown,
    /// At least as far as an even pace asks for.
    OnTrack,
    /// Not as far as that.
    Behind,
    /// Reached: for retention when the period is over, for expansion as soon as the amount is there.
    Met,
    /// Not reached when the period was over.
    Missed,
}

/// A target, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The target.
    pub target: Target,
    /// The figure from the period's first day to its last one, or to `on`; `None` before it.
    pub figure: Option<Figure>,
    /// What an even pace asks for by then: of retention 1 at the start and the goal at the end, of
    /// expansion nothing and the goal.
    pub pace: Option<Value>,
    /// Figure minus goal: an amount, or parts per million of rates.
    pub apart: Option<i64>,
    /// Where it stands.
    pub status: Status,
}

impl Standing {
    /// The entry of the metric dictionary that the target is set for, and its version.
    #[must_use]
    pub fn entry(&self) -> (&'static str, &'static str) {
        let id = match self.target.metric {
            TargetMetric::Grr => "grr",
            TargetMetric::Nrr => "nrr",
            TargetMetric::LogoRetention => "logo_retention",
            TargetMetric::ExpansionMrr => "expansion_mrr",
        };
        (id, VERSION)
    }
}

/// Where the organisation's targets stand, in the order in which they are set; `teams` restricts
/// them to those of one team.
#[must_use]
pub fn standings<'a>(
    book: &Book,
    boards: impl Into<Boards<'a>>,
    as_of: AsOf,
    team: Option<TeamId>,
) -> Vec<Standing> {
    let boards = boards.into();
    let targets = &book.settings_at(as_of.known_at).targets;
    let asked = targets
        .iter()
        .filter(|target| team.is_none() || target.team == team);
    asked
        .map(|target| standing(book, boards, as_of, *target))
        .collect()
}

fn standing(book: &Book, boards: Boards<'_>, as_of: AsOf, target: Target) -> Standing {
    let last = target.last.min(as_of.on.month());
    let filter = Filter {
        team: target.team,
        ..Filter::default()
    };
    let figure = (target.first <= last)
        .then(|| {
            let period = target.first..=last;
            figure_of_period(book, boards, as_of, period, &filter, target.metric)
        })
        .flatten();
    let Some(figure) = figure else {
        return Standing {
            target,
            figure: None,
            pace: None,
            apart: None,
            status: Status::NotBegun,
        };
    };
    let passed = Passed::of(&target, as_of.on);
    Standing {
        target,
        figure: Some(figure),
        pace: Some(passed.pace(target.goal)),
        apart: figure
            .value
            .ok()
            .and_then(|value| apart(value, target.goal)),
        status: status(figure.value, target.goal, passed),
    }
}

/// How much of a period has passed, in days.
#[derive(Debug, Clone, Copy)]
struct Passed {
    days: i64,
    of: i64,
    is_over: bool,
}

impl Passed {
    fn of(target: &Target, on: Day) -> Self {
        let (first, last) = (target.first.first_day(), target.last.last_day());
        let days = |until: Day| i64::from(until.days_since(first)) + 1;
        Self {
            days: days(on.min(last)),
            of: days(last),
            is_over: on > last,
        }
    }

    /// A part of an amount, rounded half-even once.
    fn share(self, of: i64) -> i64 {
        let exact = i128::from(of) * i128::from(self.days);
        i64::try_from(div_half_even(exact, i128::from(self.of))).unwrap_or(i64::MAX)
    }

    fn pace(self, goal: Goal) -> Value {
        match goal {
            Goal::Amount(amount) => Value::Amount(Money::from_minor(self.share(amount))),
            Goal::RatePpm(ppm) => {
                let ppm = ONE + self.share(i64::from(ppm) - ONE);
                // The denominator is above 0.
                Rate::new(ppm, ONE).map_or(Value::Amount(Money::ZERO), Value::Rate)
            }
        }
    }
}

fn apart(value: Value, goal: Goal) -> Option<i64> {
    match (value, goal) {
        (Value::Amount(found), Goal::Amount(amount)) => Some(found.minor() - amount),
        (Value::Rate(found), Goal::RatePpm(ppm)) => {
            Some(found.ppm_above(Rate::new(ppm.into(), ONE).ok()?))
        }
        (Value::Amount(_) | Value::Rate(_) | Value::Count(_), _) => None,
    }
}

fn status(value: Result<Value, NoValue>, goal: Goal, passed: Passed) -> Status {
    let (is_reached, is_in_time, is_final) = match (value, goal) {
        (Ok(Value::Amount(found)), Goal::Amount(amount)) => {
            let found = found.minor();
            let in_time = i128::from(found) * i128::from(passed.of)
                >= i128::from(amount) * i128::from(passed.days);
            // What has been expanded stays so.
            (found >= amount, in_time, found >= amount)
        }
        (Ok(Value::Rate(found)), Goal::RatePpm(ppm)) => {
            let [n, d, one, ppm, days, of] = [
                found.numerator(),
                found.denominator(),
                ONE,
                ppm.into(),
                passed.days,
                passed.of,
            ]
            .map(i128::from);
            // n/d − 1 ≥ (goal − 1) × share, without a division.
            let in_time = (n - d) * one * of >= (ppm - one) * days * d;
            (n * one >= ppm * d, in_time, false)
        }
        _ => return Status::Unknown,
    };
    match (is_reached, passed.is_over || is_final) {
        (true, true) => Status::Met,
        (false, true) => Status::Missed,
        (_, false) if is_in_time => Status::OnTrack,
        (_, false) => Status::Behind,
    }
}
