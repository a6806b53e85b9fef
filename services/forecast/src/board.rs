//! The risk board of this process, kept in step with the risk log.

use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use async_trait::async_trait;
use keizoku_core::{AccountId, Position, Recorded};
use keizoku_revenue::AccountIx;
use keizoku_runtime::SharedBook;
use keizoku_runtime::projector::{Projection, ProjectionError};
use uuid::Uuid;

use crate::risks::RiskBoard;

/// The board behind the projector; it numbers accounts as the book does.
pub(crate) struct BoardModel {
    board: RwLock<RiskBoard>,
    read_to: Mutex<(Uuid, Position)>,
    book: SharedBook,
}

impl BoardModel {
    /// An empty board; it must be projected from the risk log.
    pub(crate) fn new(book: SharedBook) -> Arc<Self> {
        Arc::new(Self {
            board: RwLock::default(),
            read_to: Mutex::default(),
            book,
        })
    }

    /// The board.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, RiskBoard> {
        self.board.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account's number, also of one that the accounts log has not told about yet (RX-9).
    fn number(&self, account: AccountId) -> AccountIx {
        let known = self.book.read().account(account);
        known.unwrap_or_else(|| self.book.write().intern(account))
    }
}

#[async_trait]
impl Projection for BoardModel {
    async fn position(&self, _source: &str, log_id: Uuid) -> Result<Position, ProjectionError> {
        let mut read_to = self.read_to.lock().unwrap_or_else(PoisonError::into_inner);
        if read_to.0 != log_id {
            *read_to = (log_id, Position::START);
            *self.board.write().unwrap_or_else(PoisonError::into_inner) = RiskBoard::default();
        }
        Ok(read_to.1)
    }

    async fn apply(
        &self,
        _source: &str,
        events: Vec<Arc<Recorded>>,
    ) -> Result<(), ProjectionError> {
        let _turn = self.book.turn().await;
        let mut board = self.board.write().unwrap_or_else(PoisonError::into_inner);
        for event in &events {
            board
                .apply_recorded(event, |account| self.number(account))
                .map_err(|error| ProjectionError::poison(event, error))?;
            let mut read_to = self.read_to.lock().unwrap_or_else(PoisonError::into_inner);
            read_to.1 = event.position;
        }
        Ok(())
    }
}
