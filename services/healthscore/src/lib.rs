//! Health scores: signals in, an explained score out, at any instant.
//!
//! *Used by* CSMs, who must see who drifts away while it can still be helped, and by CS Ops, who say
//! what health is. *Guarantees*: a signal counts once, whatever is sent again; a score is a function of
//! what had been recorded by an instant, and of that instant; its contributions add up to it exactly.
//! *Fails* by saying so: a bad signal is refused with its reason while the others go in, and with too
//! little that is fresh there is no score.

mod api;
pub mod domain;
mod grpc;
mod history;
mod ingest;
mod projection;
mod resources;
pub mod scoring;

use std::path::Path;
use std::sync::Arc;

use keizoku_core::Entropy;
use keizoku_log::EventLog;
use keizoku_proto::healthscore::health_score_service_server::HealthScoreServiceServer;
use keizoku_runtime::read_model::{Projected, ReadModel, rusqlite};
use keizoku_runtime::server::{MAX_ANSWER, MAX_MESSAGE};
use keizoku_runtime::{Calendar, Deps, Executor, Freshness, Lifecycle, SharedBook, projector};
use tonic::service::RoutesBuilder;

use domain::chunk::Chunk;
use domain::overriding::Overriding;
use domain::scorecards::Scorecards;

/// Name of this service as a source of events.
pub const SOURCE: &str = "healthscore";

/// The running service.
#[derive(Clone)]
pub struct Service(Arc<HealthScores>);

/// Everything that its RPCs use.
pub(crate) struct HealthScores {
    log: Arc<dyn EventLog>,
    chunks: Arc<Executor<Chunk>>,
    scorecards: Arc<Executor<Scorecards>>,
    overridings: Arc<Executor<Overriding>>,
    model: Arc<ReadModel>,
    book: SharedBook,
    /// The book's, for what hangs on contracts.
    book_freshness: Freshness,
    /// The book's and the read model's, for scores.
    freshness: Freshness,
    calendar: Calendar,
    entropy: Arc<dyn Entropy>,
    lifecycle: Lifecycle,
}

/// Builds the service; its read model lives in `folder`.
///
/// # Errors
/// When the read model can neither be opened nor replaced.
pub fn build(deps: Deps, log: Arc<dyn EventLog>, folder: &Path) -> rusqlite::Result<Service> {
    let path = folder.join("healthscore.model.sqlite");
    let model = ReadModel::open(&path, &[projection::SCHEMA], projection::handle)?;
    let freshness = deps.book_freshness.copy();
    let progress = deps.project(
        SOURCE,
        Arc::new(Projected(Arc::clone(&model))),
        projector::SQLITE_PACE,
    );
    freshness.add(SOURCE, progress);
    Ok(Service(Arc::new(HealthScores {
        chunks: deps.executor(&log),
        scorecards: deps.executor(&log),
        overridings: deps.executor(&log),
        log,
        model,
        book: deps.book,
        book_freshness: deps.book_freshness,
        freshness,
        calendar: deps.calendar,
        entropy: deps.entropy,
        lifecycle: deps.lifecycle,
    })))
}

impl Service {
    /// How far its read model has been read.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.0.freshness.clone()
    }

    /// Adds the service's RPCs to a server.
    pub fn serve(&self, routes: &mut RoutesBuilder) {
        let service = HealthScoreServiceServer::new(self.clone());
        routes.add_service(
            service
                .max_decoding_message_size(MAX_MESSAGE)
                .max_encoding_message_size(MAX_ANSWER),
        );
    }
}
