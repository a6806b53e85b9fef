//! The other sides of notifications, on loopback: they keep what they get, and answer as told.

mod slack;
mod smtp;

use std::collections::VecDeque;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

pub use slack::{Posted, SlackAnswer, SlackPeer};
pub use smtp::{Mailed, SmtpAnswer, SmtpPeer};

/// What does not come by then will not come: a bound on hanging, not a measure.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server on loopback that keeps every `T` that it gets, and answers each with the next `A`; it ends
/// when it is dropped.
pub struct Peer<T, A> {
    address: SocketAddr,
    desk: Arc<Desk<T, A>>,
    /// What a client has to trust, as PEM; empty where there is no TLS.
    certificate: String,
    serving: JoinHandle<()>,
}

impl<T, A> Peer<T, A>
where
    T: Clone + Send + Sync + 'static,
    A: Send + 'static,
{
    /// Starts one; `serve` has a connection to itself.
    async fn serving<F>(
        certificate: String,
        serve: impl Fn(TcpStream, Arc<Desk<T, A>>) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let desk = Arc::new(Desk::new());
        let kept = Arc::clone(&desk);
        #[expect(clippy::disallowed_methods, reason = "a test's peer has no lifecycle")]
        let serving = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                connections.spawn(serve(connection, Arc::clone(&kept)));
            }
        });
        Self {
            address,
            desk,
            certificate,
            serving,
        }
    }

    /// Answers what comes next so, one after the other; what comes after them is taken.
    pub fn answer_next_with(&self, answers: impl IntoIterator<Item = A>) {
        self.desk.answer_next_with(answers);
    }

    /// Everything that came so far, also what was answered by an error.
    #[must_use]
    pub fn got(&self) -> Vec<T> {
        self.desk.got.borrow().clone()
    }

    /// How many came so far.
    #[must_use]
    pub fn got_number(&self) -> usize {
        self.desk.got.borrow().len()
    }

    /// Waits until so many came, and answers all of them.
    pub async fn wait_for(&self, count: usize) -> Vec<T> {
        self.arrived(count).await;
        self.got()
    }

    /// Waits until so many came.
    pub async fn arrived(&self, count: usize) {
        let mut got = self.desk.got.subscribe();
        let enough = got.wait_for(|got| got.len() >= count);
        let is_enough = matches!(tokio::time::timeout(PATIENCE, enough).await, Ok(Ok(_)));
        let came = self.got_number();
        assert!(is_enough, "{came} came, and not {count}");
    }
}

impl<T, A> Drop for Peer<T, A> {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// What a peer got, and how it answers what comes next.
struct Desk<T, A> {
    got: watch::Sender<Vec<T>>,
    answers: Mutex<VecDeque<A>>,
}

impl<T, A> Desk<T, A> {
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
}
