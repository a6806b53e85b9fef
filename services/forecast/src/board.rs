//! The risk board of this process, kept in step with the risk log.

use std::sync::{Arc, RwLockReadGuard};

use async_trait::async_trait;
use keizoku_core::{Position, Recorded};
use keizoku_runtime::projector::{AT_ONCE, LOCKED_BATCH, Projection, ProjectionError, off_thread};
use keizoku_runtime::{Kept, SharedBook};
use uuid::Uuid;

use crate::risks::RiskBoard;

/// The board behind the projector; it numbers accounts as the book does.
pub(crate) struct BoardModel {
    inner: Arc<Inner>,
}

struct Inner {
    board: Kept<RiskBoard>,
    book: SharedBook,
}

impl BoardModel {
    /// An empty board; it must be projected from the risk log.
    pub(crate) fn new(book: SharedBook) -> Arc<Self> {
        Arc::new(Self {
            inner: Arc::new(Inner {
                board: Kept::default(),
                book,
            }),
        })
    }

    /// The board.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, RiskBoard> {
        self.inner.board.read()
    }
}

impl Inner {
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
impl Projection for BoardModel {
    fn name(&self) -> &'static str {
        "risk_board"
    }

    async fn position(&self, _source: &str, log_id: Uuid) -> Result<Position, ProjectionError> {
        let forget = |board: &mut RiskBoard| *board = RiskBoard::default();
        Ok(self.inner.board.position(log_id, forget))
    }

    async fn apply(
        &self,
        _source: &str,
        events: Vec<Arc<Recorded>>,
    ) -> Result<(), ProjectionError> {
        let _turn = self.inner.book.turn().await;
        if events.len() <= AT_ONCE {
            return self.inner.take(&events);
        }
        let inner = Arc::clone(&self.inner);
        off_thread(move || inner.take(&events)).await
    }
}
