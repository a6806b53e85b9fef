//! Refusals of requests that nobody looked into.

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};
use tokio_util::bytes::Buf;
use tonic::codegen::Body;

/// What is taken off a request's hands, in bytes: more than almost any holds.
const TAKEN: usize = 64 * 1024;
/// How long the rest of a request is waited for: it is usually there with its beginning.
const PATIENCE: Duration = Duration::from_secs(2);

pin_project! {
    /// An answer that waits a moment for the rest of its request, and throws that away.
    ///
    /// What arrives for a stream that was answered already is an error of the peer to HTTP/2, and a
    /// connection with many of those is closed: whoever is refused often would lose it.
    pub(crate) struct Refusal<B, R, E> {
        #[pin]
        rest: B,
        left: usize,
        #[pin]
        timer: Option<Sleep>,
        answer: Option<http::Response<R>>,
        error: PhantomData<fn() -> E>,
    }
}

impl<B, R, E> Refusal<B, R, E> {
    pub(crate) fn of(request: http::Request<B>, answer: http::Response<R>) -> Self {
        Self {
            rest: request.into_body(),
            left: TAKEN,
            timer: None,
            answer: Some(answer),
            error: PhantomData,
        }
    }
}

impl<B: Body, R, E> Future for Refusal<B, R, E> {
    type Output = Result<http::Response<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let is_over = loop {
            match this.rest.as_mut().poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) if *this.left > 0 => {
                    let size = frame.data_ref().map_or(0, Buf::remaining);
                    *this.left = this.left.saturating_sub(size);
                }
                Poll::Ready(_) => break true,
                Poll::Pending => break false,
            }
        };
        if !is_over {
            if this.timer.is_none() {
                this.timer.set(Some(sleep(PATIENCE)));
            }
            if let Some(timer) = this.timer.as_mut().as_pin_mut() {
                ready!(timer.poll(cx));
            }
        }
        // Polled once more after the answer: there is nothing to say any longer.
        this.answer
            .take()
            .map_or(Poll::Pending, |answer| Poll::Ready(Ok(answer)))
    }
}
