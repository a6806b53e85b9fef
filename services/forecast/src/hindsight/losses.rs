//! What was really lost, month by month (FC-7).

use keizoku_core::{Day, Month};
use keizoku_revenue::{AccountIx, AsOf, Book};

/// MRR of a subscription that it had before a month and not at the month's end: what starts and
/// ends within a month counts nowhere, and who is back by its end was not lost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loss {
    /// The account that the subscription was started for, merged or not.
    pub(crate) account: AccountIx,
    /// Place of the month in the window.
    pub(crate) place: usize,
    pub(crate) mrr: i64,
}

/// The losses of months in a row, as known; restricted to a product if one is given.
pub(crate) fn losses(
    book: &Book,
    as_of: AsOf,
    months: &[Month],
    product: Option<u32>,
) -> Vec<Loss> {
    let ends: Vec<Day> = months
        .iter()
        .take(1)
        .map(|first| first.first_day().plus_days(-1))
        .chain(months.iter().map(|month| month.last_day()))
        .collect();
    let mut losses = Vec::new();
    let mut levels = Vec::with_capacity(ends.len());
    book.for_each_subscription(as_of.known_at, |account, of, steps| {
        if product.is_some_and(|product| product != of) {
            return;
        }
        levels.clear();
        let mut level = 0;
        for (day, new_level) in steps {
            let passed = ends[levels.len()..].iter().take_while(|end| **end < day);
            let passed = passed.count();
            levels.extend(std::iter::repeat_n(level, passed));
            level = new_level;
        }
        levels.resize(ends.len(), level);
        for (place, pair) in levels.windows(2).enumerate() {
            if pair[0] > 0 && pair[1] == 0 {
                losses.push(Loss {
                    account,
                    place,
                    mrr: pair[0],
                });
            }
        }
    });
    losses
}
