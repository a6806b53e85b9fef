//! Who was red before the churn, and who was red and stayed: precision, recall, lead time (HLT-8). Pure.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_core::{AccountId, Day};

use super::Traced;
use crate::scoring::Band;

/// What the figures are about, beside the scores.
#[derive(Debug, Clone)]
pub(crate) struct Outlook {
    /// Days before the churn at which a warning counts.
    pub(crate) horizon_days: i32,
    pub(crate) today: Day,
    pub(crate) zone: TimeZone,
    /// When the first signal of all occurred.
    pub(crate) first_signal: Timestamp,
}

/// A customer who churned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Churn {
    pub(crate) account: AccountId,
    /// First day without a contract.
    pub(crate) date: Day,
    /// The band so many days before.
    pub(crate) band: Option<Band>,
    /// Days from when it became red for the last time to the churn; none where it never was.
    pub(crate) lead_days: Option<i32>,
}

/// What came out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Accounts that had a score at some time.
    pub(crate) accounts: i64,
    /// Churns that a warning could have come before, the latest first.
    pub(crate) churns: Vec<Churn>,
    /// Churns of contracts that were too young for one, or too long before the first signal.
    pub(crate) churns_left_out: i64,
    /// Accounts with a score on the first of a month, over all months of which the end is known.
    pub(crate) account_months: i64,
    /// Those of them that were red.
    pub(crate) warnings: i64,
    /// Of all, and of those that were red: who churned within so many days.
    pub(crate) churned_months: i64,
    pub(crate) warnings_right: i64,
}

impl Figures {
    /// Counts an account in, which was a customer from `start` on, and until `end` where it churned.
    pub(crate) fn count(
        &mut self,
        account: AccountId,
        traced: &Traced,
        start: Option<Day>,
        end: Option<Day>,
        outlook: &Outlook,
    ) {
        if traced.bands.iter().any(|(_, band)| band.is_some()) {
            self.accounts += 1;
        }
        let Some(start) = start else {
            return;
        };
        if let Some(end) = end.filter(|end| *end <= outlook.today) {
            self.count_churn(account, traced, start, end, outlook);
        }
        self.count_months(traced, start, end, outlook);
    }

    fn count_churn(
        &mut self,
        account: AccountId,
        traced: &Traced,
        start: Day,
        end: Day,
        outlook: &Outlook,
    ) {
        let warned_on = end.plus_days(-outlook.horizon_days);
        let Some(at) = outlook.first_instant(warned_on) else {
            return;
        };
        if warned_on < start || at < outlook.first_signal {
            self.churns_left_out += 1;
            return;
        }
        let ended = outlook.first_instant(end).unwrap_or(Timestamp::MAX);
        let mut reds = traced.bands.iter().rev();
        let red = reds.find(|(since, band)| *since < ended && *band == Some(Band::Red));
        let lead = red.map(|(since, _)| end.days_since(Day::of(*since, &outlook.zone)));
        self.churns.push(Churn {
            account,
            date: end,
            band: traced.band_at(at),
            lead_days: lead,
        });
    }

    /// Looks at the first of each month of which it is known what came after.
    fn count_months(&mut self, traced: &Traced, start: Day, end: Option<Day>, outlook: &Outlook) {
        let Some((first, _)) = traced.bands.first() else {
            return;
        };
        let mut month = Day::of(*first, &outlook.zone).month();
        loop {
            let day = month.first_day();
            let until = day.plus_days(outlook.horizon_days);
            let is_over = end.is_some_and(|end| end <= day);
            if until > outlook.today || is_over {
                return;
            }
            month = month.plus(1);
            let at = outlook.first_instant(day);
            let band = at.and_then(|at| traced.band_at(at));
            let Some(band) = band.filter(|_| start <= day) else {
                continue;
            };
            let churned = i64::from(end.is_some_and(|end| end <= until));
            self.account_months += 1;
            self.churned_months += churned;
            if band == Band::Red {
                self.warnings += 1;
                self.warnings_right += churned;
            }
        }
    }

    /// Counts in what was counted of other accounts.
    pub(crate) fn add(&mut self, others: Self) {
        self.accounts += others.accounts;
        self.churns.extend(others.churns);
        self.churns_left_out += others.churns_left_out;
        self.account_months += others.account_months;
        self.warnings += others.warnings;
        self.churned_months += others.churned_months;
        self.warnings_right += others.warnings_right;
    }

    /// The latest churns first.
    pub(crate) fn sort(&mut self) {
        self.churns
            .sort_by_key(|churn| (std::cmp::Reverse(churn.date), churn.account));
    }

    /// How many of the churns had been red so many days before.
    pub(crate) fn caught(&self) -> i64 {
        self.count_churns(|churn| churn.band == Some(Band::Red))
    }

    /// How many of them had no score then.
    pub(crate) fn without_score(&self) -> i64 {
        self.count_churns(|churn| churn.band.is_none())
    }

    fn count_churns(&self, is_so: impl Fn(&Churn) -> bool) -> i64 {
        let count = self.churns.iter().filter(|churn| is_so(churn)).count();
        i64::try_from(count).unwrap_or(i64::MAX)
    }

    /// The lead time in days that half of the churns that were ever red exceeded or reached; and nine of
    /// ten.
    pub(crate) fn lead_days(&self) -> Option<(i32, i32)> {
        let mut leads: Vec<i32> = self
            .churns
            .iter()
            .filter_map(|churn| churn.lead_days)
            .collect();
        leads.sort_unstable();
        let at = |part: usize| leads.get(leads.len() * part / 100).copied();
        Some((at(50)?, at(10)?))
    }
}

impl Outlook {
    fn first_instant(&self, day: Day) -> Option<Timestamp> {
        let first = day.date().to_zoned(self.zone.clone()).ok()?;
        Some(first.timestamp())
    }
}
