//! A part of the accounts, which a thread of its own follows for as long as a scan takes.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use jiff::Timestamp;
use keizoku_core::{AccountId, Day, Recorded};
use keizoku_proto::UnreadableEvent;
use keizoku_revenue::{AsOf, Book};
use keizoku_runtime::SharedBook;

use super::observed::SeriesTable;
use super::reading::Arrival;
use super::{Applies, Figures, Outlook, Traced};

/// Shares of pages that wait for a thread: enough that none is idle, and memory stays bounded.
const WAITING: usize = 2;
/// Accounts that are looked up in the book under one lock.
const LOCKED: usize = 500;

/// What a page brings for one part.
#[derive(Debug, Default)]
pub(super) struct Share {
    /// Accounts that are new; their numbers follow those of the ones before.
    pub(super) opened: Vec<(AccountId, Traced)>,
    /// Events of signals, with the numbers of their accounts; none where the book does not know one.
    pub(super) events: Vec<(Option<usize>, Arc<Recorded>)>,
}

/// The thread, as who hands pages in sees it. Left alone it ends.
#[derive(Debug)]
pub(super) struct Follower {
    shares: SyncSender<Share>,
    thread: JoinHandle<Result<Part, UnreadableEvent>>,
}

impl Follower {
    pub(super) fn start(applies: Arc<Applies>) -> Self {
        let (shares, incoming) = sync_channel(WAITING);
        let thread = thread::spawn(move || Part::follow(&incoming, &applies));
        Self { shares, thread }
    }

    /// Hands a share in, and waits while others wait.
    pub(super) fn hand(&self, share: Share) {
        // A thread that has gone panicked: `join` says so.
        drop(self.shares.send(share));
    }

    /// Waits until everything that was handed in is followed.
    ///
    /// # Errors
    /// When an event could not be read.
    pub(super) fn join(self) -> Result<Part, UnreadableEvent> {
        drop(self.shares);
        match self.thread.join() {
            Ok(part) => part,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

/// Accounts and how their scores went.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) accounts: Vec<(AccountId, Traced)>,
    /// The series of the signals that wait.
    pub(super) series: SeriesTable,
    /// Signals, and how many of them came late.
    pub(super) signals: i64,
    pub(super) late: i64,
    /// When the first of them occurred.
    pub(super) first: Option<Timestamp>,
}

impl Part {
    /// Takes shares in until there are no more. After one that cannot be read the others are let pass.
    fn follow(shares: &Receiver<Share>, applies: &Applies) -> Result<Self, UnreadableEvent> {
        let mut part = Ok(Self::default());
        for share in shares {
            part = part.and_then(|part| part.with(share, applies));
        }
        part
    }

    fn with(mut self, share: Share, applies: &Applies) -> Result<Self, UnreadableEvent> {
        self.accounts.extend(share.opened);
        let card = &applies.card.card;
        let mut observed = Vec::new();
        for (number, event) in share.events {
            observed.clear();
            let arrival = Arrival::read(&event, card, &mut self.series, &mut observed)?;
            self.signals += arrival.count;
            self.late += arrival.late;
            self.first = self.first.into_iter().chain(arrival.first).min();
            let account = number.and_then(|number| self.accounts.get_mut(number));
            if let Some((_, traced)) = account {
                traced.take(&observed, &self.series);
            }
        }
        Ok(self)
    }

    /// Follows everything up to now, and counts.
    pub(super) fn finish(self, book: &SharedBook, outlook: &Outlook, now: Timestamp) -> Figures {
        let mut figures = Figures::default();
        for mut accounts in in_turns(self.accounts) {
            let lives: Vec<_> = {
                let book = book.read();
                let ids = accounts.iter().map(|(account, _)| *account);
                ids.map(|account| life(&book, account, outlook.today))
                    .collect()
            };
            for ((account, traced), life) in accounts.iter_mut().zip(lives) {
                traced.go_on(now, &self.series);
                if let Some((start, end)) = life {
                    figures.count(*account, traced, start, end, outlook);
                }
            }
        }
        figures
    }
}

fn in_turns<T>(all: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut all = all.into_iter();
    std::iter::from_fn(move || {
        let turn: Vec<T> = all.by_ref().take(LOCKED).collect();
        (!turn.is_empty()).then_some(turn)
    })
}

/// From when on an account was a customer, and until when where it churned; none that is not known.
fn life(book: &Book, account: AccountId, today: Day) -> Option<(Option<Day>, Option<Day>)> {
    let account = book.account(account)?;
    let as_of = AsOf::now(today);
    let starts = book.subscriptions(account, as_of).into_iter();
    let start = starts.filter_map(|view| view.start).min();
    Some((start, book.churned_on(account, as_of)))
}
