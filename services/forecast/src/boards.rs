//! What services other than accounts recorded, as models that number accounts as one book does, and
//! on which days people work.

use std::sync::LazyLock;

use jiff::Timestamp;
use keizoku_core::{AccountId, Recorded, WorkingDays};
use keizoku_proto::StoredEvent;
use keizoku_revenue::{AccountIx, Unreadable};
use uuid::Uuid;

use crate::health::HealthBoard;
use crate::onboardings::OnboardingBoard;
use crate::risks::RiskBoard;

/// What a service recorded, as a model that numbers accounts as one book does.
pub trait Board: Default + Send + Sync + 'static {
    /// What the service records.
    type Kind: StoredEvent;

    /// Name of the model.
    const NAME: &'static str;

    /// Whether an event may say something; others are passed over, and hold up nobody.
    #[must_use]
    fn is_about(_event: &Recorded) -> bool {
        true
    }

    /// Reads one event. `intern` gives an account its number in the book, also one that the book has
    /// not read about yet.
    ///
    /// # Errors
    /// When it holds what its service never records; the board is as it was.
    fn apply(
        &mut self,
        recorded_at: Timestamp,
        kind: &Self::Kind,
        intern: impl FnOnce(AccountId) -> AccountIx,
    ) -> Result<(), Unreadable>;

    /// Reads one event as the log holds it.
    ///
    /// # Errors
    /// When it was written by a newer version, or is damaged; the board is as it was.
    fn apply_recorded(
        &mut self,
        recorded: &Recorded,
        intern: impl FnOnce(AccountId) -> AccountIx,
    ) -> Result<(), Unreadable> {
        let kind = Self::Kind::from_bytes(&recorded.data)?;
        self.apply(recorded.recorded_at, &kind, intern)
    }
}

/// An id as events hold it.
pub(crate) fn parse_id<T: From<Uuid>>(text: &str, field: &'static str) -> Result<T, Unreadable> {
    Uuid::try_parse(text)
        .map(T::from)
        .map_err(|_| Unreadable::Malformed(field))
}

/// The models that a question looks at beside the book.
#[derive(Debug, Clone, Copy)]
pub struct Boards<'a> {
    /// Risks.
    pub risks: &'a RiskBoard,
    /// Onboardings.
    pub onboardings: &'a OnboardingBoard,
    /// Bands of health scores, and silent signals.
    pub health: &'a HealthBoard,
    /// On which days people work.
    pub working_days: &'a WorkingDays,
}

static NO_ONBOARDINGS: LazyLock<OnboardingBoard> = LazyLock::new(OnboardingBoard::default);
static NO_HEALTH: LazyLock<HealthBoard> = LazyLock::new(HealthBoard::default);

static JAPAN: LazyLock<WorkingDays> = LazyLock::new(WorkingDays::default);

/// Risks alone, with Japan's holidays: nobody has recorded anything else, or nothing else is asked about.
impl<'a> From<&'a RiskBoard> for Boards<'a> {
    fn from(risks: &'a RiskBoard) -> Self {
        Self {
            risks,
            onboardings: &NO_ONBOARDINGS,
            health: &NO_HEALTH,
            working_days: &JAPAN,
        }
    }
}
