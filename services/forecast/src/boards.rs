//! What services other than accounts recorded, as models that number accounts as one book does, and
//! on which days people work.

use std::sync::LazyLock;

use keizoku_core::WorkingDays;

use crate::bands::BandBoard;
use crate::onboardings::OnboardingBoard;
use crate::risks::RiskBoard;

/// The models that a question looks at beside the book.
#[derive(Debug, Clone, Copy)]
pub struct Boards<'a> {
    /// Risks.
    pub risks: &'a RiskBoard,
    /// Onboardings.
    pub onboardings: &'a OnboardingBoard,
    /// Bands of health scores.
    pub bands: &'a BandBoard,
    /// On which days people work.
    pub working_days: &'a WorkingDays,
}

static NO_ONBOARDINGS: LazyLock<OnboardingBoard> = LazyLock::new(OnboardingBoard::default);
static NO_BANDS: LazyLock<BandBoard> = LazyLock::new(BandBoard::default);

static JAPAN: LazyLock<WorkingDays> = LazyLock::new(WorkingDays::default);

/// Risks alone, with Japan's holidays: nobody has recorded anything else, or nothing else is asked about.
impl<'a> From<&'a RiskBoard> for Boards<'a> {
    fn from(risks: &'a RiskBoard) -> Self {
        Self {
            risks,
            onboardings: &NO_ONBOARDINGS,
            bands: &NO_BANDS,
            working_days: &JAPAN,
        }
    }
}
