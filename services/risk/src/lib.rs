//! Churn risks: filed, followed, closed, searched and suggested.
//!
//! *Used by* CSMs, who must not miss a next action, and by reactions of other services, which
//! suggest risks. *Guarantees*: a risk is open or closed by its completion alone; every change is
//! kept; an impact is frozen when its risk closes. *Fails* by refusing: done whole or not at all.

mod api;
pub mod domain;
mod grpc;
mod history;
mod import;
mod projection;
mod queries;
mod reactions;
mod reactor;
mod red;
mod resources;
mod stuck;
mod text;

use std::path::Path;
use std::sync::Arc;

use keizoku_core::Entropy;
use keizoku_log::EventLog;
use keizoku_proto::risk::risk_service_server::RiskServiceServer;
use keizoku_runtime::intake::{self, Intake};
use keizoku_runtime::reaction::Reactions;
use keizoku_runtime::read_model::{Projected, ReadModel};
use keizoku_runtime::server::{MAX_ANSWER, MAX_MESSAGE};
use keizoku_runtime::{
    BuildError, Calendar, Deps, Executor, Freshness, Lifecycle, SharedBook, account_names, book,
    effect, projector,
};
use tonic::service::RoutesBuilder;

use domain::catalogue::Catalogue;
use domain::risk::Risk;
use domain::suggestion::Suggestion;
use reactor::Reactor;

/// Name of this service as a source of events.
pub const SOURCE: &str = "risk";

/// The running service.
#[derive(Clone)]
pub struct Service(Arc<Risks>);

/// Everything that its RPCs use.
#[expect(
    clippy::struct_field_names,
    reason = "one executor per aggregate, named after it"
)]
pub(crate) struct Risks {
    log: Arc<dyn EventLog>,
    risks: Arc<Executor<Risk>>,
    catalogue: Arc<Executor<Catalogue>>,
    suggestions: Arc<Executor<Suggestion>>,
    book: SharedBook,
    model: Arc<ReadModel>,
    /// The book's, for answers about accounts.
    book_freshness: Freshness,
    /// The read model's, for lists.
    list_freshness: Freshness,
    /// The book's and the own log's, for changes that must come after others.
    change_freshness: Freshness,
    names: queries::Names,
    calendar: Calendar,
    entropy: Arc<dyn Entropy>,
    lifecycle: Lifecycle,
}

/// Builds the service; its read model lives in `folder`.
///
/// # Errors
/// When the read model can neither be opened nor replaced, or the log not be written.
pub async fn build(
    deps: Deps,
    log: Arc<dyn EventLog>,
    folder: &Path,
) -> Result<Service, BuildError> {
    let path = folder.join("risk.model.sqlite");
    let schema = [projection::SCHEMA, account_names::TABLE, intake::TABLE];
    let model = ReadModel::open(&path, &schema, projection::handle)?;
    let list_freshness = Freshness::default();
    let change_freshness = deps.book_freshness.copy();
    let follow = |source: &'static str| {
        let projected = Arc::new(Projected(Arc::clone(&model)));
        let followed = deps.project(source, projected, projector::SQLITE_PACE);
        list_freshness.add(source, followed.clone());
        followed
    };
    let (own, accounts) = (follow(SOURCE), follow(book::SOURCE));
    // No answer joins what it says: nobody waits for it, nor for a service that may start later.
    let onboarding = deps.project(
        projection::ONBOARDING,
        Arc::new(Projected(Arc::clone(&model))),
        projector::SQLITE_PACE,
    );
    change_freshness.add(SOURCE, own.clone());
    // Not for lists: they show nothing of it, and wait for nobody who is away.
    let projected = Arc::new(Projected(Arc::clone(&model)));
    let health = deps.project(projection::HEALTHSCORE, projected, projector::SQLITE_PACE);
    let reactions = Reactions::of(
        SOURCE,
        Arc::clone(&log),
        deps.calendar.clone(),
        deps.lifecycle.clone(),
    );
    reactions.start(book::SOURCE).await?;
    reactions.start(projection::HEALTHSCORE).await?;
    reactions.start(projection::ONBOARDING).await?;
    let risks = Arc::new(Risks {
        risks: deps.executor(&log),
        catalogue: deps.executor(&log),
        suggestions: deps.executor(&log),
        log,
        book: deps.book,
        model,
        book_freshness: deps.book_freshness,
        list_freshness,
        change_freshness,
        names: queries::Names::default(),
        calendar: deps.calendar,
        entropy: deps.entropy,
        lifecycle: deps.lifecycle.clone(),
    });
    let reactor = Arc::new(Reactor {
        risks: Arc::clone(&risks),
        reactions,
        own,
    });
    effect::work(
        &deps.lifecycle,
        Intake(Arc::clone(&risks.model)),
        reactor,
        vec![accounts.progress, onboarding.progress, health.progress],
    );
    Ok(Service(risks))
}

impl Service {
    /// How far its read model has been read.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.0.list_freshness.clone()
    }

    /// Adds the service's RPCs to a server.
    pub fn serve(&self, routes: &mut RoutesBuilder) {
        let service = RiskServiceServer::new(self.clone());
        routes.add_service(
            service
                .max_decoding_message_size(MAX_MESSAGE)
                .max_encoding_message_size(MAX_ANSWER),
        );
    }
}
