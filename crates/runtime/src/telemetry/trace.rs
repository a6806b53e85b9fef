//! Trace contexts between headers, events and spans, as the W3C writes them.

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;

/// Name of the header, and of the field beside an event.
pub(super) const TRACEPARENT: &str = "traceparent";

struct Header<'t>(&'t str);

impl Extractor for Header<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT).then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

/// The span that a text names; none where it names none.
pub(super) fn parent(traceparent: &str) -> Option<Context> {
    let context =
        TraceContextPropagator::new().extract_with_context(&Context::new(), &Header(traceparent));
    let is_valid = context.span().span_context().is_valid();
    is_valid.then_some(context)
}

/// The text that names a span.
pub(super) fn traceparent(span: &SpanContext) -> String {
    let (trace, id) = (span.trace_id(), span.span_id());
    format!("00-{trace}-{id}-{:02x}", span.trace_flags().to_u8())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_survives_the_header() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let context = parent(text).unwrap();
        let span = context.span();
        assert!(span.span_context().is_sampled());
        assert_eq!(traceparent(span.span_context()), text);
        for nonsense in ["", "00", "00-0-0-01", "nonsense"] {
            assert!(parent(nonsense).is_none(), "{nonsense}");
        }
    }
}
