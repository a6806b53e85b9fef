//! Relays: how far they are behind, whether they get on, and the spans in which events are on their
//! way to NATS.

use std::sync::Arc;

use keizoku_bus::nats::{Relay, Sending};
use keizoku_core::Recorded;
use keizoku_log::EventLog;
use keizoku_proto::common::EventMetadata;
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanBuilder, SpanKind, TraceContextExt as _, Tracer as _};
use opentelemetry_sdk::trace::Span;
use prost::Message as _;

use super::exporter::Telemetry;
use super::metrics::{RELAY_INTERRUPTED, RELAY_LAG};
use super::trace::parent;

/// An event on its way; it has arrived when this is dropped.
struct OnItsWay(Span);

impl Drop for OnItsWay {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Telemetry {
    /// The relay of a log, measured; the relay itself where nothing is.
    #[must_use]
    pub fn relayed(&self, log: &'static str, events: &Arc<dyn EventLog>, relay: Relay) -> Relay {
        let Some(on) = self.on().map(Arc::clone) else {
            return relay;
        };
        let head = events.head();
        let (lag, trouble) = (relay.progress(), relay.progress());
        // What was recorded before the start is no news.
        let known = head.borrow().position;
        let labels = [("log", log)];
        self.gauge(RELAY_LAG, &labels, move || {
            let published = lag.borrow().published.0;
            head.borrow().position.0.saturating_sub(published)
        });
        self.gauge(RELAY_INTERRUPTED, &labels, move || {
            u64::from(trouble.borrow().trouble.is_some())
        });
        relay.watched(move |event: &Recorded| {
            if event.position <= known {
                return None;
            }
            let metadata = EventMetadata::decode(&*event.metadata).unwrap_or_default();
            let context = parent(&metadata.traceparent)?;
            if !context.span().span_context().is_sampled() {
                return None;
            }
            let span = SpanBuilder::from_name("relay.publish")
                .with_kind(SpanKind::Producer)
                .with_attributes([KeyValue::new("log", log)]);
            let span = on.tracer.build_with_context(span, &context);
            Some(Box::new(OnItsWay(span)) as Sending)
        })
    }
}
