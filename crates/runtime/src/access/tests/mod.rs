//! Who is recognised, and who is not.

mod configuration;
mod published;
mod tokens;

use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::SignedDuration;
use keizoku_core::{Clock, ManualClock};
use tempfile::TempDir;
use tonic::Status;
use tonic_types::StatusExt as _;
use tower::{Layer as _, Service, ServiceExt as _};

use super::testing::{AUDIENCE, ISSUER, SECRET, now};
use super::*;
use crate::Identity;

const OPEN_RISK: &str = "/keizoku.risk.v1.RiskService/OpenRisk";
const LIST_RISKS: &str = "/keizoku.risk.v1.RiskService/ListRisks";

/// A server's door, and what is behind it: a service that says who called.
struct Door {
    layer: AccessLayer,
    clock: Arc<ManualClock>,
    folder: TempDir,
}

impl Door {
    fn file(folder: &TempDir, name: &str, content: &[u8]) -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn with(change: impl FnOnce(&TempDir, &mut AccessConfig)) -> Self {
        let folder = TempDir::new().unwrap();
        let mut config = AccessConfig {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            ..AccessConfig::default()
        };
        change(&folder, &mut config);
        let clock = Arc::new(ManualClock::at(now()));
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let authentication = Authentication::configured(&config, &shared).unwrap();
        Self {
            layer: AccessLayer::new(authentication),
            clock,
            folder,
        }
    }

    fn with_secret() -> Self {
        Self::with(|folder, config| {
            config.hs256_secret_file = Self::file(folder, "secret", SECRET);
        })
    }

    fn with_public_keys(pems: &[&str]) -> Self {
        Self::with(|folder, config| {
            config.public_keys_file = Self::file(folder, "keys.pem", pems.concat().as_bytes());
        })
    }

    fn later(&self, by: SignedDuration) {
        self.clock.set(self.clock.now() + by);
    }

    /// Who the caller of `path` is, or the reason of the refusal with its problem or missing role.
    async fn call(&self, path: &str, header: Option<&str>) -> String {
        let mut request = http::Request::builder().uri(path);
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        let inner = tower::service_fn(|request: http::Request<String>| -> BoxFuture<'static, _> {
            let identity: Option<&Identity> = request.extensions().get();
            let actor = identity.map(|identity| identity.actor.to_string());
            Box::pin(async move {
                Ok::<_, std::convert::Infallible>(http::Response::new(actor.unwrap_or_default()))
            })
        });
        let mut service = self.layer.layer(inner);
        let service = service.ready().await.unwrap();
        let answer = service
            .call(request.body(String::new()).unwrap())
            .await
            .unwrap();
        let Some(status) = Status::from_header_map(answer.headers()) else {
            return answer.into_body();
        };
        let info = status.get_details_error_info().unwrap();
        let problem = info.metadata.get("problem");
        let role = info.metadata.get("required_role");
        let told = problem.or(role).cloned().unwrap_or_default();
        format!("{} {told}", info.reason)
    }

    async fn open_risk(&self, token: &str) -> String {
        self.call(OPEN_RISK, Some(&format!("Bearer {token}"))).await
    }
}

fn refused(problem: &str) -> String {
    format!("UNAUTHENTICATED {problem}")
}

fn hanako() -> String {
    format!("user:{ISSUER}#hanako")
}
