//! What became of a command.

use std::sync::Arc;

use keizoku_core::Revision;
use keizoku_proto::common::ImportOutcome;

use crate::{Fold, Token};

/// What became of a command.
#[derive(Debug, Clone)]
pub struct Outcome<S> {
    /// Where the stream stood before the command; after its first execution, when it is a
    /// repetition.
    pub before: Revision,
    /// The stream after the command; after its first execution, when it is a repetition.
    pub fold: Arc<Fold<S>>,
    /// Covers the command's events; empty when there was nothing to do.
    pub token: Token,
}

impl<S> Outcome<S> {
    /// What became of a row of an import.
    #[must_use]
    pub fn of_import(&self) -> ImportOutcome {
        match (self.before, self.fold.revision) {
            (Revision::NONE, _) => ImportOutcome::Created,
            (before, after) if before == after => ImportOutcome::Unchanged,
            _ => ImportOutcome::Updated,
        }
    }
}
