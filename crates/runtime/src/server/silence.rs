//! Connections that say nothing: in the middle of a handshake as well as before the first request.
//!
//! A peer that speaks HTTP/2 is asked whether it is there and answers, so that silence for twice that
//! long comes from one that does not speak it, or has gone.

use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tonic::transport::server::Connected;

use super::conduct::Conduct;
use super::places::Place;
use crate::socket::Socket;

/// A connection in its place, that ends when nothing was heard for `longest`, at the latest after
/// twice that time.
pub(super) struct Attentive {
    stream: Socket,
    longest: Duration,
    timer: Pin<Box<Sleep>>,
    /// Whether anything was heard since the timer was set: to set it anew for each read would cost more.
    heard: bool,
    conduct: Conduct,
    /// Runs while nothing is read because of the client's conduct.
    pause: Option<Pin<Box<Sleep>>>,
    _place: Place,
}

impl Attentive {
    pub(super) fn to(stream: Socket, longest: Duration, place: Place) -> Self {
        Self {
            stream,
            longest,
            timer: Box::pin(sleep(longest)),
            heard: false,
            conduct: Conduct::new(Instant::now()),
            pause: None,
            _place: place,
        }
    }

    /// Waits until the client may be listened to again.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        if let Some(until) = self.conduct.paused_until()
            && until > Instant::now()
        {
            let pause = self.pause.insert(Box::pin(sleep_until(until)));
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Attentive {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        ready!(self.poll_turn(cx));
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, into) {
            self.heard = true;
            return Poll::Ready(read);
        }
        loop {
            ready!(self.timer.as_mut().poll(cx));
            if !self.heard {
                return Poll::Ready(Err(Error::from(ErrorKind::TimedOut)));
            }
            self.heard = false;
            let next = Instant::now() + self.longest;
            self.timer.as_mut().reset(next);
        }
    }
}

impl AsyncWrite for Attentive {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Connected for Attentive {
    type ConnectInfo = Conduct;

    fn connect_info(&self) -> Conduct {
        self.conduct.clone()
    }
}
