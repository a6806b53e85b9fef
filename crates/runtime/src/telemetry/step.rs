//! A step on the way of a change after its RPC: a span in the trace that is stored beside events.

use std::borrow::Cow;

use opentelemetry::trace::{
    FutureExt as _, SpanBuilder, SpanKind, Status, TraceContextExt as _, Tracer as _,
};
use opentelemetry::{Context, KeyValue};

use super::exporter::Telemetry;
use super::trace::{parent, traceparent};

/// A step under way; it ends when it is dropped. Where nothing is measured it hands on the trace that
/// it was given.
pub struct Step(Part);

enum Part {
    Measured(Context),
    Unmeasured(String),
}

impl Telemetry {
    /// Begins a step of the process's own work, in the trace that `of` names, or else in a new one.
    #[must_use]
    pub fn step(&self, name: &'static str, of: &str) -> Step {
        self.begin(name, of, SpanKind::Internal)
    }

    /// Begins a step that asks something of another system.
    #[must_use]
    pub fn call_out(&self, name: &'static str, of: &str) -> Step {
        self.begin(name, of, SpanKind::Client)
    }

    fn begin(&self, name: &'static str, of: &str, kind: SpanKind) -> Step {
        let Some(on) = self.on() else {
            return Step(Part::Unmeasured(of.to_owned()));
        };
        let span = SpanBuilder::from_name(name).with_kind(kind);
        let span = on
            .tracer
            .build_with_context(span, &parent(of).unwrap_or_default());
        Step(Part::Measured(Context::new().with_span(span)))
    }
}

impl Step {
    /// What is stored beside events of this step, and sent along with it: its own span.
    #[must_use]
    pub fn traceparent(&self) -> String {
        match &self.0 {
            Part::Measured(context) => traceparent(context.span().span_context()),
            Part::Unmeasured(of) => of.clone(),
        }
    }

    /// Does work as a part of the step: what it appends is told of within.
    pub async fn around<T>(&self, work: impl Future<Output = T>) -> T {
        match &self.0 {
            Part::Measured(context) => work.with_context(context.clone()).await,
            Part::Unmeasured(_) => work.await,
        }
    }

    /// Says more about it; nothing that names a person or holds a secret.
    pub fn note(&self, label: &'static str, value: impl Into<Cow<'static, str>>) {
        if let Part::Measured(context) = &self.0 {
            let value: Cow<'static, str> = value.into();
            context.span().set_attribute(KeyValue::new(label, value));
        }
    }

    /// Says that it did not do what it was for.
    pub fn fail(&self, why: &'static str) {
        if let Part::Measured(context) = &self.0 {
            context.span().set_status(Status::error(why));
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Part::Measured(context) = &self.0 {
            context.span().end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_collector_the_trace_is_handed_on() {
        let of = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let step = Telemetry::default().step("plan", of);
        assert_eq!(step.traceparent(), of);
        assert_eq!(Telemetry::default().step("plan", "").traceparent(), "");
    }
}
