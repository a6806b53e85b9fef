//! A survey of all accounts, span by span on several threads: spans have nothing to do with each
//! other until their findings are joined.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::panic::resume_unwind;
use std::thread;

use keizoku_revenue::AccountIx;

use super::parts::{Asked, Figures, Seen};
use super::survey::Survey;
use crate::risks::OpenRisks;

/// Threads at most: more would wait for the same memory.
const THREADS: usize = 4;

/// Takes what is found in one span.
pub(crate) trait Visit<'a>: Send {
    /// An account at risk in the scenario, or with announced ends. Without `open` it is outside the
    /// filter, and plays a part as a member of its group.
    fn visit(&mut self, account: AccountIx, seen: Seen<'a>, open: Option<OpenRisks>);
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
    /// One for each span, in the order of the accounts.
    pub(crate) visits: Vec<V>,
    /// MRR of groups by number, where [`Members::Totals`] were asked for.
    pub(crate) totals: Vec<i64>,
}

impl<'a> Asked<'a> {
    /// Adds up the accounts that the filter leaves, and shows those that play a part to a visitor
    /// of their span.
    pub(crate) fn survey<V: Visit<'a>>(
        &'a self,
        members: Members,
        visitor: impl Fn() -> V + Sync,
    ) -> Surveyed<V> {
        let book = self.book;
        let survey = |span: &Range<usize>| {
            let mut survey = Survey::new(self, members, visitor());
            survey.look_at_span(span.clone());
            survey.found()
        };
        let spans = spans(book.columns().count());
        let mut found = thread::scope(|scope| {
            let others: Vec<_> = spans[1..]
                .iter()
                .map(|span| scope.spawn(|| survey(span)))
                .collect();
            let mut found = survey(&spans[0]);
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

/// Ranges of chunks, one for each thread; at least one. A chunk is worth a thread.
fn spans(chunks: usize) -> Vec<Range<usize>> {
    let available = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = chunks.clamp(1, available.min(THREADS));
    let edge = |thread: usize| chunks * thread / threads;
    (0..threads)
        .map(|thread| edge(thread)..edge(thread + 1))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_cover_every_chunk_once() {
        for chunks in [0, 1, 15, 16, 33, 245, 1_000] {
            let spans = spans(chunks);
            assert_eq!(spans.first().map(|span| span.start), Some(0));
            assert_eq!(spans.last().map(|span| span.end), Some(chunks));
            assert!(spans.windows(2).all(|pair| pair[0].end == pair[1].start));
        }
    }
}
