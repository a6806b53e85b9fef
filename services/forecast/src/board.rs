//! The boards of this process, each kept in step with the log of a service.

use std::sync::{Arc, RwLockReadGuard};

use async_trait::async_trait;
use keizoku_core::{Position, Recorded};
use keizoku_runtime::projector::{AT_ONCE, LOCKED_BATCH, Projection, ProjectionError, off_thread};
use keizoku_runtime::{Kept, SharedBook};
use uuid::Uuid;

use crate::boards::Board;

/// A board behind the projector; it numbers accounts as the book does.
pub(crate) struct BoardModel<B> {
    inner: Arc<Inner<B>>,
}

struct Inner<B> {
    board: Kept<B>,
    book: SharedBook,
}

impl<B: Board> BoardModel<B> {
    /// An empty board; it must be projected from its service's log.
    pub(crate) fn new(book: SharedBook) -> Arc<Self> {
        Arc::new(Self {
            inner: Arc::new(Inner {
                board: Kept::default(),
                book,
            }),
        })
    }

    /// The board.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, B> {
        self.inner.board.read()
    }
}

impl<B: Board> Inner<B> {
    fn take(&self, events: &[Arc<Recorded>]) -> Result<(), ProjectionError> {
        for batch in events.chunks(LOCKED_BATCH) {
            // In the order in which questions take them. The book gives numbers also to accounts
            // that the accounts log has not told about yet (RX-9).
            let mut book = self.book.write();
            let mut board = self.board.write();
            for event in batch {
                board
                    .apply_recorded(event, |account| book.intern(account))
                    .map_err(|error| ProjectionError::poison(event, error))?;
                self.board.advance(event.position);
            }
        }
        Ok(())
    }
}

#[async_trait]
impl<B: Board> Projection for BoardModel<B> {
    fn name(&self) -> &'static str {
        B::NAME
    }

    async fn position(&self, _source: &str, log_id: Uuid) -> Result<Position, ProjectionError> {
        let forget = |board: &mut B| *board = B::default();
        Ok(self.inner.board.position(log_id, forget))
    }

    async fn apply(
        &self,
        _source: &str,
        events: Vec<Arc<Recorded>>,
    ) -> Result<(), ProjectionError> {
        let last = events.last().map(|event| event.position);
        let events: Vec<_> = events
            .into_iter()
            .filter(|event| B::is_about(event))
            .collect();
        if !events.is_empty() {
            let _turn = self.inner.book.turn().await;
            if events.len() <= AT_ONCE {
                self.inner.take(&events)?;
            } else {
                let inner = Arc::clone(&self.inner);
                off_thread(move || inner.take(&events)).await?;
            }
        }
        if let Some(last) = last {
            self.inner.board.advance(last);
        }
        Ok(())
    }
}
