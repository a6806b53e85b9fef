//! What one process takes on: what is more is refused at once, and what takes too long is given up.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::future::Either;
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

/// Answered however much there is to do: whoever asks decides where requests go.
const HEALTH: &str = "/grpc.health.v1.";

/// How much a process takes on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Connections at the same time.
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
}

impl LimitLayer {
    pub(super) fn new(limits: &LimitsConfig) -> Self {
        Self {
            slots: Arc::new(Slots {
                taken: AtomicUsize::new(0),
                most: limits.requests_in_flight,
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
            return Either::Right(Refusal::of(request, Failure::overloaded()));
        };
        Either::Left(InTime {
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
