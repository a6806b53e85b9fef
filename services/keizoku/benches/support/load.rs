//! Load: as many requests under way as may be, or so many a second whatever the answers do.

use std::cell::Cell;
use std::future::Future;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tonic::Status;

/// Requests under way when the server is to be busy all the time.
pub(crate) const IN_FLIGHT: usize = 64;
/// Requests under way at most when they come at their own pace: fewer than a server has places for, which
/// others need, too.
const BOUND: usize = 384;

/// Requests per second with [`IN_FLIGHT`] of them under way for so long.
pub(crate) async fn throughput<F, A>(round: Duration, request: F) -> Result<f64, Status>
where
    F: Fn() -> A,
    A: Future<Output = Result<(), Status>>,
{
    let answered = Cell::new(0_u32);
    let began = Instant::now();
    let worker = async || {
        while began.elapsed() < round {
            request().await?;
            answered.set(answered.get() + 1);
        }
        Ok::<_, Status>(())
    };
    futures::future::try_join_all((0..IN_FLIGHT).map(|_| worker())).await?;
    Ok(f64::from(answered.get()) / began.elapsed().as_secs_f64())
}

/// How well an open load kept its pace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Requests per second that were sent.
    pub(crate) sent: f64,
    /// How late a request was sent at most: the client was busy, or [`BOUND`] were under way.
    pub(crate) behind: Duration,
}

/// Sends `rate` requests per second until `is_over`, and waits for their answers.
pub(crate) async fn at_rate<F, A>(
    rate: f64,
    is_over: &Cell<bool>,
    request: F,
) -> Result<Pace, Status>
where
    F: Fn() -> A,
    A: Future<Output = Result<(), Status>>,
{
    let mut under_way = FuturesUnordered::new();
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    let (mut sent, mut behind) = (0_u32, 0.0_f64);
    let began = Instant::now();
    while !is_over.get() {
        let due = began.elapsed().as_secs_f64() * rate;
        behind = behind.max((due - f64::from(sent)) / rate);
        while f64::from(sent) < due && under_way.len() < BOUND {
            under_way.push(request());
            sent += 1;
        }
        tokio::select! {
            _ = ticks.tick() => {}
            Some(answered) = under_way.next() => answered?,
        }
    }
    let sent = f64::from(sent) / began.elapsed().as_secs_f64();
    while let Some(answered) = under_way.next().await {
        answered?;
    }
    Ok(Pace {
        sent,
        behind: Duration::from_secs_f64(behind.max(0.0)),
    })
}
