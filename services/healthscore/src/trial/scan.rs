//! Reads the log once, page by page, and follows the scores of all accounts at the same time.
//!
//! ```text
//! page ──► whose is it? ──► a thread for each part of the accounts: decodes, follows
//! ```

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;

use jiff::Timestamp;
use keizoku_core::{AccountId, Recorded};
use keizoku_proto::UnreadableEvent;
use keizoku_revenue::Book;
use keizoku_runtime::SharedBook;

use super::part::{Follower, Part, Share};
use super::reading::account_of;
use super::{Applies, Figures, Outlook, Traced};
use crate::scoring::Signal;

/// All accounts, as far as the log was read: in parts that are followed side by side.
pub(crate) struct Scan {
    applies: Arc<Applies>,
    book: SharedBook,
    followers: Vec<Follower>,
    places: HashMap<AccountId, Place>,
    /// How many are followed: the parts get them in turn.
    accounts: usize,
}

/// Where an account is followed.
#[derive(Debug, Clone, Copy)]
struct Place {
    part: usize,
    number: usize,
}

impl Scan {
    /// Before anything was read.
    pub(crate) fn new(applies: Applies, book: SharedBook) -> Self {
        let applies = Arc::new(applies);
        let parts = thread::available_parallelism().map_or(1, usize::from);
        let start = |_| Follower::start(Arc::clone(&applies));
        Self {
            followers: (0..parts).map(start).collect(),
            applies,
            book,
            places: HashMap::new(),
            accounts: 0,
        }
    }

    /// Takes the next events of the log in. It takes a while when there is much to follow.
    ///
    /// # Errors
    /// When it cannot be read whose an event is.
    pub(crate) fn take(&mut self, events: &[Arc<Recorded>]) -> Result<(), UnreadableEvent> {
        let mut shares: Vec<Share> = self.followers.iter().map(|_| Share::default()).collect();
        for event in events {
            if let Some(account) = account_of(event)? {
                let place = self.place(account, &mut shares);
                let share = &mut shares[place.map_or(0, |place| place.part)];
                let number = place.map(|place| place.number);
                share.events.push((number, Arc::clone(event)));
            }
        }
        for (follower, share) in self.followers.iter().zip(shares) {
            follower.hand(share);
        }
        Ok(())
    }

    /// Where an account is followed, from now on if it was not before; none that the book does not know.
    fn place(&mut self, named: AccountId, shares: &mut [Share]) -> Option<Place> {
        if let Some(place) = self.places.get(&named) {
            return Some(*place);
        }
        let book = self.book.read();
        let account = book.survivor(book.account(named)?, None);
        let id = book.account_id(account);
        let place = *self.places.entry(id).or_insert_with(|| {
            let part = self.accounts % shares.len();
            let number = self.accounts / shares.len();
            self.accounts += 1;
            let traced = Traced::new(&book, account, &self.applies);
            shares[part].opened.push((id, traced));
            Place { part, number }
        });
        self.places.insert(named, place);
        Some(place)
    }

    /// Waits until everything that was taken in is followed.
    ///
    /// # Errors
    /// When an event cannot be read.
    pub(crate) fn join(self) -> Result<Followed, UnreadableEvent> {
        let joined = self.followers.into_iter().map(Follower::join);
        Ok(Followed {
            parts: joined.collect::<Result<_, _>>()?,
            applies: self.applies,
            places: self.places,
        })
    }
}

/// All accounts, when the log was read.
pub(crate) struct Followed {
    applies: Arc<Applies>,
    parts: Vec<Part>,
    places: HashMap<AccountId, Place>,
}

impl Followed {
    /// How many signals there are, and how many of them came late.
    pub(crate) fn signals(&self) -> (i64, i64) {
        let parts = self.parts.iter();
        parts.fold((0, 0), |(signals, late), part| {
            (signals + part.signals, late + part.late)
        })
    }

    /// When the first signal of all occurred.
    pub(crate) fn first(&self) -> Option<Timestamp> {
        self.parts.iter().filter_map(|part| part.first).min()
    }

    /// The accounts whose signals came so late that they have to be followed anew.
    pub(crate) fn disordered(&self) -> Vec<AccountId> {
        let accounts = self.parts.iter().flat_map(|part| &part.accounts);
        let disordered = accounts.filter(|(_, traced)| traced.is_disordered);
        disordered.map(|(account, _)| *account).collect()
    }

    /// Follows an account anew, with all of its signals.
    pub(crate) fn follow_anew(&mut self, account: AccountId, signals: &[Arc<Signal>], book: &Book) {
        let (Some(ix), Some(place)) = (book.account(account), self.places.get(&account)) else {
            return;
        };
        let mut traced = Traced::new(book, ix, &self.applies);
        let Part {
            accounts, series, ..
        } = &mut self.parts[place.part];
        let signals = signals.iter().map(|signal| series.observe(signal));
        let mut signals: Vec<_> = signals.collect();
        signals.sort_by_key(|signal| (signal.occurred_at, signal.place));
        traced.take(&signals, series);
        accounts[place.number].1 = traced;
    }

    /// Follows everything up to now, and counts.
    pub(crate) fn finish(self, book: &SharedBook, outlook: &Outlook, now: Timestamp) -> Figures {
        let mut figures = Figures::default();
        thread::scope(|scope| {
            let parts = self.parts.into_iter();
            let counts: Vec<_> = parts
                .map(|part| scope.spawn(|| part.finish(book, outlook, now)))
                .collect();
            for counted in counts {
                match counted.join() {
                    Ok(counted) => figures.add(counted),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
        figures.sort();
        figures
    }
}
