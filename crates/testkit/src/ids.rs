//! Request ids that are the same in every run of a test.

use std::sync::atomic::{AtomicU64, Ordering};

use keizoku_core::derive_id;

/// Request ids, one after the other, the same ones in every run.
#[derive(Debug)]
pub struct RequestIds {
    name: String,
    next: AtomicU64,
}

impl RequestIds {
    /// The ids of `name`: another name gives others.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            next: AtomicU64::new(0),
        }
    }

    /// An id that was not given before.
    pub fn fresh(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        derive_id(
            "test-request",
            &[self.name.as_bytes(), &number.to_be_bytes()],
        )
        .to_string()
    }
}
