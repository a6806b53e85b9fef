//! `grpc.health.v1`: whether each service answers.

use keizoku_proto::DESCRIPTORS;
use prost_reflect::DescriptorPool;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::server::{HealthReporter, health_reporter};

use crate::{Freshness, Lifecycle};

/// A service of the process, and the models behind its answers.
pub struct Part {
    /// Package of its protos: `keizoku.risk.v1`.
    pub package: &'static str,
    /// What has to have been read before it answers.
    pub freshness: Vec<Freshness>,
}

/// The name under which a process is asked for as a whole.
const WHOLE: &str = "";

/// Reports each part by the names of its gRPC services: not serving until its models have read what
/// was recorded before the start, and again when the process stops.
pub(super) async fn report(
    parts: Vec<Part>,
    lifecycle: &Lifecycle,
) -> HealthServer<impl Health + use<>> {
    let (reporter, server) = health_reporter();
    let pool = DescriptorPool::decode(DESCRIPTORS).unwrap_or_default();
    let mut names = vec![WHOLE.to_owned()];
    let mut all = Vec::new();
    for part in parts {
        let services = pool.services();
        let services =
            services.filter(|service| service.parent_file().package_name() == part.package);
        let services: Vec<_> = services
            .map(|service| service.full_name().to_owned())
            .collect();
        names.extend(services.iter().cloned());
        all.extend(part.freshness.iter().cloned());
        serve_once_ready(services, part.freshness, reporter.clone(), lifecycle);
    }
    set(&reporter, &names, ServingStatus::NotServing).await;
    serve_once_ready(vec![WHOLE.to_owned()], all, reporter.clone(), lifecycle);
    let stopped = lifecycle.stopped_owned();
    lifecycle.track(async move {
        stopped.await;
        set(&reporter, &names, ServingStatus::NotServing).await;
    });
    server
}

fn serve_once_ready(
    names: Vec<String>,
    models: Vec<Freshness>,
    reporter: HealthReporter,
    lifecycle: &Lifecycle,
) {
    lifecycle.until_stop(async move {
        for model in models {
            model.ready().await;
        }
        set(&reporter, &names, ServingStatus::Serving).await;
    });
}

async fn set(reporter: &HealthReporter, names: &[String], status: ServingStatus) {
    for name in names {
        reporter.set_service_status(name, status).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use keizoku_core::Position;
    use tokio::sync::watch;
    use tonic::service::RoutesBuilder;
    use tonic::transport::Endpoint;
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_check_response::ServingStatus as Told;
    use tonic_health::pb::health_client::HealthClient;
    use uuid::Uuid;

    use super::*;
    use crate::server::{Settings, listen, serve};
    use crate::token::{Followed, Progress};

    #[tokio::test]
    async fn a_service_serves_once_it_has_read_what_was_there_before_the_start() {
        let (progress, receiver) = watch::channel(Progress::default());
        let slow = Freshness::default();
        slow.add("risk", Followed::new(receiver, Arc::default()));
        let part = |package, freshness| Part { package, freshness };
        let parts = vec![
            part("keizoku.risk.v1", vec![slow]),
            part("keizoku.forecast.v1", Vec::new()),
        ];
        let settings = Settings::default();
        let listener = listen(([127, 0, 0, 1], 0).into(), &settings).await.unwrap();
        let address = listener.local_addr().unwrap();
        let lifecycle = Lifecycle::new();
        let until_stop = lifecycle.clone();
        let served = lifecycle.track(async move {
            serve(
                listener,
                RoutesBuilder::default(),
                parts,
                settings,
                &until_stop,
            )
            .await
        });
        let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
        let mut client = HealthClient::new(endpoint.connect().await.unwrap());
        let mut watch = async |service: &str| {
            let service = service.to_owned();
            let watch = client.watch(HealthCheckRequest { service }).await;
            watch.unwrap().into_inner()
        };
        let mut forecast = watch("keizoku.forecast.v1.ForecastService").await;
        while forecast.message().await.unwrap().unwrap().status() != Told::Serving {}
        let mut risk = watch("keizoku.risk.v1.RiskService").await;
        let mut whole = watch("").await;
        for watch in [&mut risk, &mut whole] {
            let status = watch.message().await.unwrap().unwrap().status();
            assert_eq!(status, Told::NotServing);
        }

        progress.send_modify(|progress| {
            progress.log_id = Uuid::from_u128(1);
            progress.ready_at = Position(2);
            progress.position = Position(1);
        });
        progress.send_modify(|progress| progress.position = Position(2));
        for watch in [&mut risk, &mut whole] {
            let status = watch.message().await.unwrap().unwrap().status();
            assert_eq!(status, Told::Serving);
        }
        lifecycle.stop();
        for watch in [&mut risk, &mut whole] {
            let status = watch.message().await.unwrap().unwrap().status();
            assert_eq!(status, Told::NotServing);
        }
        drop((client, forecast, risk, whole));
        served.await.unwrap().unwrap();
    }
}
