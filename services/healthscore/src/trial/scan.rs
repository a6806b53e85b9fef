//! Reads the log once, page by page, and follows the scores of all accounts at the same time.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::thread;

use jiff::Timestamp;
use keizoku_core::{AccountId, Recorded};
use keizoku_proto::healthscore::event::Kind;
use keizoku_proto::{StoredEvent as _, UnreadableEvent};
use keizoku_revenue::{AsOf, Book};
use keizoku_runtime::SharedBook;

use super::{Applies, Figures, Outlook, Traced};
use crate::history::signal_of;
use crate::scoring::Signal;

/// A signal that was recorded so long after it occurred was history by then.
const LATE: jiff::SignedDuration = jiff::SignedDuration::from_hours(24 * 7);

/// All accounts, as far as the log was read: in parts that are followed side by side.
pub(crate) struct Scan {
    applies: Arc<Applies>,
    parts: Vec<HashMap<AccountId, Traced>>,
    /// Signals so far, and how many of them came late.
    pub(crate) signals: i64,
    pub(crate) late: i64,
    /// When the first of them occurred.
    pub(crate) first: Option<Timestamp>,
}

/// The signals of one event, as if each had been recorded when it occurred.
struct Arrival {
    account: AccountId,
    signals: Vec<Arc<Signal>>,
    late: i64,
}

impl Scan {
    /// Before anything was read.
    pub(crate) fn new(applies: Applies) -> Self {
        let parts = thread::available_parallelism().map_or(1, usize::from);
        Self {
            applies: Arc::new(applies),
            parts: (0..parts).map(|_| HashMap::new()).collect(),
            signals: 0,
            late: 0,
            first: None,
        }
    }

    /// Takes the next events of the log in. It takes a while, and all processors.
    ///
    /// # Errors
    /// When an event cannot be read.
    pub(crate) fn take(
        &mut self,
        events: &[Arc<Recorded>],
        book: &SharedBook,
    ) -> Result<(), UnreadableEvent> {
        let arrivals = self.decode(events)?;
        let mut sorted: Vec<Vec<Arrival>> = self.parts.iter().map(|_| Vec::new()).collect();
        {
            let book = book.read();
            for mut arrival in arrivals {
                self.signals += i64::try_from(arrival.signals.len()).unwrap_or_default();
                self.late += arrival.late;
                let first = arrival
                    .signals
                    .iter()
                    .map(|signal| signal.occurred_at)
                    .min();
                self.first = self.first.into_iter().chain(first).min();
                let Some(account) = book.account(arrival.account) else {
                    continue;
                };
                let account = book.survivor(account, None);
                arrival.account = book.account_id(account);
                let part = part_of(arrival.account, self.parts.len());
                self.parts[part]
                    .entry(arrival.account)
                    .or_insert_with(|| Traced::new(&book, account, &self.applies));
                sorted[part].push(arrival);
            }
        }
        thread::scope(|scope| {
            for (part, arrivals) in self.parts.iter_mut().zip(sorted) {
                scope.spawn(move || {
                    for arrival in arrivals {
                        if let Some(traced) = part.get_mut(&arrival.account) {
                            traced.take(arrival.signals);
                        }
                    }
                });
            }
        });
        Ok(())
    }

    fn decode(&self, events: &[Arc<Recorded>]) -> Result<Vec<Arrival>, UnreadableEvent> {
        let share = events.len().div_ceil(self.parts.len()).max(1);
        let decoded: Vec<Result<Vec<Arrival>, UnreadableEvent>> = thread::scope(|scope| {
            let shares = events.chunks(share);
            let threads: Vec<_> = shares
                .map(|events| scope.spawn(|| events.iter().filter_map(arrival).collect()))
                .collect();
            threads
                .into_iter()
                .map(|thread| match thread.join() {
                    Ok(decoded) => decoded,
                    Err(panic) => std::panic::resume_unwind(panic),
                })
                .collect()
        });
        let decoded: Result<Vec<_>, _> = decoded.into_iter().collect();
        Ok(decoded?.into_iter().flatten().collect())
    }

    /// The accounts whose signals came so late that they have to be followed anew.
    pub(crate) fn disordered(&self) -> Vec<AccountId> {
        let accounts = self.parts.iter().flatten();
        let disordered = accounts.filter(|(_, traced)| traced.is_disordered);
        disordered.map(|(account, _)| *account).collect()
    }

    /// Follows an account anew, with all of its signals.
    pub(crate) fn follow_anew(&mut self, account: AccountId, signals: &[Arc<Signal>], book: &Book) {
        let Some(ix) = book.account(account) else {
            return;
        };
        let mut traced = Traced::new(book, ix, &self.applies);
        let mut signals: Vec<_> = signals
            .iter()
            .map(|signal| as_it_occurred(signal))
            .collect();
        signals.sort_by_key(|signal| (signal.recorded_at, signal.place));
        traced.take(signals);
        let part = part_of(account, self.parts.len());
        self.parts[part].insert(account, traced);
    }

    /// Follows everything up to now, and counts.
    pub(crate) fn finish(
        mut self,
        book: &SharedBook,
        outlook: &Outlook,
        now: Timestamp,
    ) -> Figures {
        thread::scope(|scope| {
            for part in &mut self.parts {
                scope.spawn(move || part.values_mut().for_each(|traced| traced.go_on(now)));
            }
        });
        let mut figures = Figures::default();
        let book = book.read();
        let as_of = AsOf::now(outlook.today);
        for (account, traced) in self.parts.iter().flatten() {
            let Some(ix) = book.account(*account) else {
                continue;
            };
            let starts = book.subscriptions(ix, as_of).into_iter();
            let start = starts.filter_map(|view| view.start).min();
            let end = book.churned_on(ix, as_of);
            figures.count(*account, traced, start, end, outlook);
        }
        figures.sort();
        figures
    }
}

fn part_of(account: AccountId, parts: usize) -> usize {
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(account.uuid());
    usize::try_from(hash % parts.max(1) as u64).unwrap_or_default()
}

fn arrival(event: &Arc<Recorded>) -> Option<Result<Arrival, UnreadableEvent>> {
    if event.category() != "signals" {
        return None;
    }
    match Kind::from_bytes(&event.data) {
        Err(error) => Some(Err(error)),
        Ok(Kind::SignalsRecorded(recorded)) => {
            let account = recorded.account_id.parse().ok()?;
            let mut late = 0;
            let read = |(number, signal)| {
                let place = (event.position.0, number);
                let mut signal = signal_of(signal, event.recorded_at, place)?;
                late += i64::from(event.recorded_at.duration_since(signal.occurred_at) > LATE);
                signal.recorded_at = signal.occurred_at;
                // Nobody explains these scores.
                (signal.text, signal.key, signal.source) = Default::default();
                Some(Arc::new(signal))
            };
            let signals = (0..).zip(recorded.signals).filter_map(read).collect();
            Some(Ok(Arrival {
                account,
                signals,
                late,
            }))
        }
        Ok(_) => None,
    }
}

fn as_it_occurred(signal: &Signal) -> Arc<Signal> {
    Arc::new(Signal {
        recorded_at: signal.occurred_at,
        ..signal.clone()
    })
}
