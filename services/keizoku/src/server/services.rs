//! The services of a process: wired by hand, top to bottom.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use keizoku_log::EventLog;
use keizoku_runtime::book::{self, BookModel};
use keizoku_runtime::server as grpc;
use keizoku_runtime::{Calendar, Freshness, Lifecycle, projector};
use tonic::service::RoutesBuilder;

use super::config::Config;
use super::exchange::Exchange;
use super::{Ambient, Role, Roles, StartError};

/// What the process answers, and how far that has been read.
#[derive(Default)]
pub(super) struct Services {
    pub(super) routes: RoutesBuilder,
    /// For each service, what its health depends on.
    pub(super) parts: Vec<grpc::Part>,
    pub(super) freshness: Vec<Freshness>,
}

impl Services {
    /// Counts a service in: its health depends on the book and on its own models.
    fn add(&mut self, package: &'static str, book: &Freshness, own: Freshness) {
        let freshness = vec![book.clone(), own.clone()];
        self.parts.push(grpc::Part { package, freshness });
        self.freshness.push(own);
    }
}

/// Builds the services; their read models live in the data directory.
pub(super) async fn build(
    roles: &Roles,
    exchange: &Exchange,
    config: &Config,
    ambient: &Ambient,
    lifecycle: &Lifecycle,
) -> Result<Services, StartError> {
    let folder = config.data_dir.as_path();
    let unusable = |error| StartError::ReadModel(folder.to_owned(), error);
    let not_built = |service| move |error| StartError::Service(service, error);
    let Exchange { logs, bus, .. } = exchange;
    let calendar = Calendar::new(Arc::clone(&ambient.clock), default_zone());
    let book = BookModel::new(calendar.clone());
    let book_freshness = Freshness::default();
    let reading = projector::project(
        lifecycle,
        Arc::clone(bus),
        book::SOURCE,
        Arc::<BookModel>::clone(&book),
        Duration::ZERO,
    );
    book_freshness.add(book::SOURCE, reading);

    let mut services = Services::default();
    services.freshness.push(book_freshness.clone());
    let log = |role: Role| -> Option<Arc<dyn EventLog>> {
        let log = role.source().and_then(|source| logs.get(source));
        log.filter(|_| roles.has(role)).map(Arc::clone)
    };
    if let Some(log) = log(Role::Accounts) {
        let deps = keizoku_accounts::Deps {
            log,
            bus: Arc::clone(bus),
            book: Arc::clone(&book),
            book_freshness: book_freshness.clone(),
            calendar: calendar.clone(),
            entropy: Arc::clone(&ambient.entropy),
            lifecycle: lifecycle.clone(),
        };
        let accounts = keizoku_accounts::build(deps, folder).await;
        let accounts = accounts.map_err(not_built(Role::Accounts.name()))?;
        accounts.serve(&mut services.routes);
        services.add("keizoku.accounts.v1", &book_freshness, accounts.freshness());
    }
    if let Some(log) = log(Role::Risk) {
        let deps = keizoku_risk::Deps {
            log,
            bus: Arc::clone(bus),
            book: Arc::clone(&book),
            book_freshness: book_freshness.clone(),
            calendar: calendar.clone(),
            entropy: Arc::clone(&ambient.entropy),
            lifecycle: lifecycle.clone(),
        };
        let risk = keizoku_risk::build(deps, folder).await;
        let risk = risk.map_err(not_built(Role::Risk.name()))?;
        risk.serve(&mut services.routes);
        services.add("keizoku.risk.v1", &book_freshness, risk.freshness());
    }
    if roles.has(Role::Forecast) {
        let deps = keizoku_forecast::Deps {
            bus: Arc::clone(bus),
            book: Arc::clone(&book),
            book_freshness: book_freshness.clone(),
            lifecycle: lifecycle.clone(),
        };
        let forecast = keizoku_forecast::build(deps, folder).map_err(unusable)?;
        forecast.serve(&mut services.routes);
        services.add("keizoku.forecast.v1", &book_freshness, forecast.freshness());
        services.freshness.push(forecast.names_freshness());
    }
    if let Some(log) = log(Role::Notification) {
        let deps = keizoku_notification::Deps {
            log,
            bus: Arc::clone(bus),
            book,
            book_freshness: book_freshness.clone(),
            calendar,
            entropy: Arc::clone(&ambient.entropy),
            lifecycle: lifecycle.clone(),
        };
        let settings = config.notification.clone();
        let notification = keizoku_notification::build(deps, settings, folder).await?;
        notification.serve(&mut services.routes);
        services.add(
            "keizoku.notification.v1",
            &book_freshness,
            notification.freshness(),
        );
    }
    Ok(services)
}

/// The organisation's zone until it says otherwise (GEN-1).
fn default_zone() -> TimeZone {
    TimeZone::get("Asia/Tokyo").unwrap_or(TimeZone::UTC)
}
