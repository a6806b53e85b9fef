//! What one process takes on: what is more is refused at once, and what takes too long is given up.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::future::Either;
use http::HeaderMap;
use keizoku_proto::common::ErrorReason;
use pin_project_lite::pin_project;
use serde::Deserialize;
use tokio::time::Sleep;
use tonic::codegen::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};

use crate::Failure;
use crate::config::Problems;
use crate::refusal::Refusal;

use super::conduct::Conduct;

/// Answered however much there is to do: whoever asks decides where requests go.
const HEALTH: &str = "/grpc.health.v1.";

/// How much a process takes on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Connections at the same time; as many new ones are taken in ten seconds, but at least 512, and
    /// others wait.
    pub connections: usize,
    /// Requests that are worked on at the same time.
    pub requests_in_flight: usize,
    /// Longest time for one request, whatever its client allows.
    pub deadline_seconds: u64,
    /// A connection that has been silent that long is asked whether it still is one, and closed
    /// when no answer comes within the same time.
    pub keepalive_seconds: u64,
    /// After this time a connection takes no more requests; clients open another.
    pub connection_age_seconds: u64,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            // Files that a process may have open are often 1,024, and logs and models need some.
            connections: 512,
            requests_in_flight: 512,
            deadline_seconds: 30,
            keepalive_seconds: 30,
            connection_age_seconds: 3_600,
        }
    }
}

impl LimitsConfig {
    /// Notes what makes no sense.
    pub fn validate(&self, problems: &mut Problems) {
        let values = [
            ("connections", self.connections == 0),
            ("requests_in_flight", self.requests_in_flight == 0),
            ("deadline_seconds", self.deadline_seconds == 0),
            ("keepalive_seconds", self.keepalive_seconds == 0),
            ("connection_age_seconds", self.connection_age_seconds == 0),
        ];
        for (key, is_zero) in values {
            if is_zero {
                problems.add(&format!("limits.{key}"), "must be at least 1");
            }
        }
    }
}

/// The layer that refuses what is too much, and ends what takes too long.
#[derive(Clone)]
pub(super) struct LimitLayer {
    slots: Arc<Slots>,
    longest: Duration,
}

struct Slots {
    taken: AtomicUsize,
    most: usize,
    refusals: Refusals,
}

impl LimitLayer {
    pub(super) fn new(limits: &LimitsConfig) -> Self {
        Self {
            slots: Arc::new(Slots {
                taken: AtomicUsize::new(0),
                most: limits.requests_in_flight,
                refusals: Refusals::new(),
            }),
            longest: Duration::from_secs(limits.deadline_seconds),
        }
    }
}

impl<S> Layer<S> for LimitLayer {
    type Service = LimitService<S>;
    fn layer(&self, inner: S) -> Self::Service {
        LimitService {
            inner,
            layer: self.clone(),
        }
    }
}

/// Refusals made beforehand: under overload nothing should be cheaper.
///
/// Each asks for another wait. Clients who were refused together would otherwise come back together,
/// and for as long as it takes to refuse thousands of them again nobody is answered.
struct Refusals {
    ready: Vec<HeaderMap>,
    given: AtomicUsize,
}

impl Refusals {
    /// Waits that are told apart: clients come back in groups of one sixteenth, 60 ms apart.
    const WAITS: u32 = 16;
    /// From half to one and a half times this long.
    const WAIT: Duration = Duration::from_secs(1);

    fn new() -> Self {
        let wait = |number| Self::WAIT / 2 + Self::WAIT * number / Self::WAITS;
        let ready = (0..Self::WAITS).map(|number| {
            let status = Status::from(Failure::overloaded(wait(number)));
            status.into_http::<()>().into_parts().0.headers
        });
        Self {
            ready: ready.collect(),
            given: AtomicUsize::new(0),
        }
    }

    fn next<R: Default>(&self) -> http::Response<R> {
        let given = self.given.fetch_add(1, Ordering::Relaxed);
        let mut answer = http::Response::new(R::default());
        self.ready[given % self.ready.len()].clone_into(answer.headers_mut());
        answer
    }
}

/// A place among the requests in flight, until it is dropped.
struct Slot(Arc<Slots>);

impl Slot {
    fn take(slots: &Arc<Slots>) -> Option<Self> {
        let slot = Self(Arc::clone(slots));
        // Counted before it is compared; a refused one is given back by the drop.
        let before = slots.taken.fetch_add(1, Ordering::Relaxed);
        (before < slots.most).then_some(slot)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

/// See [`LimitLayer`].
#[derive(Clone)]
pub(super) struct LimitService<S> {
    inner: S,
    layer: LimitLayer,
}

impl<S, B, R> Service<http::Request<B>> for LimitService<S>
where
    S: Service<http::Request<B>, Response = http::Response<R>>,
    B: Body,
    R: Default,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Either<InTime<S::Future>, Refusal<B, R, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let slot = if request.uri().path().starts_with(HEALTH) {
            None
        } else if let Some(slot) = Slot::take(&self.layer.slots) {
            Some(slot)
        } else {
            return Either::Right(Refusal::of(request, self.layer.slots.refusals.next()));
        };
        Either::Left(InTime {
            conduct: Conduct::of(&request),
            inner: self.inner.call(request),
            longest: self.layer.longest,
            timer: None,
            _slot: slot,
        })
    }
}

pin_project! {
    /// A request that is worked on.
    pub(super) struct InTime<F> {
        #[pin]
        inner: F,
        conduct: Option<Conduct>,
        longest: Duration,
        // Set once it has to wait: what is answered at once needs none.
        #[pin]
        timer: Option<Sleep>,
        _slot: Option<Slot>,
    }
}

impl<F, R, E> Future for InTime<F>
where
    F: Future<Output = Result<http::Response<R>, E>>,
    R: Default,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(answer) = this.inner.poll(cx) {
            if let (Ok(answer), Some(conduct)) = (&answer, &this.conduct) {
                conduct.note(answer);
            }
            return Poll::Ready(answer);
        }
        if this.timer.is_none() {
            this.timer.set(Some(tokio::time::sleep(*this.longest)));
        }
        if let Some(timer) = this.timer.as_pin_mut() {
            ready!(timer.poll(cx));
        }
        let message = format!(
            "the request took longer than {} s; a change that it asked for may still be made: \
             ask with the same request id",
            this.longest.as_secs()
        );
        let failure = Failure::new(
            Code::DeadlineExceeded,
            ErrorReason::DeadlineExceeded,
            message,
        );
        Poll::Ready(Ok(Status::from(failure).into_http()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tonic_types::StatusExt as _;

    use super::*;

    #[test]
    fn clients_that_are_refused_together_come_back_one_after_another() {
        let refusals = Refusals::new();
        let waits = (0..Refusals::WAITS).map(|_| {
            let refused = refusals.next::<()>();
            let status = Status::from_header_map(refused.headers()).unwrap();
            assert_eq!(status.code(), Code::ResourceExhausted);
            status
                .get_details_retry_info()
                .unwrap()
                .retry_delay
                .unwrap()
        });
        let waits: BTreeSet<_> = waits.collect();
        assert_eq!(waits.len(), usize::try_from(Refusals::WAITS).unwrap());
        let within = Duration::from_millis(500)..Duration::from_millis(1_500);
        assert!(waits.iter().all(|wait| within.contains(wait)), "{waits:?}");
    }
}
