//! The way to the collector.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Meter, MeterProvider as _};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{
    MetricExporter, SpanExporter, WithExportConfig as _, WithTonicConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use tonic::transport::{Certificate, ClientTlsConfig};

use super::config::TelemetryConfig;

/// A collector that takes longer does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The collector cannot be used as configured.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// A certificate cannot be read.
    #[error("telemetry.ca_file cannot be read")]
    Authority(#[source] std::io::Error),
    /// The endpoint is none, or TLS cannot be used.
    #[error("telemetry.endpoint cannot be used")]
    Endpoint(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Handle for everything that is measured; the default one measures nothing.
#[derive(Clone, Default)]
pub struct Telemetry(Option<Arc<On>>);

/// How often something happened; the default one counts nothing.
#[derive(Clone, Default)]
pub struct Count(Option<Counter<u64>>);

impl Count {
    /// It happened once more. Labels come from the code and the wiring, never from a caller.
    pub fn one_more(&self, labels: &[(&'static str, &'static str)]) {
        if let Some(counter) = &self.0 {
            let labels = labels.iter().map(|(label, of)| KeyValue::new(*label, *of));
            counter.add(1, &labels.collect::<Vec<_>>());
        }
    }
}

pub(super) struct On {
    pub(super) tracer: SdkTracer,
    pub(super) meter: Meter,
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
}

impl Telemetry {
    /// What the configuration wants. Within a runtime, which the exporters use.
    ///
    /// # Errors
    /// When the endpoint or its certificates cannot be used.
    pub fn configured(config: &TelemetryConfig) -> Result<Self, TelemetryError> {
        if !config.is_configured() {
            return Ok(Self::default());
        }
        let tls = tls(config)?;
        let unusable = |error| TelemetryError::Endpoint(Box::new(error));
        let mut spans = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(&config.endpoint)
            .with_timeout(PATIENCE);
        let mut points = MetricExporter::builder()
            .with_tonic()
            .with_endpoint(&config.endpoint)
            .with_timeout(PATIENCE);
        if let Some(tls) = tls {
            spans = spans.with_tls_config(tls.clone());
            points = points.with_tls_config(tls);
        }
        let resource = Resource::builder()
            .with_service_name(config.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let ratio = f64::from(config.trace_percent) / 100.0;
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio)));
        let traces = SdkTracerProvider::builder()
            .with_batch_exporter(spans.build().map_err(unusable)?)
            .with_sampler(sampler)
            .with_resource(resource.clone())
            .build();
        let interval = Duration::from_secs(config.metrics_interval_seconds);
        let reader = PeriodicReader::builder(points.build().map_err(unusable)?)
            .with_interval(interval)
            .build();
        let metrics = SdkMeterProvider::builder()
            .with_reader(reader)
            .with_resource(resource)
            .build();
        Ok(Self(Some(Arc::new(On {
            tracer: traces.tracer("keizoku"),
            meter: metrics.meter("keizoku"),
            traces,
            metrics,
        }))))
    }

    /// Tells a number from now on, whenever metrics are sent: how much there is of something. Names
    /// are in [`metrics`](super::metrics); labels come from the wiring, never from a caller.
    pub fn gauge(
        &self,
        name: &'static str,
        labels: &[(&'static str, &str)],
        value: impl Fn() -> u64 + Send + Sync + 'static,
    ) {
        let Some(on) = self.on() else {
            return;
        };
        let labels = labels
            .iter()
            .map(|(label, of)| KeyValue::new(*label, (*of).to_owned()));
        let labels: Vec<_> = labels.collect();
        on.meter
            .u64_observable_gauge(name)
            .with_callback(move |gauge| gauge.observe(value(), &labels))
            .build();
    }

    /// Tells numbers of one kind from now on, each under its own value of `label`. Asked for on a
    /// thread of its own, which may wait.
    pub fn gauges(
        &self,
        name: &'static str,
        unit: &'static str,
        label: &'static str,
        values: impl Fn() -> Vec<(&'static str, u64)> + Send + Sync + 'static,
    ) {
        let Some(on) = self.on() else {
            return;
        };
        on.meter
            .u64_observable_gauge(name)
            .with_unit(unit)
            .with_callback(move |gauge| {
                for (of, value) in values() {
                    gauge.observe(value, &[KeyValue::new(label, of)]);
                }
            })
            .build();
    }

    /// Counts something from now on.
    #[must_use]
    pub fn count(&self, name: &'static str) -> Count {
        Count(self.on().map(|on| on.meter.u64_counter(name).build()))
    }

    pub(super) fn on(&self) -> Option<&Arc<On>> {
        self.0.as_ref()
    }

    /// Sends what is left, and nothing from then on. The runtime must be running: it has the
    /// connection to the collector.
    pub async fn shut_down(&self) {
        let Some(on) = self.0.clone() else {
            return;
        };
        let shut_down = move || {
            let traces = on.traces.shutdown_with_timeout(PATIENCE);
            let metrics = on.metrics.shutdown_with_timeout(PATIENCE);
            traces.and(metrics)
        };
        match tokio::task::spawn_blocking(shut_down).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last traces and metrics were not taken"),
            Err(error) => tracing::warn!(%error, "the last traces and metrics were not sent"),
        }
    }
}

fn tls(config: &TelemetryConfig) -> Result<Option<ClientTlsConfig>, TelemetryError> {
    if !config.endpoint.starts_with("https://") {
        return Ok(None);
    }
    crate::crypto::install();
    let tls = ClientTlsConfig::new();
    if config.ca_file.as_os_str().is_empty() {
        return Ok(Some(tls.with_native_roots()));
    }
    let authority = std::fs::read(&config.ca_file).map_err(TelemetryError::Authority)?;
    Ok(Some(tls.ca_certificate(Certificate::from_pem(authority))))
}
