//! The services of a process: wired by hand, top to bottom.

use std::sync::Arc;

use jiff::tz::TimeZone;
use keizoku_log::EventLog;
use keizoku_runtime::server as grpc;
use keizoku_runtime::{Calendar, Deps, Freshness, Lifecycle};
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
    /// The same with what services elsewhere know, which may start later.
    pub(super) of_others: Vec<Freshness>,
}

impl Services {
    /// Counts a service in: its health depends on the book and on its own models.
    fn add(&mut self, role: Role, book: &Freshness, own: Freshness) {
        let (package, freshness) = (role.package(), vec![book.clone(), own.clone()]);
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
    let not_built = |role: Role| move |error| StartError::Service(role.name(), error);
    let working_days = config.calendar.working_days()?;
    let calendar = Calendar::new(Arc::clone(&ambient.clock), default_zone());
    let calendar = calendar.with_working_days(working_days);
    let (bus, entropy) = (Arc::clone(&exchange.bus), Arc::clone(&ambient.entropy));
    let deps = Deps::new(bus, calendar, entropy, lifecycle.clone());
    let log = |role: Role| -> Option<Arc<dyn EventLog>> {
        let log = role.source().and_then(|source| exchange.logs.get(source));
        log.filter(|_| roles.has(role)).map(Arc::clone)
    };

    let mut services = Services::default();
    let book = &deps.book_freshness;
    services.freshness.push(book.clone());
    if let Some(log) = log(Role::Accounts) {
        let accounts = keizoku_accounts::build(deps.clone(), log, folder).await;
        let accounts = accounts.map_err(not_built(Role::Accounts))?;
        accounts.serve(&mut services.routes);
        services.add(Role::Accounts, book, accounts.freshness());
    }
    if let Some(log) = log(Role::Risk) {
        let risk = keizoku_risk::build(deps.clone(), log, folder).await;
        let risk = risk.map_err(not_built(Role::Risk))?;
        risk.serve(&mut services.routes);
        services.add(Role::Risk, book, risk.freshness());
    }
    if roles.has(Role::Forecast) {
        let forecast = keizoku_forecast::build(deps.clone(), folder).map_err(unusable)?;
        forecast.serve(&mut services.routes);
        services.add(Role::Forecast, book, forecast.freshness());
        // Services elsewhere may start later; whoever asks for what they know waits for them.
        if roles.has(Role::Onboarding) && roles.has(Role::Healthscore) {
            services.freshness.push(forecast.whole_freshness());
        } else {
            services.of_others.push(forecast.whole_freshness());
        }
        services.freshness.push(forecast.names_freshness());
    }
    if let Some(log) = log(Role::Notification) {
        let settings = config.notification.clone();
        let notification = keizoku_notification::build(deps.clone(), log, settings, folder).await?;
        notification.serve(&mut services.routes);
        services.add(Role::Notification, book, notification.freshness());
    }
    if let Some(log) = log(Role::Onboarding) {
        let settings = config.onboarding.clone();
        let onboarding = keizoku_onboarding::build(deps.clone(), log, settings, folder).await?;
        onboarding.serve(&mut services.routes);
        services.add(Role::Onboarding, book, onboarding.freshness());
        if roles.has(Role::Healthscore) {
            services.freshness.push(onboarding.use_freshness());
        } else {
            services.of_others.push(onboarding.use_freshness());
        }
    }
    if let Some(log) = log(Role::Healthscore) {
        let health = keizoku_healthscore::build(deps.clone(), log, folder).await;
        let health = health.map_err(not_built(Role::Healthscore))?;
        health.serve(&mut services.routes);
        services.add(Role::Healthscore, book, health.freshness());
    }
    Ok(services)
}

/// The organisation's zone until it says otherwise (GEN-1).
fn default_zone() -> TimeZone {
    TimeZone::get("Asia/Tokyo").unwrap_or(TimeZone::UTC)
}
