//! Forecasts as they were given, against what was really lost (FC-7).

use std::collections::BTreeMap;

use keizoku_core::{Money, Month, NoRate, Rate, TeamId, div_half_even};
use keizoku_revenue::{AsOf, Book, TeamIx};

use super::calibration::{Calibration, Counts};
use super::given::{GivenPart, Hindsight, RateKey};
use super::losses::{Loss, losses};
use super::rates::{LossRates, weighted};
use super::times::{given_ahead, is_settled, last_known_day, settling_day};
use crate::boards::Boards;
use crate::churn::Scenario;
use crate::selection::{Filter, Selection};

/// Which line of a forecast is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// All the MRR of a scenario.
    Scenario(Scenario),
    /// Each part weighted by the loss rate as it was then.
    Expected,
}

/// Which forecasts somebody wants to see beside what happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BacktestQuestion {
    /// The two times: what is known of outcomes, and by which date.
    pub as_of: AsOf,
    /// The last month to look at; it must be over.
    pub last: Month,
    /// How many months, ending with that one.
    pub months: u8,
    /// How many months ahead a forecast was given; 1: the day before the month began.
    pub horizon: u8,
    /// Which line.
    pub line: Line,
    /// Which accounts, as they were when the forecast was given.
    pub filter: Filter,
}

/// A forecast beside what happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Comparison {
    /// MRR that was forecast to be lost in the month.
    pub forecast: Money,
    /// MRR that really ended in it, of accounts that were active when the forecast was given.
    pub lost: Money,
    /// The same of accounts that came later: no forecast could have it.
    pub lost_of_later: Money,
}

impl Comparison {
    /// Forecast minus lost.
    #[must_use]
    pub fn error(&self) -> Money {
        self.forecast - self.lost
    }

    /// Error ÷ lost; above 0 where more was forecast than was lost.
    ///
    /// # Errors
    /// When nothing was lost.
    pub fn bias(&self) -> Result<Rate, NoRate> {
        Rate::of(self.error(), self.lost)
    }

    fn add(&mut self, other: &Self) {
        self.forecast += other.forecast;
        self.lost += other.lost;
        self.lost_of_later += other.lost_of_later;
    }
}

/// One month of a back-test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BacktestMonth {
    /// The month.
    pub month: Month,
    /// When the forecast was given.
    pub given: AsOf,
    /// Whether there was a forecast: the expected line was hidden while there were few losses.
    pub was_given: bool,
    /// Whether it is known what became of the forecast's parts: 31 days after the month's end.
    pub settled: bool,
    /// Over all teams.
    pub total: Comparison,
    /// By the team of the account's owner, as it was when the forecast was given.
    pub by_team: Vec<(Option<TeamId>, Comparison)>,
}

/// Forecasts of some months, all given equally long before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backtest {
    /// The months, the oldest first.
    pub months: Vec<BacktestMonth>,
    /// Over the months for which there was a forecast.
    pub total: Comparison,
    /// The same by team.
    pub by_team: Vec<(Option<TeamId>, Comparison)>,
    /// Mean of the months' errors, rounded half-even once; `None` without months.
    pub mean_error: Option<Money>,
    /// Σ |error| ÷ Σ lost over the months.
    pub absolute_error: Result<Rate, NoRate>,
    /// Expectations and outcomes of every part that the widest scenario had for the months, so
    /// that all lines are judged by the same parts.
    pub calibration: Calibration,
}

/// The last month is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the month is not over on the date that is asked for")]
pub struct MonthNotOver;

type ByTeam = BTreeMap<Option<TeamIx>, Comparison>;

/// Compares forecasts with what happened, on basis ACCOUNT.
///
/// # Errors
/// When the last month is not over.
pub fn backtest<'a>(
    book: &'a Book,
    boards: impl Into<Boards<'a>>,
    question: &BacktestQuestion,
) -> Result<Backtest, MonthNotOver> {
    let BacktestQuestion { as_of, last, .. } = *question;
    let boards = boards.into();
    if last >= last_known_day(book, as_of).month() {
        return Err(MonthNotOver);
    }
    let months: Vec<Month> = (0..i32::from(question.months))
        .rev()
        .map(|before| last.plus(-before))
        .collect();
    let product = Selection::of(&question.filter, book, boards, as_of).product_number;
    let lost = losses(book, as_of, &months, product);
    let mut test = Test {
        question,
        hindsight: Hindsight::of(book, boards),
        counts: Counts::default(),
    };
    let mut tested = Vec::new();
    for (place, month) in months.into_iter().enumerate() {
        let lost = lost.iter().filter(|loss| loss.place == place);
        tested.extend(test.month(month, lost));
    }
    Ok(test.finish(tested))
}

struct Test<'a> {
    question: &'a BacktestQuestion,
    hindsight: Hindsight<'a>,
    counts: Counts,
}

impl Test<'_> {
    fn month<'l>(
        &mut self,
        month: Month,
        lost: impl Iterator<Item = &'l Loss>,
    ) -> Option<(BacktestMonth, ByTeam)> {
        let BacktestQuestion {
            as_of,
            horizon,
            line,
            ref filter,
            ..
        } = *self.question;
        let book = self.hindsight.book;
        let given = given_ahead(book, as_of, month, horizon)?;
        let settled = is_settled(book, as_of, month);
        let rates = match line {
            Line::Scenario(_) => None,
            Line::Expected => Some(LossRates::learn(&mut self.hindsight, given)),
        };
        let was_given = rates.as_ref().is_none_or(LossRates::are_known);
        let expectation = |key: RateKey| match (line, &rates) {
            (Line::Scenario(scenario), _) => Rate::new(key.flag.is_in(scenario).into(), 1).ok(),
            (Line::Expected, Some(rates)) => rates.rate(key).ok().map(|found| found.rate),
            (Line::Expected, None) => None,
        };
        let mut by_team = ByTeam::new();
        if was_given {
            for part in self.hindsight.parts(given, filter, month) {
                let Some(rate) = expectation(part.key) else {
                    continue;
                };
                let forecast = weighted(part.mrr(), rate);
                by_team.entry(part.team).or_default().forecast += Money::from_minor(forecast);
                if settled {
                    self.judge(&part, rate, month);
                }
            }
        }
        self.lose(given, lost, &mut by_team);
        let mut total = Comparison::default();
        for one in by_team.values() {
            total.add(one);
        }
        let shown = BacktestMonth {
            month,
            given,
            was_given,
            settled,
            total,
            by_team: named(book, &by_team),
        };
        Some((shown, by_team))
    }

    /// Puts what became of a part beside what was expected of it.
    fn judge(&mut self, part: &GivenPart, expected: Rate, month: Month) {
        let mrr = part.mrr();
        if mrr > 0 {
            let settled = AsOf {
                on: settling_day(month),
                ..self.question.as_of
            };
            let ended = part.ended(self.hindsight.book, settled);
            self.counts.add(expected.ppm(), mrr, ended);
        }
    }

    /// Adds what was lost, where the accounts were when the forecast was given; those that came
    /// later where they are now.
    fn lose<'l>(&self, given: AsOf, lost: impl Iterator<Item = &'l Loss>, by_team: &mut ByTeam) {
        let BacktestQuestion {
            as_of, ref filter, ..
        } = *self.question;
        let (book, boards) = (self.hindsight.book, self.hindsight.boards);
        let (then, now) = (
            Selection::of(filter, book, boards, given),
            Selection::of(filter, book, boards, as_of),
        );
        for loss in lost {
            let mrr = Money::from_minor(loss.mrr);
            let was_active = book.is_active(loss.account, given);
            let (selection, at) = if was_active {
                (&then, given)
            } else {
                (&now, as_of)
            };
            let account = book.survivor(loss.account, at.known_at);
            let (attributes, segment) = book.attributes_on(account, at);
            if !selection.includes_account(account, attributes.owner, attributes.tier, segment) {
                continue;
            }
            let team = book.directory().team_of_owner(attributes.owner, at);
            let comparison = by_team.entry(team).or_default();
            if was_active {
                comparison.lost += mrr;
            } else {
                comparison.lost_of_later += mrr;
            }
        }
    }

    fn finish(self, tested: Vec<(BacktestMonth, ByTeam)>) -> Backtest {
        let (mut total, mut by_team) = (Comparison::default(), ByTeam::new());
        let (mut absolute, mut counted) = (0, 0);
        for (month, teams) in tested.iter().filter(|(month, _)| month.was_given) {
            total.add(&month.total);
            absolute += month.total.error().minor().abs();
            counted += 1;
            for (team, comparison) in teams {
                by_team.entry(*team).or_default().add(comparison);
            }
        }
        let mean = |sum: i64| div_half_even(sum.into(), counted);
        let mean_error = (counted > 0).then(|| mean(total.error().minor()));
        Backtest {
            total,
            by_team: named(self.hindsight.book, &by_team),
            mean_error: mean_error
                .map(|mean| Money::from_minor(i64::try_from(mean).unwrap_or(i64::MAX))),
            absolute_error: Rate::new(absolute, total.lost.minor()),
            calibration: self.counts.finish(),
            months: tested.into_iter().map(|(month, _)| month).collect(),
        }
    }
}

/// Teams by their ids, nobody's first; numbers depend on the order in which logs were read.
fn named(book: &Book, by_team: &ByTeam) -> Vec<(Option<TeamId>, Comparison)> {
    let directory = book.directory();
    let mut named: Vec<_> = by_team
        .iter()
        .map(|(team, found)| (team.map(|team| directory.team_id(team)), *found))
        .collect();
    named.sort_unstable_by_key(|(team, _)| *team);
    named
}
