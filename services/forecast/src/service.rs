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
use crate::onboardings::OnboardingBoard;
use crate::risks::RiskBoard;

/// The risk service's log, by its name on the bus.
const RISK: &str = "risk";

/// The same of the onboarding service's.
const ONBOARDING: &str = "onboarding";

/// The running service.
#[derive(Clone)]
pub struct Service {
    pub(crate) book: SharedBook,
    pub(crate) board: Arc<BoardModel<RiskBoard>>,
    pub(crate) onboardings: Arc<BoardModel<OnboardingBoard>>,
    /// How far what every question looks at has been read.
    pub(crate) freshness: Freshness,
    /// The same with onboardings: most questions do not wait for them.
    pub(crate) onboarding_freshness: Freshness,
    pub(crate) names: AccountNames,
}

/// Builds the service; its read model lives in `folder`.
///
/// # Errors
/// When the read model can neither be opened nor replaced.
pub fn build(deps: Deps, folder: &Path) -> rusqlite::Result<Service> {
    let board = BoardModel::<RiskBoard>::new(Arc::clone(&deps.book));
    let freshness = deps.book_freshness.copy();
    let follower = Arc::<BoardModel<RiskBoard>>::clone(&board);
    freshness.add(RISK, deps.project(RISK, follower, Duration::ZERO));
    let onboardings = BoardModel::<OnboardingBoard>::new(Arc::clone(&deps.book));
    let onboarding_freshness = freshness.copy();
    let follower = Arc::<BoardModel<OnboardingBoard>>::clone(&onboardings);
    let followed = deps.project(ONBOARDING, follower, Duration::ZERO);
    onboarding_freshness.add(ONBOARDING, followed);
    let names = AccountNames::open(folder, &deps, &freshness)?;
    Ok(Service {
        book: deps.book,
        board,
        onboardings,
        freshness,
        onboarding_freshness,
        names,
    })
}

impl Service {
    /// How far its sources have been read.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.freshness.clone()
    }

    /// How far onboardings have been read, which some questions look at.
    #[must_use]
    pub fn onboarding_freshness(&self) -> Freshness {
        self.onboarding_freshness.clone()
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
