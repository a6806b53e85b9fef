use keizoku_core::Day;
use keizoku_revenue::{AccountIx, Book};

use crate::selection::Selection;

/// What accounts have more or less on another date than today, by number; empty for today.
///
/// They are gathered because the book has them by day: to look up each one's row would wait for
/// memory again and again, where to add to a dense column does not.
#[derive(Default)]
pub(super) struct Differences {
    mrr: Vec<i64>,
    active: Vec<i8>,
    /// One bit per account: its row and the differences do not say what it is on the date.
    needs_fold: Vec<u64>,
}

impl Differences {
    pub(super) fn of(book: &Book, selection: &Selection, on: Day) -> Self {
        let mut all = Self {
            mrr: vec![0; book.len()],
            active: vec![0; book.len()],
            needs_fold: vec![0; book.len().div_ceil(64)],
        };
        for difference in book.differences(on) {
            let account = difference.account.0 as usize;
            all.needs_fold[account / 64] |= u64::from(difference.needs_fold) << (account % 64);
            if selection.has_all_in_product(difference.product) {
                all.mrr[account] += difference.mrr;
                // Where contracts were corrected often the sum may leave the type on its way.
                all.active[account] = all.active[account].wrapping_add(difference.active);
            }
        }
        all
    }

    /// MRR and active contracts to add to an account's row of today.
    pub(super) fn get(&self, account: AccountIx) -> (i64, i64) {
        let account = account.0 as usize;
        (self.mrr[account], self.active[account].into())
    }

    pub(super) fn needs_fold(&self, account: AccountIx) -> bool {
        let word = self.needs_fold.get(account.0 as usize / 64);
        word.is_some_and(|word| word >> (account.0 % 64) & 1 != 0)
    }

    /// The accounts from `first`, a multiple of 64, that have to be folded, counted from there.
    pub(super) fn to_fold(&self, first: u32, number: usize) -> impl Iterator<Item = u16> {
        let words = self.needs_fold.iter().skip(first as usize / 64);
        let words = words.take(number.div_ceil(64)).zip((0u16..).step_by(64));
        words.flat_map(|(word, first)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(first + u16::try_from(bit).unwrap_or(0))
            })
        })
    }
}
