//! Health scores: signals in, an explained score out, at any instant.
//!
//! *Used by* CSMs, who must see who drifts away while it can still be helped, and by CS Ops, who say
//! what health is. *Guarantees*: a signal counts once, whatever is sent again; a score is a function of
//! what had been recorded by an instant, and of that instant; its contributions add up to it exactly.
//! *Fails* by saying so: a bad signal is refused with its reason while the others go in, and with too
//! little that is fresh there is no score.

mod adoption;
mod api;
pub mod domain;
mod goals;
mod grpc;
mod history;
mod ingest;
mod keeper;
mod projection;
mod queue;
mod reactions;
mod reactor;
mod report;
mod resources;
mod saying;
pub mod scorecard_file;
pub mod scoring;
mod stored;
mod trial;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use keizoku_core::Entropy;
use keizoku_log::EventLog;
use keizoku_proto::healthscore::health_score_service_server::HealthScoreServiceServer;
use keizoku_runtime::intake::{self, Intake};
use keizoku_runtime::reaction::Reactions;
use keizoku_runtime::read_model::{Projected, ReadModel};
use keizoku_runtime::server::{MAX_ANSWER, MAX_MESSAGE};
use keizoku_runtime::{
    BuildError, Calendar, Deps, Executor, Freshness, Lifecycle, SharedBook, account_names, book,
    effect,
};
use tokio::sync::{Mutex, watch};
use tonic::service::RoutesBuilder;

use domain::banding::Banding;
use domain::chunk::Chunk;
use domain::overriding::Overriding;
use domain::releases::Releases;
use domain::scorecards::Scorecards;
use domain::silence::Silence;
use domain::uses::Uses;
use keeper::Keeper;
use reactor::Reactor;

/// Name of this service as a source of events.
pub const SOURCE: &str = "healthscore";

/// Time between two batches of the read model: a signal shows in lists a few of them after it arrived.
const PACE: Duration = Duration::from_millis(25);

/// The running service.
#[derive(Clone)]
pub struct Service(Arc<HealthScores>);

/// Everything that its RPCs use.
pub(crate) struct HealthScores {
    log: Arc<dyn EventLog>,
    chunks: Arc<Executor<Chunk>>,
    scorecards: Arc<Executor<Scorecards>>,
    overridings: Arc<Executor<Overriding>>,
    bands: Arc<Executor<Banding>>,
    silences: Arc<Executor<Silence>>,
    uses: Arc<Executor<Uses>>,
    releases: Arc<Executor<Releases>>,
    model: Arc<ReadModel>,
    book: SharedBook,
    /// The book's, for what hangs on contracts.
    book_freshness: Freshness,
    /// The book's and the read model's, for scores.
    freshness: Freshness,
    /// The read model's, for lists and for what changes by itself.
    list_freshness: Freshness,
    /// All of these, and what onboardings say.
    goal_freshness: Freshness,
    /// How far the scores in the read model are worked off.
    kept: watch::Receiver<keeper::Progress>,
    /// Whose turn it is to try a scorecard out.
    trials: Mutex<()>,
    /// Whose turn it is to look at what came of a release.
    adoptions: Mutex<()>,
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
    let path = folder.join("healthscore.model.sqlite");
    let schema = [projection::SCHEMA, account_names::TABLE, intake::TABLE];
    let model = ReadModel::open(&path, &schema, projection::handle)?;
    let list_freshness = Freshness::default();
    let follow = |source: &'static str| {
        let projected = Arc::new(Projected(Arc::clone(&model)));
        let followed = deps.project(source, projected, PACE);
        list_freshness.add(source, followed.clone());
        followed
    };
    let (own, accounts) = (follow(SOURCE), follow(book::SOURCE));
    let freshness = deps.book_freshness.copy();
    freshness.add(SOURCE, own.clone());
    // Its signals come when they come; only questions about goals wait for it.
    let projected = Arc::new(Projected(Arc::clone(&model)));
    let onboardings = deps.project(projection::ONBOARDING, projected, PACE);
    let goal_freshness = freshness.copy();
    goal_freshness.add(projection::ONBOARDING, onboardings.clone());
    let reactions = Reactions::of(
        SOURCE,
        Arc::clone(&log),
        deps.calendar.clone(),
        deps.lifecycle.clone(),
    );
    reactions.start(projection::ONBOARDING).await?;
    let (progress, kept) = watch::channel(keeper::Progress::default());
    let health = Arc::new(HealthScores {
        chunks: deps.executor(&log),
        scorecards: deps.executor(&log),
        overridings: deps.executor(&log),
        bands: deps.executor(&log),
        silences: deps.executor(&log),
        uses: deps.executor(&log),
        releases: deps.executor(&log),
        log,
        model,
        book: deps.book,
        book_freshness: deps.book_freshness,
        freshness,
        list_freshness,
        goal_freshness,
        kept,
        trials: Mutex::default(),
        adoptions: Mutex::default(),
        calendar: deps.calendar,
        entropy: deps.entropy,
        lifecycle: deps.lifecycle,
    });
    let reactor = Arc::new(Reactor {
        health: Arc::clone(&health),
        reactions,
    });
    effect::work(
        &health.lifecycle,
        Intake(Arc::clone(&health.model)),
        reactor,
        vec![onboardings.progress, accounts.progress.clone()],
    );
    let keeper = Keeper {
        health: Arc::clone(&health),
        own,
        accounts,
        progress,
    };
    keeper.run();
    Ok(Service(health))
}

impl Service {
    /// How far its read model has been read.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.0.list_freshness.clone()
    }

    /// How far everything has been read that any question looks at.
    #[must_use]
    pub fn whole_freshness(&self) -> Freshness {
        self.0.goal_freshness.clone()
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
