//! The risk board of this process, kept in step with the risk log.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;
use keizoku_core::{Position, Recorded};
use keizoku_runtime::SharedBook;
use keizoku_runtime::projector::{AT_ONCE, LOCKED_BATCH, Projection, ProjectionError, off_thread};
use uuid::Uuid;

use crate::risks::RiskBoard;

/// The board behind the projector; it numbers accounts as the book does.
pub(crate) struct BoardModel {
    kept: Arc<Kept>,
}

struct Kept {
    board: RwLock<RiskBoard>,
    read_to: Mutex<(Uuid, Position)>,
    book: SharedBook,
}

impl BoardModel {
    /// An empty board; it must be projected from the risk log.
    pub(crate) fn new(book: SharedBook) -> Arc<Self> {
        Arc::new(Self {
            kept: Arc::new(Kept {
                board: RwLock::default(),
                read_to: Mutex::default(),
                book,
            }),
        })
    }

    /// The board.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, RiskBoard> {
        let board = self.kept.board.read();
        board.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn write(&self) -> RwLockWriteGuard<'_, RiskBoard> {
        self.board.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_to(&self) -> MutexGuard<'_, (Uuid, Position)> {
        self.read_to.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, events: &[Arc<Recorded>]) -> Result<(), ProjectionError> {
        for batch in events.chunks(LOCKED_BATCH) {
            // In the order in which questions take them. The book gives numbers also to accounts
            // that the accounts log has not told about yet (RX-9).
            let mut book = self.book.write();
            let mut board = self.write();
            for event in batch {
                board
                    .apply_recorded(event, |account| book.intern(account))
                    .map_err(|error| ProjectionError::poison(event, error))?;
                self.read_to().1 = event.position;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Projection for BoardModel {
    async fn position(&self, _source: &str, log_id: Uuid) -> Result<Position, ProjectionError> {
        let mut read_to = self.kept.read_to();
        if read_to.0 != log_id {
            *read_to = (log_id, Position::START);
            *self.kept.write() = RiskBoard::default();
        }
        Ok(read_to.1)
    }

    async fn apply(
        &self,
        _source: &str,
        events: Vec<Arc<Recorded>>,
    ) -> Result<(), ProjectionError> {
        let _turn = self.kept.book.turn().await;
        if events.len() <= AT_ONCE {
            return self.kept.take(&events);
        }
        let kept = Arc::clone(&self.kept);
        off_thread(move || kept.take(&events)).await
    }
}
