//! Every RPC: how many, how many fail, how long they take; and the span that begins its trace.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Instant;

use http::HeaderValue;
use opentelemetry::metrics::Histogram;
use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue, StringValue};
use opentelemetry_sdk::trace::SdkTracer;
use pin_project_lite::pin_project;
use tonic::Code;
use tower::{Layer, Service};

use super::exporter::Telemetry;
use super::metrics::{RPC_DURATION, SECONDS};
use super::trace::{TRACEPARENT, parent, traceparent};
use crate::access::AccessTable;

/// What RPCs are called that no proto declares: names that callers make up are no labels.
const UNKNOWN: &str = "unknown";

/// The layer around everything else, so that refusals count.
#[derive(Clone)]
pub(crate) struct RpcLayer(Arc<Shared>);

struct Shared {
    tracer: SdkTracer,
    duration: Histogram<f64>,
    /// Path → `package.Service/Method`.
    methods: HashMap<String, StringValue>,
}

impl RpcLayer {
    /// The layer; nothing where nothing is measured.
    pub(crate) fn of(telemetry: &Telemetry) -> Option<Self> {
        let on = telemetry.on()?;
        let table = AccessTable::from_protos();
        let methods = table.iter().map(|(path, _)| {
            let method: Arc<str> = path.trim_start_matches('/').into();
            (path.to_owned(), StringValue::from(method))
        });
        let duration = on
            .meter
            .f64_histogram(RPC_DURATION)
            .with_unit("s")
            .with_boundaries(SECONDS.to_vec())
            .build();
        Some(Self(Arc::new(Shared {
            tracer: on.tracer.clone(),
            duration,
            methods: methods.collect(),
        })))
    }
}

impl<S> Layer<S> for RpcLayer {
    type Service = RpcService<S>;
    fn layer(&self, inner: S) -> Self::Service {
        RpcService {
            inner,
            shared: Arc::clone(&self.0),
        }
    }
}

/// See [`RpcLayer`].
#[derive(Clone)]
pub(crate) struct RpcService<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S, B, R> Service<http::Request<B>> for RpcService<S>
where
    S: Service<http::Request<B>, Response = http::Response<R>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Measured<S::Future>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let method = self.shared.methods.get(request.uri().path()).cloned();
        let method = method.unwrap_or_else(|| UNKNOWN.into());
        let header = request.headers().get(TRACEPARENT);
        let caller = header
            .and_then(|value| value.to_str().ok())
            .and_then(parent);
        let span = SpanBuilder::from_name(method.as_str().to_owned())
            .with_kind(SpanKind::Server)
            .with_attributes([
                KeyValue::new("rpc.system.name", "grpc"),
                KeyValue::new("rpc.method", method.clone()),
            ]);
        let span = self
            .shared
            .tracer
            .build_with_context(span, &caller.unwrap_or_default());
        let context = Context::new().with_span(span);
        // What the services find in the header, and store beside events, is this span.
        let own = traceparent(context.span().span_context());
        if let Ok(own) = HeaderValue::try_from(own) {
            request.headers_mut().insert(TRACEPARENT, own);
        }
        let trace_id = context.span().span_context().trace_id();
        // Of the highest level, so that no filter takes the trace off a line that is shown.
        let lines = tracing::error_span!("rpc", method = method.as_str(), %trace_id);
        let inner = {
            let _attached = context.clone().attach();
            let _entered = lines.enter();
            self.inner.call(request)
        };
        Measured {
            inner,
            context,
            lines,
            method,
            began: Instant::now(),
            shared: Arc::clone(&self.shared),
        }
    }
}

pin_project! {
    /// An RPC that is measured.
    pub(crate) struct Measured<F> {
        #[pin]
        inner: F,
        context: Context,
        lines: tracing::Span,
        method: StringValue,
        began: Instant,
        shared: Arc<Shared>,
    }
}

impl<F, R, E> Future for Measured<F>
where
    F: Future<Output = Result<http::Response<R>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = {
            let _attached = this.context.clone().attach();
            let _entered = this.lines.enter();
            ready!(this.inner.poll(cx))
        };
        let code = answer.as_ref().map_or(Code::Internal, code_of);
        let code = code_name(code);
        let attributes = [
            KeyValue::new("rpc.method", this.method.clone()),
            KeyValue::new("rpc.response.status_code", code),
        ];
        let seconds = this.began.elapsed().as_secs_f64();
        this.shared.duration.record(seconds, &attributes);
        let span = this.context.span();
        let [_, code_attribute] = attributes;
        span.set_attribute(code_attribute);
        if is_fault(code) {
            span.set_status(Status::error(code));
        }
        span.end();
        Poll::Ready(answer)
    }
}

/// A refusal is all headers; an answer says how it ended only after it, and began well.
fn code_of<R>(answer: &http::Response<R>) -> Code {
    let status = answer.headers().get("grpc-status");
    status.map_or(Code::Ok, |status| Code::from_bytes(status.as_bytes()))
}

/// Whether the server is at fault, and not the request.
fn is_fault(code: &str) -> bool {
    matches!(
        code,
        "INTERNAL" | "UNKNOWN" | "DATA_LOSS" | "UNAVAILABLE" | "DEADLINE_EXCEEDED"
    )
}

fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Mutex, PoisonError};

    use tower::ServiceExt as _;

    use super::*;
    use crate::telemetry::TelemetryConfig;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn log_lines_within_an_rpc_carry_its_trace() {
        let config = TelemetryConfig {
            endpoint: "http://127.0.0.1:1".to_owned(),
            ..TelemetryConfig::default()
        };
        let telemetry = Telemetry::configured(&config).unwrap();
        let lines = Lines::default();
        let written = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_env_filter("warn")
            .with_writer(move || written.clone())
            .finish();
        let _default = tracing::subscriber::set_default(subscriber);
        let service = RpcLayer::of(&telemetry).unwrap().layer(tower::service_fn(
            async |request: http::Request<()>| {
                tokio::task::yield_now().await;
                tracing::warn!("something is odd");
                let own = request.headers()[TRACEPARENT].to_str().unwrap().to_owned();
                Ok::<_, std::convert::Infallible>(http::Response::new(own))
            },
        ));
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let request = http::Request::builder()
            .uri("/keizoku.risk.v1.RiskService/OpenRisk")
            .header(TRACEPARENT, format!("00-{trace}-00f067aa0ba902b7-01"))
            .body(())
            .unwrap();
        let own = service.oneshot(request).await.unwrap().into_body();
        assert!(own.starts_with(&format!("00-{trace}-")) && !own.contains("00f067aa0ba902b7"));
        let lines = lines.0.lock().unwrap().clone();
        let lines = String::from_utf8(lines).unwrap();
        let line = lines.lines().find(|line| line.contains("something is odd"));
        let line: serde_json::Value = serde_json::from_str(line.unwrap()).unwrap();
        assert_eq!(line["span"]["trace_id"], trace);
        assert_eq!(
            line["span"]["method"],
            "keizoku.risk.v1.RiskService/OpenRisk"
        );
    }

    #[test]
    fn without_a_collector_there_is_no_layer() {
        assert!(RpcLayer::of(&Telemetry::default()).is_none());
    }
}
