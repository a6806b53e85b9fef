//! What the healthscore service said of accounts as a model: in which band every account was, and since when
//! its signals had been silent, as known at any instant, on any date.

use jiff::Timestamp;
use keizoku_core::{AccountId, Recorded};
use keizoku_proto::healthscore;
use keizoku_proto::healthscore::event::Kind;
use keizoku_revenue::{AccountIx, AsOf, Book, Unreadable};

use crate::boards::{Board, parse_id};
use crate::by_account::ByAccount;

/// How well an account does (HLT-5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Band {
    /// Badly.
    Red,
    /// Neither badly nor well.
    Yellow,
    /// Well.
    Green,
}

/// Which accounts, by their bands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BandFilter {
    /// In a band.
    Some(Band),
    /// Without a score, so in none.
    None,
}

/// Every account's bands and silences, and their history. Accounts have the numbers that one [`Book`] gave
/// them.
#[derive(Debug, Clone, Default)]
pub struct HealthBoard {
    bands: ByAccount<Option<Band>>,
    /// Whether signals are silent.
    silences: ByAccount<bool>,
}

impl Board for HealthBoard {
    type Kind = Kind;

    const NAME: &'static str = "health_board";

    /// Most events of its source are signals.
    fn is_about(event: &Recorded) -> bool {
        matches!(event.category(), "band" | "silence")
    }

    fn apply(
        &mut self,
        recorded_at: Timestamp,
        kind: &Kind,
        intern: impl FnOnce(AccountId) -> AccountIx,
    ) -> Result<(), Unreadable> {
        match kind {
            Kind::HealthBandChanged(event) => {
                let account = parse_id(&event.account_id, "account_id")?;
                let changed = event.change_time.as_ref().and_then(keizoku_proto::instant);
                let changed = changed.ok_or(Unreadable::Malformed("change_time"))?;
                let band = match event.to() {
                    healthscore::Band::Red => Some(Band::Red),
                    healthscore::Band::Yellow => Some(Band::Yellow),
                    healthscore::Band::Green => Some(Band::Green),
                    healthscore::Band::Unspecified => None,
                };
                self.bands.note(intern(account), recorded_at, changed, band);
            }
            Kind::SignalsFellSilent(event) => {
                let account = parse_id(&event.account_id, "account_id")?;
                let since = event.silent_since.as_ref().and_then(keizoku_proto::instant);
                let since = since.ok_or(Unreadable::Malformed("silent_since"))?;
                self.silences
                    .note(intern(account), recorded_at, since, true);
            }
            Kind::SilenceEnded(event) => {
                let account = parse_id(&event.account_id, "account_id")?;
                self.silences
                    .note(intern(account), recorded_at, recorded_at, false);
            }
            // What bands and silences are made of; overrides stand beside the computed score.
            Kind::SignalsRecorded(_)
            | Kind::ScorecardDrafted(_)
            | Kind::ScorecardPublished(_)
            | Kind::ScorecardRolledBack(_)
            | Kind::HealthOverridden(_)
            | Kind::HealthOverrideCleared(_)
            | Kind::ReleaseRecorded(_)
            | Kind::FeatureFirstUsed(_)
            | Kind::SignInSeen(_)
            | Kind::ReleaseVoided(_)
            | Kind::ReactionsAdvanced(_) => {}
        }
        Ok(())
    }
}

impl HealthBoard {
    /// By number of an account, its band at both times (see [`ByAccount::on`]).
    pub(crate) fn bands(&self, book: &Book, as_of: AsOf) -> Vec<Option<Band>> {
        self.bands.on(book, as_of, |band, _| band)
    }

    /// By number of an account, since when its signals have been silent at both times, in microseconds; none
    /// where they are not.
    pub(crate) fn silences(&self, book: &Book, as_of: AsOf) -> Vec<Option<i64>> {
        self.silences.on(book, as_of, bool::then_some)
    }

    /// By number of an account, whether it is red at both times.
    pub(crate) fn red(&self, book: &Book, as_of: AsOf) -> Vec<bool> {
        self.accounts(book, as_of, BandFilter::Some(Band::Red))
    }

    /// By number of an account, whether a filter leaves it at both times.
    pub(crate) fn accounts(&self, book: &Book, as_of: AsOf, filter: BandFilter) -> Vec<bool> {
        let wanted = match filter {
            BandFilter::Some(band) => Some(band),
            BandFilter::None => None,
        };
        let bands = self.bands(book, as_of).into_iter();
        bands.map(|band| band == wanted).collect()
    }
}
