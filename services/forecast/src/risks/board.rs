use jiff::Timestamp;
use keizoku_core::{Day, RiskId};
use keizoku_revenue::AccountIx;
use keizoku_revenue::store::{CHUNK, Chunked, IdTable, Names, Texts};

use super::version::{Completion, Facts, Flag, Version};
use crate::owner::OwnerId;

/// Dense number of a risk on one board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RiskIx(pub u32);

/// How many open risks an account has, by flag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenRisks {
    /// That lead to churn.
    pub leads_to_churn: u16,
    /// Of which it is not known.
    pub unknown: u16,
}

/// A risk as known at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RiskState<'a> {
    /// Id.
    pub id: RiskId,
    /// The account that it was filed for, merged or not.
    pub account: AccountIx,
    /// What the problem is, in short.
    pub name: &'a str,
    /// Key of the type.
    pub kind: &'a str,
    /// Whether it is expected to end in churn.
    pub flag: Flag,
    /// Who works on it.
    pub owner: OwnerId,
    /// Local date on which it was opened.
    pub opened_on: Day,
    /// Until when something has to be done next.
    pub next_action: Option<Day>,
    /// How it was completed; `None` while it is open.
    pub completion: Option<Completion>,
    /// When it was completed, as a local date.
    pub completed_on: Option<Day>,
    /// How it landed; empty while it is open.
    pub result: &'a str,
}

/// How an open risk has been looked after (RISK-7); instants in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Upkeep {
    /// When it last changed.
    pub(crate) changed: i64,
    /// How often its next action was put off, since it was opened or reopened.
    pub(crate) postponements: u32,
    /// When it last was.
    pub(crate) postponed: Option<i64>,
}

/// Where a risk's history ends, and what it says there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Current {
    pub(crate) account: AccountIx,
    pub(crate) latest: u32,
    pub(crate) facts: Facts,
}

/// Every risk, its history, and how many are open now, by account.
///
/// Accounts have the numbers that one [`keizoku_revenue::Book`] gave them: the two belong together.
#[derive(Debug, Clone, Default)]
pub struct RiskBoard {
    pub(crate) ids: IdTable,
    pub(crate) risks: Chunked<Current>,
    pub(crate) versions: Chunked<Version>,
    pub(crate) texts: Texts,
    pub(crate) kinds: Names,
    pub(crate) owner_ids: IdTable,
    pub(crate) owners: Vec<OwnerId>,
    open_now: Chunked<OpenRisks>,
}

impl RiskBoard {
    /// How many risks there are, open or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.risks.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.risks.is_empty()
    }

    /// Open risks that were filed for an account, not for what was merged into it, as of now.
    #[must_use]
    pub fn open_now(&self, account: AccountIx) -> OpenRisks {
        self.open_now.get(account.0).copied().unwrap_or_default()
    }

    /// Open risks of accounts in a row, from a multiple of the chunk's size on; perhaps fewer.
    pub(crate) fn open_now_from(&self, first: u32) -> &[OpenRisks] {
        let chunk = self.open_now.chunks().get(first as usize / CHUNK);
        chunk.map_or(&[], Vec::as_slice)
    }

    /// The number of a risk type.
    #[must_use]
    pub fn kind(&self, key: &str) -> Option<u32> {
        self.kinds.find(key)
    }

    /// The key of a risk type with a number.
    #[must_use]
    pub fn kind_key(&self, number: u32) -> &str {
        self.kinds.name(number)
    }

    /// A risk as known; `None` before it was recorded.
    #[must_use]
    pub fn state(&self, risk: RiskIx, known_at: Option<Timestamp>) -> Option<RiskState<'_>> {
        let version = self.version(risk, known_at)?;
        let Facts {
            owner,
            kind,
            opened_on,
            next_action,
            completed_on,
            flag,
            completion,
        } = version.facts;
        Some(RiskState {
            id: self.ids.id(risk.0).into(),
            account: self.risks[risk.0].account,
            name: self.texts.text(version.name),
            kind: self.kinds.name(kind),
            flag,
            owner: self.owner(owner),
            opened_on,
            next_action,
            completion,
            completed_on,
            result: self.texts.text(version.result),
        })
    }

    /// How an open risk has been looked after, as known; `None` before it was recorded.
    pub(crate) fn upkeep(&self, risk: RiskIx, known_at: Option<Timestamp>) -> Option<Upkeep> {
        let mut version = self.version(risk, known_at)?;
        let mut upkeep = Upkeep {
            changed: version.recorded,
            postponements: 0,
            postponed: None,
        };
        while let Some(before) = self.versions.get(version.previous) {
            if before.facts.completion.is_some() {
                // It was reopened: what had been put off until then is done.
                break;
            }
            let dates = before.facts.next_action.zip(version.facts.next_action);
            if dates.is_some_and(|(old, new)| new > old) {
                upkeep.postponements += 1;
                upkeep.postponed = upkeep.postponed.or(Some(version.recorded));
            }
            version = before;
        }
        Some(upkeep)
    }

    /// Calls `visit` with each risk's account and facts, as known.
    pub(crate) fn for_each(
        &self,
        known_at: Option<Timestamp>,
        mut visit: impl FnMut(RiskIx, AccountIx, &Facts),
    ) {
        for (number, risk) in (0..).zip(self.risks.iter()) {
            if known_at.is_none() {
                visit(RiskIx(number), risk.account, &risk.facts);
            } else if let Some(version) = self.version(RiskIx(number), known_at) {
                visit(RiskIx(number), risk.account, &version.facts);
            }
        }
    }

    pub(crate) fn owner(&self, number: u32) -> OwnerId {
        let index = number.checked_sub(1);
        index.map_or(OwnerId::Nobody, |index| self.owners[index as usize])
    }

    /// A risk's id, and the account that it was filed for, merged or not.
    pub(crate) fn names(&self, risk: RiskIx) -> (RiskId, AccountIx) {
        let id = self.ids.id(risk.0).into();
        (id, self.risks[risk.0].account)
    }

    /// The numbers of owners, nobody's first.
    pub(crate) fn owner_numbers(&self) -> std::ops::RangeInclusive<u32> {
        0..=u32::try_from(self.owners.len()).unwrap_or(u32::MAX)
    }

    fn version(&self, risk: RiskIx, known_at: Option<Timestamp>) -> Option<&Version> {
        let known = known_at.map_or(i64::MAX, Timestamp::as_microsecond);
        let mut version = &self.versions[self.risks[risk.0].latest];
        while version.recorded > known {
            version = self.versions.get(version.previous)?;
        }
        Some(version)
    }

    /// Adds a risk's first version.
    pub(crate) fn open(&mut self, id: RiskId, account: AccountIx, version: Version) {
        if self.ids.find(id.uuid()).is_some() {
            return;
        }
        self.ids.intern(id.uuid());
        self.open_now
            .fill_to(account.0 as usize + 1, &OpenRisks::default());
        let latest = self.versions.push(version);
        self.risks.push(Current {
            account,
            latest,
            facts: version.facts,
        });
        self.count(account, &version.facts, 1);
    }

    /// Adds a version of a risk that is known.
    pub(crate) fn change(
        &mut self,
        risk: RiskIx,
        recorded: i64,
        change: impl FnOnce(&mut Version),
    ) {
        let Current {
            account,
            latest,
            facts,
        } = self.risks[risk.0];
        let mut version = Version {
            recorded,
            previous: latest,
            ..self.versions[latest]
        };
        change(&mut version);
        let latest = self.versions.push(version);
        self.risks[risk.0] = Current {
            account,
            latest,
            facts: version.facts,
        };
        self.count(account, &facts, -1);
        self.count(account, &version.facts, 1);
    }

    fn count(&mut self, account: AccountIx, facts: &Facts, change: i16) {
        if facts.completion.is_some() {
            return;
        }
        let open = &mut self.open_now[account.0];
        open.add(facts.flag, change);
    }

    /// Bytes allocated.
    #[must_use]
    pub fn memory(&self) -> RiskMemory {
        RiskMemory {
            risks: self.risks.len(),
            versions: self.versions.len(),
            risk_bytes: self.ids.bytes() + self.risks.bytes(),
            version_bytes: self.versions.bytes(),
            text_bytes: self.texts.bytes(),
            account_bytes: self.open_now.bytes(),
        }
    }
}

impl OpenRisks {
    /// Whether it has a bit in common with `counted`; a scan asks this a million times.
    #[inline]
    pub(crate) fn has_any_of(self, counted: Self) -> bool {
        self.bits() & counted.bits() != 0
    }

    #[inline]
    fn bits(self) -> u32 {
        u32::from(self.unknown) << u16::BITS | u32::from(self.leads_to_churn)
    }

    pub(crate) fn add(&mut self, flag: Flag, change: i16) {
        let count = match flag {
            Flag::LeadsToChurn => &mut self.leads_to_churn,
            Flag::UnknownAtPresent => &mut self.unknown,
        };
        *count = count.saturating_add_signed(change);
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            leads_to_churn: self.leads_to_churn.saturating_add(other.leads_to_churn),
            unknown: self.unknown.saturating_add(other.unknown),
        }
    }
}

/// Bytes that a board has allocated, by part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RiskMemory {
    /// Risks.
    pub risks: usize,
    /// Versions of them.
    pub versions: usize,
    /// Bytes of risks as they are now.
    pub risk_bytes: usize,
    /// Bytes of versions.
    pub version_bytes: usize,
    /// Bytes of names and results.
    pub text_bytes: usize,
    /// Bytes of counts by account.
    pub account_bytes: usize,
}
