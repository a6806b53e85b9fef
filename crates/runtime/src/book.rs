//! The revenue book of a process: one, shared by the services that run in it.

mod lookup;

use std::sync::{Arc, RwLockReadGuard, RwLockWriteGuard, mpsc};

use async_trait::async_trait;
use keizoku_core::{Position, Recorded};
use keizoku_revenue::{AsOf, Book, Decoded, Unreadable};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::projector::{AT_ONCE, LOCKED_BATCH, Projection, ProjectionError, off_thread};
use crate::{Calendar, Failure, Kept};

/// Name of the source that the book reads.
pub const SOURCE: &str = "accounts";

/// Questions about the whole book at once; each goes to several processors.
const TURNS: usize = 2;

/// A model of the accounts log that reads at any rate, and writes in short turns.
pub struct BookModel {
    inner: Arc<Inner>,
    /// Whoever looks through the whole book, or writes into it, takes its turn here first, and
    /// waits without holding up a thread: nobody who looks something up ever waits behind them.
    turns: Arc<Semaphore>,
}

struct Inner {
    book: Kept<Book>,
    calendar: Calendar,
}

/// The book of this process.
pub type SharedBook = Arc<BookModel>;

impl BookModel {
    /// An empty book; it must be projected from [`SOURCE`].
    #[must_use]
    pub fn new(calendar: Calendar) -> SharedBook {
        let book = Kept::new(Book::new(calendar.today()));
        Arc::new(Self {
            inner: Arc::new(Inner { book, calendar }),
            turns: Arc::new(Semaphore::new(TURNS)),
        })
    }

    /// The book, with its rows at today's date.
    pub fn read(&self) -> RwLockReadGuard<'_, Book> {
        let Inner { book, calendar } = &*self.inner;
        let today = calendar.today();
        let book = book.read();
        if book.today() == today {
            return book;
        }
        drop(book);
        self.write().roll_to(today);
        self.inner.book.read()
    }

    /// Up to where in the accounts log the book has read: it includes no more than that. Nobody who asks
    /// may have the book meanwhile.
    #[must_use]
    pub fn read_to(&self) -> Position {
        self.inner.book.read_to()
    }

    /// A turn to write into the book; ends when it is dropped.
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        // It is never closed.
        let all = u32::try_from(TURNS).unwrap_or(u32::MAX);
        Arc::clone(&self.turns).acquire_many_owned(all).await.ok()
    }

    /// A turn to look through the whole book.
    async fn turn_to_look(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.turns).acquire_owned().await.ok()
    }

    /// Asks something that looks through the whole book, on a thread of its own.
    ///
    /// # Errors
    /// When the question panics: a bug.
    pub async fn ask<T, F>(self: &Arc<Self>, question: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&Book) -> T + Send + 'static,
    {
        let turn = self.turn_to_look().await;
        let this = Arc::clone(self);
        let answer = tokio::task::spawn_blocking(move || {
            let answer = question(&this.read());
            drop(turn);
            answer
        });
        answer.await.map_err(|error| Failure::internal(&error))
    }

    /// The book, to write into it; take a [`turn`](Self::turn) first.
    pub fn write(&self) -> RwLockWriteGuard<'_, Book> {
        self.inner.book.write()
    }

    /// Both times of a question about now.
    #[must_use]
    pub fn now(&self) -> AsOf {
        AsOf::now(self.inner.calendar.today())
    }
}

impl Inner {
    /// Reads events while another thread decodes those that follow.
    fn take_many(&self, events: &[Arc<Recorded>]) -> Result<(), ProjectionError> {
        let (sender, decoded) = mpsc::sync_channel::<Vec<Result<Decoded, Unreadable>>>(2);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for batch in events.chunks(LOCKED_BATCH) {
                    let decode = |event: &Arc<Recorded>| Decoded::from_log(event);
                    if sender.send(batch.iter().map(decode).collect()).is_err() {
                        // An event before these could not be read.
                        return;
                    }
                }
            });
            for (batch, decoded) in events.chunks(LOCKED_BATCH).zip(decoded) {
                self.book.read().read_ahead_of(decoded.iter().flatten());
                self.take(batch, decoded)?;
            }
            Ok(())
        })
    }

    fn take(
        &self,
        events: &[Arc<Recorded>],
        decoded: impl IntoIterator<Item = Result<Decoded, Unreadable>>,
    ) -> Result<(), ProjectionError> {
        let mut book = self.book.write();
        for (event, decoded) in events.iter().zip(decoded) {
            decoded
                .and_then(|decoded| book.apply(decoded.entry()))
                .map_err(|error| ProjectionError::poison(event, error))?;
            self.book.advance(event.position);
        }
        self.calendar.set_zone(book.zone_at(None).clone());
        Ok(())
    }
}

#[async_trait]
impl Projection for BookModel {
    fn name(&self) -> &'static str {
        "book"
    }

    async fn position(&self, _source: &str, log_id: Uuid) -> Result<Position, ProjectionError> {
        // The board has its accounts by the numbers that this book gave them: they stay.
        Ok(self.inner.book.position(log_id, Book::reset))
    }

    async fn apply(
        &self,
        _source: &str,
        events: Vec<Arc<Recorded>>,
    ) -> Result<(), ProjectionError> {
        let _turn = self.turn().await;
        if events.len() <= AT_ONCE {
            let decoded = events.iter().map(|event| Decoded::from_log(event));
            return self.inner.take(&events, decoded);
        }
        let inner = Arc::clone(&self.inner);
        off_thread(move || inner.take_many(&events)).await
    }

    /// Moves history together after a replay: questions about other times fold it.
    async fn caught_up(&self, _source: &str) -> Result<(), ProjectionError> {
        if !self.inner.book.read().is_scattered() {
            return Ok(());
        }
        let looking = self.turn_to_look().await;
        let inner = Arc::clone(&self.inner);
        let compacted = off_thread(move || {
            let compacted = inner.book.read().compacted();
            drop(looking);
            Ok(compacted)
        });
        let compacted = compacted.await?;
        let turn = self.turn().await;
        let replaced = self.write().put_compacted(compacted);
        drop(turn);
        off_thread(move || {
            // To give back that much memory takes a while, too.
            drop(replaced);
            Ok(())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use keizoku_core::{AccountId, SystemClock};

    use super::*;

    #[tokio::test]
    async fn rx_9_accounts_that_were_numbered_before_the_log_was_known_keep_their_numbers() {
        let model = BookModel::new(Calendar::new(Arc::new(SystemClock), TimeZone::UTC));
        let accounts = [1, 2].map(|number| AccountId::from(Uuid::from_u128(number)));
        let numbers = accounts.map(|account| model.write().intern(account));
        let position = model.position(SOURCE, Uuid::from_u128(3)).await;
        assert_eq!(position.unwrap(), Position::START);
        let found = accounts.map(|account| model.read().account(account));
        assert_eq!(found, numbers.map(Some));
    }
}
