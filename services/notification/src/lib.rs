//! Messages by Slack, email and outgoing webhooks about what happens to customers.
//!
//! *Used by* CSMs and their teams, who read the messages, and by CS Ops, who says who is told about
//! what. *Guarantees*: one message per fact, rule and recipient; nothing is told that was imported,
//! or recorded before its rule became active; what nobody knows is listed, never hidden; no channel
//! waits for another. *Fails* by saying so: an attempt that failed is tried again, and a message
//! that cannot be delivered is a dead letter that can be redriven.
//!
//! ```text
//! accounts, risk, healthscore, onboarding ──► read model: replicas, facts to plan ──► planner ──► own log ──► dispatcher ──► Slack, SMTP, HTTP
//!                                          schedule ──► digest ──┘          └──► read model: queues
//! ```

mod api;
mod attempt;
mod channel;
pub mod config;
mod digest;
mod dispatcher;
pub mod domain;
mod fields;
mod filter;
mod grpc;
mod happening;
mod hours;
mod judge;
mod measures;
mod message;
mod overdue;
mod planner;
mod projection;
mod queries;
mod resources;
mod route;
mod schedule;
pub mod secret;
#[cfg(test)]
mod testing;
mod trial;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use keizoku_core::{Origin, derive_id};
use keizoku_log::EventLog;
use keizoku_proto::notification::notification_service_server::NotificationServiceServer;
use keizoku_runtime::intake::{self, Intake};
use keizoku_runtime::read_model::{Projected, ReadModel, rusqlite};
use keizoku_runtime::server::{MAX_ANSWER, MAX_MESSAGE};
use keizoku_runtime::token::Progress;
use keizoku_runtime::{Cause, Deps, Failure, Freshness, effect};
use tokio::sync::watch;
use tonic::service::RoutesBuilder;

use channel::Channels;
pub use channel::smtp::SmtpError;
use config::{Config, InvalidConfig};
use dispatcher::Dispatcher;
use domain::{ACTIVATION, activation, own_call, rule, rule_stream};
use measures::Measures;
use planner::{Desk, Planner};
use queries::Queries;

/// Name of this service as a source of events.
pub const SOURCE: &str = "notification";

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] InvalidConfig),
    /// Email is configured, and cannot be sent.
    #[error(transparent)]
    Smtp(#[from] SmtpError),
    /// The read model can neither be opened nor replaced.
    #[error("the read model of notification can neither be opened nor replaced")]
    ReadModel(#[from] rusqlite::Error),
    /// The log does not take that the service has started.
    #[error("the log of notification cannot be written: {0}")]
    Log(String),
}

/// The running service.
#[derive(Clone)]
pub struct Service {
    desk: Arc<Desk>,
    freshness: Freshness,
}

/// Builds the service; its read model lives in `folder`.
///
/// # Errors
/// When the configuration or the read model cannot be used, or the log not be written.
pub async fn build(
    deps: Deps,
    log: Arc<dyn EventLog>,
    config: Config,
    folder: &Path,
) -> Result<Service, BuildError> {
    config.validate()?;
    let channels = Channels::new(&config, deps.calendar.clock())?;
    let path = folder.join("notification.model.sqlite");
    let model = ReadModel::open(
        &path,
        &[projection::SCHEMA, intake::TABLE],
        projection::handle,
    )?;
    let freshness = Freshness::default();
    let sends = config.sends();
    let follow = |source: &'static str| {
        if !sends && source != SOURCE {
            // Whoever tells nobody need not know what happens.
            return watch::channel(Progress::default()).1;
        }
        let projected = Arc::new(Projected(Arc::clone(&model)));
        // A message is not kept waiting for a batch to fill.
        let followed = deps.project(source, projected, Duration::ZERO);
        // Its facts say themselves what they are about: nobody waits for a service that may start later.
        if ![projection::ONBOARDING, projection::HEALTHSCORE].contains(&source) {
            freshness.add(source, followed.clone());
        }
        followed.progress
    };
    let (onboarding, health) = (
        follow(projection::ONBOARDING),
        follow(projection::HEALTHSCORE),
    );
    let desk = Arc::new(Desk {
        config,
        activation: deps.executor(&log),
        rules: deps.executor(&log),
        facts: deps.executor(&log),
        deliveries: deps.executor(&log),
        endpoints: deps.executor(&log),
        log,
        accounts: follow(projection::ACCOUNTS),
        risk: follow(projection::RISK),
        own: follow(SOURCE),
        queries: Queries(Arc::clone(&model)),
        book: deps.book,
        book_freshness: deps.book_freshness,
        calendar: deps.calendar,
        entropy: deps.entropy,
        lifecycle: deps.lifecycle.clone(),
        digested: std::sync::Mutex::default(),
        filters: judge::Filters::default(),
        measures: Measures::of(deps.lifecycle.telemetry()),
    });
    let unwritable = |failure: Failure| BuildError::Log(failure.message().to_owned());
    open(&desk).await.map_err(unwritable)?;
    if sends {
        desk.tell_what_waits();
        let lifecycle = deps.lifecycle;
        let planner = Arc::new(Planner(Arc::clone(&desk)));
        let sources = vec![desk.accounts.clone(), desk.risk.clone(), onboarding, health];
        effect::work(&lifecycle, Intake(model), planner, sources);
        lifecycle.until_stop(Arc::clone(&desk).digest_for_ever());
        lifecycle.until_stop(Dispatcher::new(Arc::clone(&desk), channels).send_for_ever());
    }
    Ok(Service { desk, freshness })
}

/// Says since when facts are told about, and makes the built-in rules active: once per log, and not
/// before there is a channel.
async fn open(desk: &Desk) -> Result<(), Failure> {
    // Each start is a request of its own: what it finds decides.
    let call = own_call(Origin::Schedule, desk.entropy.uuid(), Cause::default());
    let activation = &desk.activation;
    if !desk.config.sends() {
        let command = activation::Command::StartSilent;
        return activation
            .execute(ACTIVATION, command, call)
            .await
            .map(drop);
    }
    let log_id = desk.log.log_id();
    let command = activation::Command::Start { log_id };
    activation.execute(ACTIVATION, command, call).await?;
    for (key, _) in rule::built_in() {
        let call = own_call(
            Origin::Schedule,
            derive_id("built-in", &[key.as_bytes()]),
            Cause::default(),
        );
        let command = rule::Command::Define(key.to_owned());
        desk.rules.execute(rule_stream(key), command, call).await?;
    }
    Ok(())
}

impl Service {
    /// How far its read model has been read.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.freshness.clone()
    }

    /// Adds the service's RPCs to a server.
    pub fn serve(&self, routes: &mut RoutesBuilder) {
        let service = NotificationServiceServer::new(self.clone());
        routes.add_service(
            service
                .max_decoding_message_size(MAX_MESSAGE)
                .max_encoding_message_size(MAX_ANSWER),
        );
    }
}
