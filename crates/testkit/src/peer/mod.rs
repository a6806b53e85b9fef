//! The other sides of notifications, on loopback: they keep what they get, and answer as told.

mod slack;
mod smtp;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

pub use slack::{Posted, SlackAnswer, SlackPeer};
pub use smtp::{Mailed, SmtpAnswer, SmtpPeer};

/// What does not come by then will not come: a bound on hanging, not a measure.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a peer got, and how it answers what comes next.
struct Desk<T, A> {
    got: watch::Sender<Vec<T>>,
    answers: Mutex<VecDeque<A>>,
}

impl<T: Clone, A> Desk<T, A> {
    fn new() -> Self {
        Self {
            got: watch::Sender::new(Vec::new()),
            answers: Mutex::default(),
        }
    }

    fn keep(&self, item: T) {
        self.got.send_modify(|got| got.push(item));
    }

    fn answer_next_with(&self, answers: impl IntoIterator<Item = A>) {
        let mut waiting = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extend(answers);
    }

    fn next_answer(&self) -> Option<A> {
        let mut waiting = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.pop_front()
    }

    fn all(&self) -> Vec<T> {
        self.got.borrow().clone()
    }

    /// Waits until there are so many.
    async fn wait_for(&self, count: usize) -> Vec<T> {
        let mut got = self.got.subscribe();
        let enough = got.wait_for(|got| got.len() >= count);
        match tokio::time::timeout(PATIENCE, enough).await {
            Ok(Ok(got)) => got.clone(),
            _ => panic!("{} came, and not {count}", self.got.borrow().len()),
        }
    }
}
