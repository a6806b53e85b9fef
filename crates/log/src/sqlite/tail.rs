//! The last events in memory: whoever follows the log gets them without asking SQLite.
//!
//! A busy log has several followers that are never far behind. Without the tail each of them would
//! send a thread into the database after every group, for events that the writer has just had in
//! its hands.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keizoku_core::{Position, Recorded};

use super::queue::{Answer, Request};
use crate::Head;

/// Payload bytes that are kept.
const BYTES: usize = 2 << 20;
/// Events that are kept.
const EVENTS: usize = 2_048;

/// The log's last events, without a gap.
#[derive(Default)]
pub(super) struct Tail(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    events: VecDeque<Arc<Recorded>>,
    bytes: usize,
}

impl Tail {
    /// At most `limit` events after `after`; `None` when some of them are no longer kept.
    pub(super) fn after(&self, after: Position, limit: usize) -> Option<Vec<Arc<Recorded>>> {
        let kept = self.kept();
        let first = kept.events.front()?.position;
        let skipped = after.0.saturating_add(1).checked_sub(first.0)?;
        let skipped = usize::try_from(skipped).ok()?;
        Some(
            kept.events
                .iter()
                .skip(skipped)
                .take(limit)
                .cloned()
                .collect(),
        )
    }

    /// Keeps what a committed group wrote after `head`.
    pub(super) fn extend(&self, head: Head, group: &mut [Request], answers: &[Answer]) {
        let mut kept = self.kept();
        let mut next = head.position.0 + 1;
        for (request, answer) in group.iter_mut().zip(answers) {
            let Ok(appended) = answer else { continue };
            let count = request.events.len();
            // Somebody's repetition is answered with what was written before, in this group too.
            if appended.position.0 + 1 != next + count as u64 {
                continue;
            }
            for (index, event) in std::mem::take(&mut request.events).into_iter().enumerate() {
                kept.push(Recorded {
                    position: Position(next),
                    stream: request.stream.clone(),
                    revision: request.expected.plus(index + 1),
                    id: event.id,
                    kind: event.kind.to_owned(),
                    recorded_at: appended.recorded_at,
                    data: event.data,
                    metadata: event.metadata,
                });
                next += 1;
            }
        }
        kept.shrink();
    }

    /// Keeps nothing any more.
    pub(super) fn clear(&self) {
        *self.kept() = Kept::default();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn push(&mut self, event: Recorded) {
        self.bytes += size(&event);
        self.events.push_back(Arc::new(event));
    }

    fn shrink(&mut self) {
        while self.bytes > BYTES || self.events.len() > EVENTS {
            let Some(event) = self.events.pop_front() else {
                return;
            };
            self.bytes -= size(&event);
        }
    }
}

fn size(event: &Recorded) -> usize {
    event.data.len() + event.metadata.len()
}
