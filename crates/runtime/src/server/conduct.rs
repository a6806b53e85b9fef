//! How a client conducts itself on its connection: whoever sends again and again what cannot be read is
//! listened to at a pace.
//!
//! To refuse a message that is too large, or packed, or no message, takes as long as many an answer. A client
//! whose requests are all like that would be refused as fast as it can send, and the others wait.

use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use tokio::time::Instant;
use tonic::transport::server::TlsConnectInfo;
use tonic::{Code, Status};

use super::pace::Pace;

/// So many requests that cannot be read may come at once; then one after the other, so many in ten
/// seconds.
const AT_ONCE: u32 = 32;

/// What is known of a connection's client.
#[derive(Clone)]
pub(crate) struct Conduct(Arc<Mutex<Known>>);

struct Known {
    pace: Pace,
    /// Until when nothing more is read.
    paused_until: Option<Instant>,
}

impl Conduct {
    pub(super) fn new(now: Instant) -> Self {
        Self(Arc::new(Mutex::new(Known {
            pace: Pace::new(AT_ONCE, now),
            paused_until: None,
        })))
    }

    /// That of the connection over which a request came.
    pub(super) fn of<B>(request: &http::Request<B>) -> Option<Self> {
        let extensions = request.extensions();
        let encrypted = || Some(extensions.get::<TlsConnectInfo<Self>>()?.get_ref());
        extensions.get::<Self>().or_else(encrypted).cloned()
    }

    /// Looks at an answer: whether it says that the request could not be read.
    pub(super) fn note<R>(&self, answer: &http::Response<R>) {
        if is_unreadable(answer.headers()) {
            let now = Instant::now();
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = known.pace.next(now);
            known.paused_until = (turn > now).then_some(turn);
        }
    }

    /// Until when nothing more is read of the connection.
    pub(super) fn paused_until(&self) -> Option<Instant> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.paused_until
    }
}

/// Whether it was the transport that could not read a request. What is refused by a service, or before one
/// is asked, says so in details, and an RPC that does not exist names no encoding.
fn is_unreadable(answer: &HeaderMap) -> bool {
    let Some(status) = answer.get(Status::GRPC_STATUS) else {
        return false; // it was read
    };
    let names_encodings = || answer.contains_key("grpc-accept-encoding");
    let is_transports = match Code::from_bytes(status.as_bytes()) {
        Code::OutOfRange | Code::Internal => true,
        Code::Unimplemented => names_encodings(),
        _ => false,
    };
    is_transports && !answer.contains_key(Status::GRPC_STATUS_DETAILS)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Failure;

    fn answer(status: Status) -> http::Response<()> {
        status.into_http()
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_again_and_again_what_cannot_be_read_is_listened_to_at_a_pace() {
        let mut packed = Status::unimplemented("gzip");
        packed
            .metadata_mut()
            .insert("grpc-accept-encoding", "identity".parse().unwrap());
        for unreadable in [
            Status::out_of_range("too large"),
            Status::internal("no message"),
            packed,
        ] {
            let conduct = Conduct::new(Instant::now());
            // Rounding may let one more come at once.
            for _ in 0..AT_ONCE {
                assert_eq!(conduct.paused_until(), None);
                conduct.note(&answer(unreadable.clone()));
            }
            conduct.note(&answer(unreadable.clone()));
            let paused_until = conduct.paused_until().unwrap();
            let pause = paused_until - Instant::now();
            assert!(
                !pause.is_zero() && pause < Duration::from_secs(1),
                "{pause:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_for_another_reason_may_come_as_often_as_it_does() {
        let domains = Failure::internal(&std::io::Error::other("full"));
        for refusal in [
            Status::ok(""),
            Status::unimplemented(""),
            Status::from(Failure::overloaded(Duration::ZERO)),
            Status::from(domains),
        ] {
            let conduct = Conduct::new(Instant::now());
            for _ in 0..10 * AT_ONCE {
                conduct.note(&answer(refusal.clone()));
            }
            assert_eq!(conduct.paused_until(), None);
        }
    }
}
