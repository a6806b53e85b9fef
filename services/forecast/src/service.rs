//! Composition root: wired by hand.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use keizoku_proto::forecast::forecast_service_server::ForecastServiceServer;
use keizoku_runtime::read_model::rusqlite;
use keizoku_runtime::server::{MAX_ANSWER, MAX_MESSAGE};
use keizoku_runtime::{Calendar, Deps, Followed, Freshness, SharedBook};
use tonic::service::RoutesBuilder;

use crate::board::BoardModel;
use crate::health::HealthBoard;
use crate::names::AccountNames;
use crate::onboardings::OnboardingBoard;
use crate::risks::RiskBoard;

/// The risk service's log, by its name on the bus.
const RISK: &str = "risk";

/// The same of the onboarding service's.
const ONBOARDING: &str = "onboarding";

/// The same of the healthscore service's.
const HEALTHSCORE: &str = "healthscore";

/// The running service.
#[derive(Clone)]
pub struct Service {
    pub(crate) book: SharedBook,
    pub(crate) board: Arc<BoardModel<RiskBoard>>,
    pub(crate) onboardings: Arc<BoardModel<OnboardingBoard>>,
    pub(crate) health: Arc<BoardModel<HealthBoard>>,
    /// How far what every question looks at has been read.
    pub(crate) freshness: Freshness,
    /// How far onboardings and health have been read: most questions do not wait for them.
    pub(crate) following: [(&'static str, Followed); 2],
    pub(crate) names: AccountNames,
    pub(crate) calendar: Calendar,
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
    let follower = Arc::<BoardModel<OnboardingBoard>>::clone(&onboardings);
    let onboarding = deps.project(ONBOARDING, follower, Duration::ZERO);
    let health = BoardModel::<HealthBoard>::new(Arc::clone(&deps.book));
    let follower = Arc::<BoardModel<HealthBoard>>::clone(&health);
    let healthscore = deps.project(HEALTHSCORE, follower, Duration::ZERO);
    let names = AccountNames::open(folder, &deps)?;
    Ok(Service {
        book: deps.book,
        board,
        onboardings,
        health,
        freshness,
        following: [(ONBOARDING, onboarding), (HEALTHSCORE, healthscore)],
        names,
        calendar: deps.calendar,
    })
}

impl Service {
    /// How far its sources have been read.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.freshness.clone()
    }

    /// How far everything has been read that any question looks at.
    #[must_use]
    pub fn whole_freshness(&self) -> Freshness {
        self.freshness_with(true, true)
    }

    /// How far the sources of a question have been read that looks at onboardings, or at health.
    #[must_use]
    pub fn freshness_with(&self, onboardings: bool, health: bool) -> Freshness {
        if !onboardings && !health {
            return self.freshness.clone();
        }
        let freshness = self.freshness.copy();
        for ((source, followed), is_asked) in self.following.iter().zip([onboardings, health]) {
            if is_asked {
                freshness.add(source, followed.clone());
            }
        }
        freshness
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
