use keizoku_core::Day;

use super::{Fact, FactKind};
use crate::calendar::plus_months;

/// When and how a contract renews (ACC-3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terms {
    /// Next renewal as it was stated: the anchor that automatic renewals count from.
    pub renewal: Option<Day>,
    /// Last day on which notice can be given for that renewal.
    pub notice: Option<Day>,
    /// Length of a term in months; 0 when unknown.
    pub term_months: u8,
    /// Whether it renews by itself.
    pub auto_renew: bool,
}

/// A contract after some of its facts, in the order of effective date, then of recording.
#[derive(Debug, Clone, Copy, Default)]
struct State<'a> {
    running: bool,
    mrr: i64,
    /// The fact that states the terms.
    terms: Option<&'a Fact>,
    start: Option<Day>,
    ended: Option<Day>,
}

impl<'a> State<'a> {
    /// Total: a fact that means nothing here (more MRR for a contract that ended) changes nothing.
    fn apply(&mut self, fact: &'a Fact) {
        match fact.kind() {
            FactKind::Started | FactKind::Reactivated => {
                self.running = true;
                self.mrr = fact.mrr;
                self.terms = Some(fact);
                self.start = self.start.or(Some(fact.effective));
                self.ended = None;
            }
            FactKind::Expanded | FactKind::Downsized if self.running => self.mrr = fact.mrr,
            FactKind::Renewed if self.running => {
                self.mrr = fact.mrr;
                self.state_terms(fact);
            }
            FactKind::TermsChanged => self.state_terms(fact),
            FactKind::CancellationAnnounced | FactKind::Churned if self.running => {
                self.running = false;
                self.mrr = 0;
                self.ended = Some(fact.effective);
            }
            _ => {}
        }
    }

    fn level(&self) -> Level {
        Level {
            mrr: self.mrr,
            running: self.running,
        }
    }

    /// A fact that says nothing about terms leaves them as they are.
    fn state_terms(&mut self, fact: &'a Fact) {
        if fact.terms().is_some() {
            self.terms = Some(fact);
        }
    }
}

/// A contract on a date, and the dates between which that answer stays the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contract<'a> {
    /// Started and not ended: it may still have no MRR (a zero-yen contract).
    pub(crate) running: bool,
    /// In minor units; 0 unless it runs.
    pub(crate) mrr: i64,
    terms: Option<&'a Fact>,
    /// First day of its first run.
    pub(crate) start: Option<Day>,
    /// First day without MRR: announced and ahead while it runs, passed once it has ended.
    pub(crate) end: Option<Day>,
    /// The first and the last date with this answer, apart from automatic renewals.
    pub(crate) from: Day,
    pub(crate) until: Day,
}

impl<'a> Contract<'a> {
    /// Folds the facts, which must be in order, up to `on`.
    pub(crate) fn on(facts: impl Iterator<Item = &'a Fact>, on: Day) -> Self {
        let mut state = State::default();
        let (mut from, mut until) = (Day::MIN, Day::MAX);
        let mut announced = None;
        for fact in facts {
            if fact.effective <= on {
                from = fact.effective;
                state.apply(fact);
                continue;
            }
            until = until.min(fact.effective.plus_days(-1));
            if !state.running || announced.is_some_and(|end| fact.effective > end) {
                break;
            }
            match fact.kind() {
                FactKind::CancellationAnnounced | FactKind::Churned => {
                    announced = Some(fact.effective);
                }
                // It goes on from the very day on which it would have ended.
                FactKind::Started | FactKind::Reactivated => announced = None,
                _ => {}
            }
        }
        let State {
            running,
            mrr,
            terms,
            start,
            ended,
        } = state;
        Self {
            running,
            mrr,
            terms,
            start,
            end: announced.or(ended),
            from,
            until,
        }
    }

    /// The terms that hold.
    pub(crate) fn terms(&self) -> Terms {
        self.terms.and_then(Fact::terms).unwrap_or_default()
    }

    /// The announced end, which is ahead.
    pub(crate) fn announced_end(&self) -> Option<Day> {
        self.end.filter(|_| self.running)
    }

    /// Whether its renewal date moves on by itself (ACC-3).
    pub(crate) fn advances(&self) -> bool {
        let Terms {
            renewal,
            term_months,
            auto_renew,
            ..
        } = self.terms();
        self.running && auto_renew && term_months > 0 && renewal.is_some() && self.end.is_none()
    }

    /// The term, if later renewals follow from this one alone, as it is on the anchor's day of the
    /// month and not clamped at the end of a shorter one; else 0.
    pub(crate) fn plain_term(&self, renewal: Option<Day>) -> u8 {
        let Terms {
            renewal: anchor,
            term_months,
            ..
        } = self.terms();
        let day_of_month = |day: Day| day.days_since(day.month().first_day());
        let is_plain = self.advances() && renewal.map(day_of_month) == anchor.map(day_of_month);
        if is_plain { term_months } else { 0 }
    }

    /// Renewal and notice deadline on a date within the contract's own.
    pub(crate) fn renewal_and_notice(&self, on: Day) -> (Option<Day>, Option<Day>) {
        let Terms {
            renewal,
            notice,
            term_months,
            ..
        } = self.terms();
        let Some(anchor) = renewal.filter(|_| self.running) else {
            return (None, notice.filter(|_| self.running));
        };
        if anchor >= on || !self.advances() {
            return (Some(anchor), notice);
        }
        let months = u32::from(term_months) * terms_until(anchor, term_months, on);
        let moved = |day: Day| plus_months(day, months).unwrap_or(Day::MAX);
        (Some(moved(anchor)), notice.map(moved))
    }
}

/// How many terms the anchor moves to reach the first date on or after `on`, each counted from the
/// anchor, so that 31 January comes back after a 28 February.
pub(crate) fn terms_until(anchor: Day, term_months: u8, on: Day) -> u32 {
    let months = on.month().number().saturating_sub(anchor.month().number());
    let terms = u32::from(months) / u32::from(term_months);
    let reached = plus_months(anchor, terms * u32::from(term_months));
    if reached.is_some_and(|day| day < on) {
        terms + 1
    } else {
        terms
    }
}

/// What a contract is from a date on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) mrr: i64,
    pub(crate) running: bool,
}

/// The dates on which a contract's level changes, with the level at the end of each.
pub(crate) struct Steps<'a, I: Iterator<Item = &'a Fact>> {
    facts: std::iter::Peekable<I>,
    state: State<'a>,
}

impl<'a, I: Iterator<Item = &'a Fact>> Steps<'a, I> {
    /// The steps of the facts, which must be in order.
    pub(crate) fn of(facts: I) -> Self {
        Self {
            facts: facts.peekable(),
            state: State::default(),
        }
    }
}

impl<'a, I: Iterator<Item = &'a Fact>> Iterator for Steps<'a, I> {
    type Item = (Day, Level);

    fn next(&mut self) -> Option<(Day, Level)> {
        let before = self.state.level();
        while let Some(fact) = self.facts.next() {
            self.state.apply(fact);
            let day_is_over = self
                .facts
                .peek()
                .is_none_or(|next| next.effective > fact.effective);
            if day_is_over && self.state.level() != before {
                return Some((fact.effective, self.state.level()));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn acc_3_terms_are_counted_from_the_anchor() {
        let cases = [
            ("2026-01-31", 1, "2026-02-01", "2026-02-28"),
            ("2026-01-31", 1, "2026-02-28", "2026-02-28"),
            ("2026-01-31", 1, "2026-03-01", "2026-03-31"),
            ("2024-02-29", 12, "2025-03-01", "2026-02-28"),
            ("2024-02-29", 12, "2028-02-29", "2028-02-29"),
            ("2026-04-15", 12, "2026-04-16", "2027-04-15"),
            ("2026-04-15", 12, "2029-04-15", "2029-04-15"),
        ];
        for (anchor, term_months, on, expected) in cases {
            let terms = Terms {
                renewal: Some(day(anchor)),
                notice: None,
                term_months,
                auto_renew: true,
            };
            let start = Fact::new(FactKind::Started, day("2020-01-01"), 1, Some(terms));
            let contract = Contract::on(std::iter::once(&start), day(on));
            let (renewal, _) = contract.renewal_and_notice(day(on));
            assert_eq!(
                renewal,
                Some(day(expected)),
                "{anchor} by {term_months} on {on}"
            );
        }
    }
}
