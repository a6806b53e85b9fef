//! The healthscore service's bands as a model: which band every account was in, as known at any
//! instant, on any date.

use jiff::Timestamp;
use keizoku_core::{AccountId, Recorded};
use keizoku_proto::healthscore;
use keizoku_proto::healthscore::event::Kind;
use keizoku_revenue::{AccountIx, AsOf, Book, Unreadable};
use uuid::Uuid;

use crate::boards::Board;

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

/// An account's band from an instant on.
#[derive(Debug, Clone, Copy)]
struct Change {
    account: AccountIx,
    /// The account's change before this one, or [`FIRST`].
    previous: u32,
    /// Both in microseconds.
    recorded: i64,
    changed: i64,
    band: Option<Band>,
}

const FIRST: u32 = u32::MAX;

/// Every account's bands and their history. Accounts have the numbers that one [`Book`] gave them.
#[derive(Debug, Clone, Default)]
pub struct BandBoard {
    changes: Vec<Change>,
    /// By number of an account, its last change, or [`FIRST`].
    latest: Vec<u32>,
}

impl Board for BandBoard {
    type Kind = Kind;

    const NAME: &'static str = "band_board";

    /// Most events of its source are signals.
    fn is_about(event: &Recorded) -> bool {
        event.category() == "band"
    }

    fn apply(
        &mut self,
        recorded_at: Timestamp,
        kind: &Kind,
        intern: impl FnOnce(AccountId) -> AccountIx,
    ) -> Result<(), Unreadable> {
        let event = match kind {
            Kind::HealthBandChanged(event) => event,
            // What bands are made of; overrides stand beside the computed score.
            Kind::SignalsRecorded(_)
            | Kind::ScorecardDrafted(_)
            | Kind::ScorecardPublished(_)
            | Kind::ScorecardRolledBack(_)
            | Kind::HealthOverridden(_)
            | Kind::HealthOverrideCleared(_)
            | Kind::ReleaseRecorded(_)
            | Kind::ReleaseVoided(_)
            | Kind::ReactionsAdvanced(_) => return Ok(()),
        };
        let account =
            Uuid::try_parse(&event.account_id).map_err(|_| Unreadable::Malformed("account_id"))?;
        let changed = event.change_time.as_ref().and_then(keizoku_proto::instant);
        let changed = changed.ok_or(Unreadable::Malformed("change_time"))?;
        let band = match event.to() {
            healthscore::Band::Red => Some(Band::Red),
            healthscore::Band::Yellow => Some(Band::Yellow),
            healthscore::Band::Green => Some(Band::Green),
            healthscore::Band::Unspecified => None,
        };
        self.note(intern(account.into()), recorded_at, changed, band);
        Ok(())
    }
}

impl BandBoard {
    fn note(
        &mut self,
        account: AccountIx,
        recorded_at: Timestamp,
        changed: Timestamp,
        band: Option<Band>,
    ) {
        let place = account.0 as usize;
        if self.latest.len() <= place {
            self.latest.resize(place + 1, FIRST);
        }
        let number = u32::try_from(self.changes.len()).unwrap_or(FIRST);
        self.changes.push(Change {
            account,
            previous: self.latest[place],
            recorded: recorded_at.as_microsecond(),
            changed: changed.as_microsecond(),
            band,
        });
        self.latest[place] = number;
    }

    /// By number of an account, its band at both times: from today on the last one known, on a date
    /// before the one at its end. A merged account has none: it is the one that stays.
    pub(crate) fn on(&self, book: &Book, as_of: AsOf) -> Vec<Option<Band>> {
        let known = as_of.known_at.map_or(i64::MAX, Timestamp::as_microsecond);
        let is_past = as_of.on < book.today_at(as_of.known_at);
        let zone = book.zone_at(as_of.known_at);
        let end = as_of.on.last_instant(zone).filter(|_| is_past);
        let end = end.map_or(i64::MAX, Timestamp::as_microsecond);
        let mut bands = vec![None; book.len()];
        for latest in self.latest.iter().filter(|latest| **latest != FIRST) {
            let mut change = self.changes.get(*latest as usize);
            while let Some(later) = change.filter(|one| one.recorded > known || one.changed > end) {
                change = self.changes.get(later.previous as usize);
            }
            if let Some(change) = change
                && book.survivor(change.account, as_of.known_at) == change.account
            {
                bands[change.account.0 as usize] = change.band;
            }
        }
        bands
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
        let bands = self.on(book, as_of);
        bands.into_iter().map(|band| band == wanted).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_takes_32_bytes() {
        assert_eq!(size_of::<Change>(), 32);
        assert_eq!(size_of::<Option<Band>>(), 1);
    }
}
