//! Accounts, contracts, deals, contacts, the directory and the organisation's settings.
//!
//! *Used by* everybody who keeps customers' data, and by every other service through its log.
//! *Guarantees*: external ids are unique, merges free of cycles, an import records differences
//! only. *Fails* by refusing: a command is done whole or not at all.

mod api;
mod arrivals;
pub mod domain;
mod grpc;
mod import;
mod projection;
mod queries;
mod resources;
#[cfg(test)]
mod testing;

use std::path::Path;
use std::sync::Arc;

use keizoku_core::Entropy;
use keizoku_log::EventLog;
use keizoku_proto::accounts::accounts_service_server::AccountsServiceServer;
use keizoku_proto::accounts::contacts_service_server::ContactsServiceServer;
use keizoku_proto::accounts::directory_service_server::DirectoryServiceServer;
use keizoku_runtime::reaction::Reactions;
use keizoku_runtime::read_model::{Projected, ReadModel};
use keizoku_runtime::server::{MAX_ANSWER, MAX_MESSAGE};
use keizoku_runtime::{
    BuildError, Calendar, Deps, Executor, Freshness, Lifecycle, SharedBook, projector,
};
use tonic::service::RoutesBuilder;

use arrivals::Arrivals;
use domain::account::Account;
use domain::caller::Caller;
use domain::churn::Churn;
use domain::claim::Claim;
use domain::contact::Contact;
use domain::contact_log::Entry;
use domain::deal::Deal;
use domain::identity::Identity;
use domain::import_report::Imports;
use domain::initiative::Initiative;
use domain::organisation::Organisation;
use domain::subscription::Subscription;
use domain::team::Team;
use domain::user::User;

/// Name of this service as a source of events.
pub const SOURCE: &str = "accounts";

/// The running service.
#[derive(Clone)]
pub struct Service(Arc<Accounts>);

/// Everything that its RPCs use.
#[expect(
    clippy::struct_field_names,
    reason = "one executor per aggregate, named after it"
)]
pub(crate) struct Accounts {
    organisation: Arc<Executor<Organisation>>,
    teams: Arc<Executor<Team>>,
    users: Arc<Executor<User>>,
    claims: Arc<Executor<Claim>>,
    callers: Arc<Executor<Caller>>,
    /// Held while a person becomes a caller.
    claiming_callers: tokio::sync::Mutex<()>,
    accounts: Arc<Executor<Account>>,
    identity: Arc<Executor<Identity>>,
    subscriptions: Arc<Executor<Subscription>>,
    churns: Arc<Executor<Churn>>,
    deals: Arc<Executor<Deal>>,
    initiatives: Arc<Executor<Initiative>>,
    imports: Arc<Executor<Imports>>,
    contacts: Arc<Executor<Contact>>,
    contact_log: Arc<Executor<Entry>>,
    book: SharedBook,
    model: Arc<ReadModel>,
    /// The book's, for answers from it.
    book_freshness: Freshness,
    /// The read model's, for lists.
    list_freshness: Freshness,
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
    let path = folder.join("accounts.model.sqlite");
    let model = ReadModel::open(&path, &[projection::SCHEMA], projection::handle)?;
    let list_freshness = Freshness::default();
    let projected = Arc::new(Projected(Arc::clone(&model)));
    let followed = deps.project(SOURCE, projected, projector::SQLITE_PACE);
    list_freshness.add(SOURCE, followed.clone());
    let accounts = Arc::new(Accounts {
        organisation: deps.executor(&log),
        teams: deps.executor(&log),
        users: deps.executor(&log),
        claims: deps.executor(&log),
        callers: deps.executor(&log),
        claiming_callers: tokio::sync::Mutex::default(),
        accounts: deps.executor(&log),
        identity: deps.executor(&log),
        subscriptions: deps.executor(&log),
        churns: deps.executor(&log),
        deals: deps.executor(&log),
        initiatives: deps.executor(&log),
        imports: deps.executor(&log),
        contacts: deps.executor(&log),
        contact_log: deps.executor(&log),
        book: deps.book,
        model,
        book_freshness: deps.book_freshness,
        list_freshness,
        calendar: deps.calendar.clone(),
        entropy: deps.entropy,
        lifecycle: deps.lifecycle.clone(),
    });
    let reactions = Reactions::of(SOURCE, log, deps.calendar, deps.lifecycle);
    reactions.start(SOURCE).await?;
    let arrivals = Arrivals {
        accounts: Arc::clone(&accounts),
        reactions,
        own: followed.progress,
    };
    arrivals.run();
    Ok(Service(accounts))
}

impl Service {
    /// How far its read model has been read.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.0.list_freshness.clone()
    }

    /// Adds the service's RPCs to a server.
    pub fn serve(&self, routes: &mut RoutesBuilder) {
        let accounts = AccountsServiceServer::new(self.clone());
        let contacts = ContactsServiceServer::new(self.clone());
        let directory = DirectoryServiceServer::new(self.clone());
        routes
            .add_service(
                accounts
                    .max_decoding_message_size(MAX_MESSAGE)
                    .max_encoding_message_size(MAX_ANSWER),
            )
            .add_service(
                contacts
                    .max_decoding_message_size(MAX_MESSAGE)
                    .max_encoding_message_size(MAX_ANSWER),
            )
            .add_service(
                directory
                    .max_decoding_message_size(MAX_MESSAGE)
                    .max_encoding_message_size(MAX_ANSWER),
            );
    }
}
