//! Read models: how far they are behind, and the spans in which they take events in.

use std::collections::BTreeSet;
use std::sync::Arc;

use keizoku_core::Recorded;
use keizoku_proto::common::EventMetadata;
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanBuilder, SpanKind, TraceContextExt as _, Tracer as _};
use opentelemetry_sdk::trace::Span;
use prost::Message as _;
use tokio::sync::watch;

use super::exporter::Telemetry;
use super::metrics::{MODEL_LAG, MODEL_PARKED};
use super::trace::parent;
use crate::token::Progress;

/// Traces of one batch that get a span: a replay has more than anybody looks at.
const TRACES: usize = 32;

/// Events that a model takes in, as a span in the trace of each change; they end when it is dropped.
#[derive(Default)]
pub(crate) struct Taking(Vec<Span>);

impl Drop for Taking {
    fn drop(&mut self) {
        for span in &mut self.0 {
            span.end();
        }
    }
}

impl Telemetry {
    /// Tells how far a model is behind its source, from now on.
    pub(crate) fn follows(
        &self,
        model: &str,
        source: &'static str,
        progress: &watch::Receiver<Progress>,
    ) {
        let labels = [("model", model), ("source", source)];
        let (lag, parked) = (progress.clone(), progress.clone());
        self.gauge(MODEL_LAG, &labels, move || {
            let Progress { position, head, .. } = *lag.borrow();
            head.0.saturating_sub(position.0)
        });
        self.gauge(MODEL_PARKED, &labels, move || {
            u64::from(parked.borrow().parked)
        });
    }

    /// A model begins to take events in.
    pub(crate) fn takes(
        &self,
        model: &str,
        source: &'static str,
        events: &[Arc<Recorded>],
    ) -> Taking {
        let Some(on) = self.on() else {
            return Taking::default();
        };
        let traces = events.iter().map(|event| {
            let metadata = EventMetadata::decode(&*event.metadata);
            metadata.unwrap_or_default().traceparent
        });
        let traces: BTreeSet<String> = traces.take(TRACES * 4).collect();
        let contexts = traces.iter().filter_map(|text| parent(text));
        let sampled = contexts.filter(|context| context.span().span_context().is_sampled());
        let spans = sampled.take(TRACES).map(|context| {
            let span = SpanBuilder::from_name("model.apply")
                .with_kind(SpanKind::Consumer)
                .with_attributes([
                    KeyValue::new("model", model.to_owned()),
                    KeyValue::new("source", source),
                ]);
            on.tracer.build_with_context(span, &context)
        });
        Taking(spans.collect())
    }
}
