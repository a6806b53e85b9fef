//! MRR of every account at the ends of the months, compared.

use jiff::Timestamp;
use keizoku_core::Day;
use keizoku_revenue::{AccountIx, AsOf, Book};

use super::window::{MONTHS, Window};
use crate::boards::Boards;
use crate::risks::OpenByAccount;
use crate::selection::{Filter, Selection};

/// Sums over accounts of o (MRR at the start) and c (at the end); see the metric dictionary.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Movement {
    pub(crate) opening: i64,
    pub(crate) new: i64,
    pub(crate) reactivation: i64,
    pub(crate) expansion: i64,
    pub(crate) contraction: i64,
    pub(crate) churn: i64,
    pub(crate) closing: i64,
    /// Σ min(o, c) over accounts with o > 0.
    pub(crate) kept: i64,
    /// Σ c over accounts with o > 0.
    pub(crate) kept_with_growth: i64,
    /// Accounts with o > 0, those of them with c > 0, and all with c > 0.
    pub(crate) customers_before: i64,
    pub(crate) customers_kept: i64,
    pub(crate) customers_after: i64,
}

/// The movements of a window.
#[derive(Debug, Clone, Default)]
pub(crate) struct Movements {
    /// Month by month, the oldest first.
    pub(crate) months: [Movement; MONTHS],
    /// From the first month that counts to the end: only the two ends do.
    pub(crate) whole: Movement,
    pub(crate) at_risk: i64,
    /// The first day on which any account had MRR.
    pub(crate) began: Option<Day>,
}

impl Movements {
    pub(crate) fn of(
        book: &Book,
        boards: Boards<'_>,
        window: &Window,
        selection: &Selection,
        filter: &Filter,
    ) -> Self {
        let mut movements = Self::default();
        let at_the_end = AsOf {
            known_at: window.known_at,
            on: window.last(),
        };
        let open = OpenByAccount::of(boards.risks, book, at_the_end, filter.risk_type.as_deref());
        for account in book.survivors(window.known_at) {
            let (attributes, segment) = book.attributes_on(account, window.as_of);
            if !selection.includes_account(account, attributes.owner, attributes.tier, segment) {
                continue;
            }
            let mrr = AccountMrr::of(
                book,
                account,
                &window.ends,
                window.known_at,
                selection.product_number,
            );
            let Some(began) = mrr.began else { continue };
            movements.began = Some(movements.began.map_or(began, |day| day.min(began)));
            for place in 0..MONTHS {
                let was_customer = began < window.first_day(place);
                movements.months[place].add(mrr.ends[place], mrr.ends[place + 1], was_customer);
            }
            let start = window.start;
            let was_customer = began < window.first_day(start);
            movements
                .whole
                .add(mrr.ends[start], mrr.ends[MONTHS], was_customer);
            if open.of_all(book, account).leads_to_churn > 0 {
                movements.at_risk += mrr.ends[MONTHS];
            }
        }
        movements
    }

    /// The month that the window ends with.
    pub(crate) fn month(&self) -> &Movement {
        &self.months[MONTHS - 1]
    }

    /// A sum over the twelve months.
    pub(crate) fn sum(&self, of: impl Fn(&Movement) -> i64) -> i64 {
        self.sum_from(0, of)
    }

    /// A sum over the months from one on.
    pub(crate) fn sum_from(&self, start: usize, of: impl Fn(&Movement) -> i64) -> i64 {
        self.months[start..]
            .iter()
            .map(of)
            .fold(0, i64::saturating_add)
    }
}

impl Movement {
    /// Of these accounts and of others.
    pub(crate) fn plus(self, other: &Self) -> Self {
        Self {
            opening: self.opening + other.opening,
            new: self.new + other.new,
            reactivation: self.reactivation + other.reactivation,
            expansion: self.expansion + other.expansion,
            contraction: self.contraction + other.contraction,
            churn: self.churn + other.churn,
            closing: self.closing + other.closing,
            kept: self.kept + other.kept,
            kept_with_growth: self.kept_with_growth + other.kept_with_growth,
            customers_before: self.customers_before + other.customers_before,
            customers_kept: self.customers_kept + other.customers_kept,
            customers_after: self.customers_after + other.customers_after,
        }
    }

    /// Adds an account with MRR `o` at the start and `c` at the end; `was_customer` says whether
    /// it ever had MRR before.
    pub(crate) fn add(&mut self, o: i64, c: i64, was_customer: bool) {
        self.opening += o;
        self.closing += c;
        self.customers_after += i64::from(c > 0);
        if o == 0 {
            let come = if was_customer {
                &mut self.reactivation
            } else {
                &mut self.new
            };
            *come += c;
            return;
        }
        self.customers_before += 1;
        self.customers_kept += i64::from(c > 0);
        self.kept += o.min(c);
        self.kept_with_growth += c;
        self.expansion += (c - o).max(0);
        if c == 0 {
            self.churn += o;
        } else {
            self.contraction += (o - c).max(0);
        }
    }
}

/// An account's MRR at the ends of some days.
pub(crate) struct AccountMrr<const N: usize> {
    pub(crate) ends: [i64; N],
    /// The first day with MRR.
    pub(crate) began: Option<Day>,
}

impl<const N: usize> AccountMrr<N> {
    /// `days` are in order; `product` restricts MRR to that of a product.
    pub(crate) fn of(
        book: &Book,
        account: AccountIx,
        days: &[Day; N],
        known_at: Option<Timestamp>,
        product: Option<u32>,
    ) -> Self {
        let mut mrr = Self {
            ends: [0; N],
            began: None,
        };
        book.for_each_contract(account, known_at, product, |steps| {
            let (mut level, mut place) = (0, 0);
            for (day, new_level) in steps {
                while place < N && days[place] < day {
                    mrr.ends[place] += level;
                    place += 1;
                }
                level = new_level;
                if level > 0 && mrr.began.is_none_or(|began| day < began) {
                    mrr.began = Some(day);
                }
            }
            for end in &mut mrr.ends[place..] {
                *end += level;
            }
        });
        mrr
    }
}
