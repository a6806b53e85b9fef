//! A model in memory, and how far it has read its source.

use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use keizoku_core::Position;
use uuid::Uuid;

/// A model that many read and one projection writes. A panic while somebody has it is a bug, and no
/// reason for everybody else to stop.
#[derive(Debug, Default)]
pub struct Kept<M> {
    model: RwLock<M>,
    read_to: Mutex<(Uuid, Position)>,
}

impl<M> Kept<M> {
    /// A model that has read nothing.
    #[must_use]
    pub fn new(model: M) -> Self {
        Self {
            model: RwLock::new(model),
            read_to: Mutex::default(),
        }
    }

    /// The model.
    pub fn read(&self) -> RwLockReadGuard<'_, M> {
        self.model.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The model, to write into it.
    pub fn write(&self) -> RwLockWriteGuard<'_, M> {
        self.model.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far a log has been read. One that is another than before is read from its start, into a
    /// model that `forget` has emptied.
    pub fn position(&self, log_id: Uuid, forget: impl FnOnce(&mut M)) -> Position {
        let mut read_to = self.read_to.lock().unwrap_or_else(PoisonError::into_inner);
        if read_to.0 != log_id {
            *read_to = (log_id, Position::START);
            forget(&mut self.write());
        }
        read_to.1
    }

    /// Up to where the model has read its log: it includes no more than that. Nobody who asks may have the
    /// model meanwhile.
    pub fn read_to(&self) -> Position {
        let read_to = self.read_to.lock().unwrap_or_else(PoisonError::into_inner);
        read_to.1
    }

    /// Remembers that the model includes everything up to a position.
    pub fn advance(&self, position: Position) {
        self.read_to
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .1 = position;
    }
}
