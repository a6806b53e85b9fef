//! A log whose appends are measured.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use keizoku_core::{NewEvent, Position, Recorded, Revision, StreamId};
use keizoku_log::{AppendError, Appended, EventLog, Head, LogError};
use opentelemetry::metrics::Histogram;
use opentelemetry::trace::{SpanBuilder, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;
use tokio::sync::watch;
use uuid::Uuid;

use super::exporter::Telemetry;
use super::metrics::{APPEND_DURATION, LOG_HEAD, LOG_QUEUE, SECONDS};

/// The log, measured; the log itself where nothing is.
pub fn observed(
    telemetry: &Telemetry,
    service: &'static str,
    log: Arc<dyn EventLog>,
) -> Arc<dyn EventLog> {
    let Some(on) = telemetry.on() else {
        return log;
    };
    let by_log = KeyValue::new("log", service);
    let waiting = Arc::new(AtomicU64::new(0));
    let queue = Arc::clone(&waiting);
    let head = log.head();
    let labels = [("log", service)];
    telemetry.gauge(LOG_QUEUE, &labels, move || queue.load(Ordering::Relaxed));
    telemetry.gauge(LOG_HEAD, &labels, move || head.borrow().position.0);
    let duration = on
        .meter
        .f64_histogram(APPEND_DURATION)
        .with_unit("s")
        .with_boundaries(SECONDS.to_vec())
        .build();
    Arc::new(Observed {
        log,
        waiting,
        duration,
        tracer: on.tracer.clone(),
        by_log,
    })
}

struct Observed {
    log: Arc<dyn EventLog>,
    waiting: Arc<AtomicU64>,
    duration: Histogram<f64>,
    tracer: SdkTracer,
    by_log: KeyValue,
}

/// One append among those that wait, until it is dropped.
struct Waiting<'w>(&'w AtomicU64);

impl<'w> Waiting<'w> {
    fn among(all: &'w AtomicU64) -> Self {
        all.fetch_add(1, Ordering::Relaxed);
        Self(all)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl EventLog for Observed {
    async fn append(
        &self,
        stream: &StreamId,
        expected: Revision,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        // The stream's name holds an id, and stays out of what is told.
        let span = SpanBuilder::from_name("log.append").with_attributes([
            self.by_log.clone(),
            KeyValue::new("events", i64::try_from(events.len()).unwrap_or(i64::MAX)),
        ]);
        let span = self.tracer.build_with_context(span, &Context::current());
        let context = Context::new().with_span(span);
        let waiting = Waiting::among(&self.waiting);
        let began = Instant::now();
        let appended = self.log.append(stream, expected, events).await;
        drop(waiting);
        let outcome = match &appended {
            Ok(_) => "ok",
            Err(AppendError::WrongRevision { .. } | AppendError::IdReused { .. }) => "raced",
            Err(_) => "failed",
        };
        let attributes = [self.by_log.clone(), KeyValue::new("outcome", outcome)];
        let seconds = began.elapsed().as_secs_f64();
        self.duration.record(seconds, &attributes);
        if outcome == "failed" {
            context.span().set_status(Status::error("not appended"));
        }
        context.span().end();
        appended
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        after: Revision,
        limit: usize,
    ) -> Result<Vec<Recorded>, LogError> {
        self.log.read_stream(stream, after, limit).await
    }

    async fn read_all(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Arc<Recorded>>, LogError> {
        self.log.read_all(after, limit).await
    }

    fn head(&self) -> watch::Receiver<Head> {
        self.log.head()
    }

    fn log_id(&self) -> Uuid {
        self.log.log_id()
    }

    async fn close(&self) {
        self.log.close().await;
    }
}

#[cfg(test)]
mod tests {
    use keizoku_core::{SystemClock, SystemEntropy};
    use keizoku_log::sqlite::{SqliteLog, SqliteOptions};

    use super::*;

    #[tokio::test]
    async fn a_log_that_nobody_measures_is_the_log_itself() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("log.sqlite");
        let options = SqliteOptions::new(path, Arc::new(SystemClock), Arc::new(SystemEntropy));
        let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open(options).unwrap());
        let same = observed(&Telemetry::default(), "risk", Arc::clone(&log));
        assert!(Arc::ptr_eq(&log, &same));
    }
}
