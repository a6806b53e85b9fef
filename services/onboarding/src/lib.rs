//! Onboardings: from the deal that was won until the product is used and its effect is felt.
//!
//! *Used by* CSMs and onboarding specialists, who see who is stuck while it can still be helped.
//! *Guarantees*: an onboarding keeps the version of the template that it began with; a phase is left
//! when its exit criteria are met, or with a reason that stays visible; done means done with
//! evidence; programmes for new members of the team go the same way, apart from customers. *Fails* by refusing: a command is done whole or not at all.

mod api;
pub mod config;
pub mod domain;
mod grpc;
mod lead_times;
mod projection;
mod queries;
mod reactions;
mod reactor;
mod resources;
pub mod template_file;
#[cfg(test)]
mod testing;
mod watch;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ::config::ConfigError;
use keizoku_core::WorkingDays;
use keizoku_log::EventLog;
use keizoku_proto::onboarding::enablement_service_server::EnablementServiceServer;
use keizoku_proto::onboarding::learning_service_server::LearningServiceServer;
use keizoku_proto::onboarding::onboarding_service_server::OnboardingServiceServer;
use keizoku_runtime::intake::{self, Intake};
use keizoku_runtime::reaction::Reactions;
use keizoku_runtime::read_model::{Projected, ReadModel, rusqlite};
use keizoku_runtime::server::{MAX_ANSWER, MAX_MESSAGE};
use keizoku_runtime::{
    Calendar, Deps, Executor, Failure, Freshness, SharedBook, account_names, book, effect,
    projector,
};
use tonic::service::RoutesBuilder;

use config::Config;
use domain::coaching::Coaching;
use domain::completion::Completion;
use domain::content::Content;
use domain::onboarding::Onboarding;
use domain::programme::Programme;
use domain::seminar::Seminar;
use domain::template::{self, Template};
use reactor::Reactor;
use watch::Watch;

/// Name of this service as a source of events.
pub const SOURCE: &str = "onboarding";

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The read model can neither be opened nor replaced.
    #[error("the read model of onboarding can neither be opened nor replaced")]
    ReadModel(#[from] rusqlite::Error),
    /// The template that comes with Keizoku cannot be read: a bug.
    #[error("the template that comes with Keizoku cannot be read")]
    Template(#[from] ConfigError),
    /// The log does not take that the service has started.
    #[error("the log of onboarding cannot be written: {0}")]
    Log(String),
}

/// The running service.
#[derive(Clone)]
pub struct Service(Arc<Onboardings>);

/// Everything that its RPCs use.
#[expect(
    clippy::struct_field_names,
    reason = "one executor per aggregate, named after it"
)]
pub(crate) struct Onboardings {
    onboardings: Arc<Executor<Onboarding>>,
    templates: Arc<Executor<Template>>,
    contents: Arc<Executor<Content>>,
    completions: Arc<Executor<Completion>>,
    seminars: Arc<Executor<Seminar>>,
    coaching: Arc<Executor<Coaching>>,
    /// The templates that come with Keizoku, recorded when they are first needed.
    shipped: [template::Version; 2],
    programmes: Arc<Executor<Programme>>,
    config: Config,
    book: SharedBook,
    model: Arc<ReadModel>,
    /// The book's and the own log's, for changes that must come after others.
    change_freshness: Freshness,
    /// The read model's, for lists.
    list_freshness: Freshness,
    /// The same of what signals say of use, for which only the watch waits.
    use_freshness: Freshness,
    working_days: Arc<WorkingDays>,
    calendar: Calendar,
}

/// Builds the service; its read model lives in `folder`.
///
/// # Errors
/// When the read model can neither be opened nor replaced, or the log not be written.
pub async fn build(
    deps: Deps,
    log: Arc<dyn EventLog>,
    config: Config,
    folder: &Path,
) -> Result<Service, BuildError> {
    let template_file::TemplateFile { phases, questions } = template_file::shipped()?;
    let onboarding = template::Version {
        template_id: domain::template_id("", "").to_string(),
        phases,
        questions,
        ..template::Version::default()
    };
    let new_member = template_file::NEW_MEMBER;
    let programme = template::Version {
        template_id: domain::programme_template_id(new_member).to_string(),
        phases: template_file::shipped_programme()?.phases,
        programme: new_member.to_owned(),
        ..template::Version::default()
    };
    let path = folder.join("onboarding.model.sqlite");
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
    // Nothing else waits for it: it may run elsewhere, and not yet.
    let projected = Arc::new(Projected(Arc::clone(&model)));
    let uses = deps.project(projection::HEALTHSCORE, projected, projector::SQLITE_PACE);
    let use_freshness = Freshness::default();
    use_freshness.add(projection::HEALTHSCORE, uses.clone());
    change_freshness.add(SOURCE, own.clone());
    let reactions = Reactions::of(
        SOURCE,
        Arc::clone(&log),
        deps.calendar.clone(),
        deps.lifecycle.clone(),
    );
    let unwritable = |failure: Failure| BuildError::Log(failure.message().to_owned());
    reactions.start(book::SOURCE).await.map_err(unwritable)?;
    let onboardings = Arc::new(Onboardings {
        onboardings: deps.executor(&log),
        templates: deps.executor(&log),
        contents: deps.executor(&log),
        completions: deps.executor(&log),
        seminars: deps.executor(&log),
        coaching: deps.executor(&log),
        shipped: [onboarding, programme],
        programmes: deps.executor(&log),
        config,
        book: deps.book,
        model: Arc::clone(&model),
        change_freshness,
        list_freshness,
        use_freshness,
        working_days: Arc::new(deps.calendar.working_days().clone()),
        calendar: deps.calendar,
    });
    let reactor = Arc::new(Reactor {
        onboardings: Arc::clone(&onboardings),
        reactions,
        log: Arc::clone(&log),
        own: own.clone(),
        lifecycle: deps.lifecycle.clone(),
    });
    let sources = vec![accounts.progress.clone()];
    effect::work(&deps.lifecycle, Intake(model), reactor, sources);
    let watch = Watch {
        onboardings: Arc::clone(&onboardings),
        log,
        own,
        accounts,
        uses,
        looked_without_uses: AtomicBool::default(),
        lifecycle: deps.lifecycle,
    };
    watch.run();
    Ok(Service(onboardings))
}

impl Service {
    /// How far its read model has been read.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.0.list_freshness.clone()
    }

    /// How far what signals say of use has been read, for which its answers do not wait.
    #[must_use]
    pub fn use_freshness(&self) -> Freshness {
        self.0.use_freshness.clone()
    }

    /// Adds the service's RPCs to a server.
    pub fn serve(&self, routes: &mut RoutesBuilder) {
        let service = OnboardingServiceServer::new(self.clone());
        routes.add_service(
            service
                .max_decoding_message_size(MAX_MESSAGE)
                .max_encoding_message_size(MAX_ANSWER),
        );
        let enablement = EnablementServiceServer::new(self.clone());
        routes.add_service(
            enablement
                .max_decoding_message_size(MAX_MESSAGE)
                .max_encoding_message_size(MAX_ANSWER),
        );
        let learning = LearningServiceServer::new(self.clone());
        routes.add_service(
            learning
                .max_decoding_message_size(MAX_MESSAGE)
                .max_encoding_message_size(MAX_ANSWER),
        );
    }
}
