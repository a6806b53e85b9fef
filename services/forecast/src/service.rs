//! Composition root: wired by hand.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use keizoku_proto::forecast::forecast_service_server::ForecastServiceServer;
use keizoku_runtime::read_model::rusqlite;
use keizoku_runtime::server::{MAX_ANSWER, MAX_MESSAGE};
use keizoku_runtime::{Deps, Freshness, SharedBook};
use tonic::service::RoutesBuilder;

use crate::board::BoardModel;
use crate::names::AccountNames;

/// The risk service's log, by its name on the bus.
const RISK: &str = "risk";

/// The running service.
#[derive(Clone)]
pub struct Service {
    pub(crate) book: SharedBook,
    pub(crate) board: Arc<BoardModel>,
    pub(crate) freshness: Freshness,
    pub(crate) names: AccountNames,
}

/// Builds the service; its read model lives in `folder`.
///
/// # Errors
/// When the read model can neither be opened nor replaced.
pub fn build(deps: Deps, folder: &Path) -> rusqlite::Result<Service> {
    let board = BoardModel::new(Arc::clone(&deps.book));
    let freshness = deps.book_freshness.copy();
    let follower = Arc::clone(&board);
    freshness.add(RISK, deps.project(RISK, follower, Duration::ZERO));
    let names = AccountNames::open(folder, &deps, &freshness)?;
    Ok(Service {
        book: deps.book,
        board,
        freshness,
        names,
    })
}

impl Service {
    /// How far its sources have been read.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.freshness.clone()
    }

    /// How far the names of accounts in its lists have been read.
    #[must_use]
    pub fn names_freshness(&self) -> Freshness {
        self.names.freshness.clone()
    }

    /// Adds the service's RPCs to a server.
    pub fn serve(&self, routes: &mut RoutesBuilder) {
        let service = ForecastServiceServer::new(self.clone());
        routes.add_service(
            service
                .max_decoding_message_size(MAX_MESSAGE)
                .max_encoding_message_size(MAX_ANSWER),
        );
    }
}
