//! A survey of all accounts, chunk by chunk on several threads: chunks have nothing to do with each
//! other until what was found is joined.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::{iter, thread};

use keizoku_revenue::AccountIx;

use super::parts::{Asked, Figures, Seen};
use super::survey::Survey;
use crate::risks::OpenRisks;

/// Threads at most: more would wait for the same memory.
const THREADS: usize = 4;

/// Takes what is found by one thread.
pub(crate) trait Visit<'a>: Send {
    /// An account at risk in the scenario, or with announced ends. Without `open` it is outside the
    /// filter, and plays a part as a member of its group.
    fn visit(&mut self, account: AccountIx, seen: &Seen<'a>, open: Option<OpenRisks>);
}

/// Which accounts outside the filter play a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Members {
    /// None.
    Ignored,
    /// Those with announced ends, as members of their groups.
    Announced,
    /// And all others, for the totals of their groups.
    Totals,
}

/// What a survey found.
pub(crate) struct Surveyed<V> {
    pub(crate) figures: Figures,
    /// One for each thread, in no order of accounts.
    pub(crate) visits: Vec<V>,
    /// MRR of groups by number, where [`Members::Totals`] were asked for.
    pub(crate) totals: Vec<i64>,
}

impl<'a> Asked<'a> {
    /// Adds up the accounts that the filter leaves, and shows those that play a part to a visitor
    /// of their thread.
    pub(crate) fn survey<V: Visit<'a>>(
        &'a self,
        members: Members,
        visitor: impl Fn() -> V + Sync,
    ) -> Surveyed<V> {
        let book = self.book;
        // Whoever is done with a chunk takes the next: processors are not equally fast.
        let chunks = Mutex::new(book.columns());
        let next = || chunks.lock().unwrap_or_else(PoisonError::into_inner).next();
        let survey = || {
            let mut survey = Survey::new(self, members, visitor());
            survey.look_through(iter::from_fn(next));
            survey.found()
        };
        let mut found = thread::scope(|scope| {
            let others: Vec<_> = (1..threads(book.columns().count()))
                .map(|_| scope.spawn(survey))
                .collect();
            let mut found = survey();
            for other in others {
                found.join(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            found
        });
        if self.selection.product.is_none() {
            // Without a product rows were only replaced: what they are today the book keeps.
            let today = found.totals.iter_mut().zip(book.group_totals());
            today.for_each(|(total, kept)| *total += kept);
        }
        found
    }
}

impl<V> Surveyed<V> {
    fn join(&mut self, other: Self) {
        self.figures.mrr += other.figures.mrr;
        self.figures.active += other.figures.active;
        self.figures.at_risk += other.figures.at_risk;
        self.visits.extend(other.visits);
        let totals = self.totals.iter_mut().zip(other.totals);
        totals.for_each(|(total, more)| *total += more);
    }
}

/// A chunk is worth a thread.
fn threads(chunks: usize) -> usize {
    let available = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    chunks.clamp(1, available.min(THREADS))
}
