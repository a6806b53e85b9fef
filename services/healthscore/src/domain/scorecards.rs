//! Scorecards as versioned data: drafted, published, rolled back (HLT-2).
//!
//! All are one stream, so that no two that are in effect can ever be for the same tier.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use keizoku_core::{Ctx, Decider};
use keizoku_proto::common::ErrorReason;
use keizoku_proto::healthscore::event::Kind;
use keizoku_proto::healthscore::{
    self as proto, ScorecardDrafted, ScorecardPublished, ScorecardRolledBack,
};
use keizoku_runtime::DomainError;
use tonic::Code;

use super::defaults;
use crate::scoring::{CardInEffect, Scorecard};

/// All scorecards.
pub struct Scorecards;

/// Scorecards by their keys.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// All of them.
    pub cards: BTreeMap<String, Card>,
}

/// A scorecard with its history.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Card {
    /// The draft.
    pub draft: Option<proto::Scorecard>,
    /// Published versions; the first has number 1.
    pub versions: Vec<Version>,
    /// Which version has been in effect from when on, in order.
    pub timeline: Vec<(Timestamp, u32)>,
    /// Why the version in effect was gone back to.
    pub roll_back_reason: String,
}

/// A published version.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// As it was declared.
    pub declared: proto::Scorecard,
    /// When it was published.
    pub published_at: Timestamp,
    /// What is computed by; none where a later version of Keizoku no longer takes it.
    pub card: Option<Arc<Scorecard>>,
}

/// What somebody wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Writes the draft of a scorecard; new keys are new scorecards.
    Draft(String, Arc<Scorecard>),
    /// Puts the draft into effect.
    Publish(String),
    /// Puts an earlier version into effect again, for a reason.
    RollBack(String, u32, String),
}

/// Why it is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such scorecard.
    #[error("there is no scorecard `{0}`; draft it first")]
    Unknown(String),
    /// There is nothing new to publish.
    #[error("scorecard `{0}` has no draft that differs from what is in effect")]
    WithoutDraft(String),
    /// There is no such version.
    #[error("scorecard `{0}` has no version {1}")]
    VersionUnknown(String, u32),
    /// Tiers must have one scorecard.
    #[error("{0}: take the tiers out of one of the two")]
    Overlap(String),
}

impl DomainError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Unknown(_) => Code::NotFound,
            _ => Code::FailedPrecondition,
        }
    }
    fn reason(&self) -> ErrorReason {
        match self {
            Self::Unknown(_) => ErrorReason::ScorecardUnknown,
            Self::WithoutDraft(_) => ErrorReason::ScorecardWithoutDraft,
            Self::VersionUnknown(..) => ErrorReason::ScorecardVersionUnknown,
            Self::Overlap(_) => ErrorReason::ScorecardTiersOverlap,
        }
    }
}

impl Version {
    fn new(declared: proto::Scorecard, published_at: Timestamp) -> Self {
        let card = Scorecard::read(declared.clone()).ok().map(Arc::new);
        Self {
            declared,
            published_at,
            card,
        }
    }
}

impl Card {
    /// The number of the version in effect at an instant, and since when it is.
    #[must_use]
    pub fn number_at(&self, at: Timestamp) -> Option<(Timestamp, u32)> {
        let until = self.timeline.partition_point(|(since, _)| *since <= at);
        self.timeline.get(until.checked_sub(1)?).copied()
    }

    /// What was declared of the version in effect.
    #[must_use]
    pub fn declared_in_effect(&self) -> Option<&proto::Scorecard> {
        let (_, number) = self.number_at(Timestamp::MAX)?;
        Some(&self.version(number)?.declared)
    }

    fn version(&self, number: u32) -> Option<&Version> {
        self.versions
            .get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    fn in_effect_at(&self, at: Timestamp) -> Option<(Timestamp, u32, &Arc<Scorecard>)> {
        let (since, number) = self.number_at(at)?;
        Some((since, number, self.version(number)?.card.as_ref()?))
    }
}

impl Default for State {
    fn default() -> Self {
        let shipped = defaults::scorecards().map(|(key, declared)| {
            let card = Card {
                versions: vec![Version::new(declared, Timestamp::MIN)],
                timeline: vec![(Timestamp::MIN, 1)],
                ..Card::default()
            };
            (key.to_owned(), card)
        });
        Self {
            cards: shipped.into(),
        }
    }
}

impl State {
    /// The scorecard for a tier at an instant: one that names it, else the one that names none.
    #[must_use]
    pub fn in_effect(&self, tier: &str, at: Timestamp) -> Option<CardInEffect> {
        let mut rest = None;
        for (key, card) in &self.cards {
            let Some((since, version, card)) = card.in_effect_at(at) else {
                continue;
            };
            let tiers = &card.declared().tiers;
            let found = || CardInEffect {
                key: key.clone(),
                version,
                since,
                card: Arc::clone(card),
            };
            if tiers.iter().any(|named| named == tier) {
                return Some(found());
            }
            if tiers.is_empty() {
                rest = Some(found());
            }
        }
        rest
    }

    /// The instants at which another scorecard came into effect, in order.
    #[must_use]
    pub fn moments(&self) -> Vec<Timestamp> {
        let timelines = self.cards.values().flat_map(|card| &card.timeline);
        let changes = timelines.map(|(since, _)| *since);
        let mut moments: Vec<_> = changes.filter(|since| *since > Timestamp::MIN).collect();
        moments.sort_unstable();
        moments
    }

    /// A version of a scorecard to try out; its draft for 0.
    ///
    /// # Errors
    /// When there is none.
    pub fn to_try(&self, key: &str, version: u32) -> Result<Arc<Scorecard>, Error> {
        let card = self.known(key)?;
        if version == 0 {
            let draft = card.draft.clone();
            let read = draft.and_then(|draft| Scorecard::read(draft).ok());
            let draft = read.ok_or_else(|| Error::WithoutDraft(key.to_owned()))?;
            return Ok(Arc::new(draft));
        }
        let found = card.version(version).and_then(|found| found.card.clone());
        found.ok_or_else(|| Error::VersionUnknown(key.to_owned(), version))
    }

    fn known(&self, key: &str) -> Result<&Card, Error> {
        self.cards
            .get(key)
            .ok_or_else(|| Error::Unknown(key.to_owned()))
    }

    /// Refuses a scorecard where another is for the same tiers; all of them are told.
    fn require_own_tiers(&self, key: &str, wanted: &Scorecard) -> Result<(), Error> {
        let others = self.cards.iter().filter(|(other, _)| *other != key);
        let overlaps: Vec<String> = others
            .filter_map(|(other, card)| Some((other, card.in_effect_at(Timestamp::MAX)?.2)))
            .filter_map(|(other, card)| {
                let tiers = card.overlap(wanted);
                let told = || format!("`{other}` is in effect for {}", tiers.join(", "));
                (!tiers.is_empty()).then(told)
            })
            .collect();
        if overlaps.is_empty() {
            Ok(())
        } else {
            Err(Error::Overlap(overlaps.join("; ")))
        }
    }
}

impl Decider for Scorecards {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Error;

    fn decide(state: &State, command: Command, _ctx: &Ctx) -> Result<Vec<Kind>, Error> {
        let event = match command {
            Command::Draft(key, wanted) => {
                let scorecard = Some(wanted.declared().clone());
                if state
                    .cards
                    .get(&key)
                    .is_some_and(|card| card.draft == scorecard)
                {
                    return Ok(Vec::new());
                }
                Kind::ScorecardDrafted(ScorecardDrafted { key, scorecard })
            }
            Command::Publish(key) => {
                let card = state.known(&key)?;
                let now = card
                    .number_at(Timestamp::MAX)
                    .and_then(|(_, number)| card.version(number));
                let draft = card
                    .draft
                    .clone()
                    .filter(|draft| now.is_none_or(|now| now.declared != *draft));
                let wanted = draft.and_then(|draft| Scorecard::read(draft).ok());
                let wanted = wanted.ok_or_else(|| Error::WithoutDraft(key.clone()))?;
                state.require_own_tiers(&key, &wanted)?;
                let version = u32::try_from(card.versions.len() + 1).unwrap_or(u32::MAX);
                Kind::ScorecardPublished(ScorecardPublished { key, version })
            }
            Command::RollBack(key, version, reason) => {
                let card = state.known(&key)?;
                let wanted = card
                    .version(version)
                    .and_then(|version| version.card.as_ref());
                let wanted = wanted.ok_or_else(|| Error::VersionUnknown(key.clone(), version))?;
                if card
                    .number_at(Timestamp::MAX)
                    .is_some_and(|(_, number)| number == version)
                {
                    return Ok(Vec::new());
                }
                state.require_own_tiers(&key, wanted)?;
                Kind::ScorecardRolledBack(ScorecardRolledBack {
                    key,
                    version,
                    reason,
                })
            }
        };
        Ok(vec![event])
    }

    fn evolve(state: &mut State, event: &Kind, at: Timestamp) {
        match event {
            Kind::ScorecardDrafted(drafted) => {
                let card = state.cards.entry(drafted.key.clone()).or_default();
                card.draft.clone_from(&drafted.scorecard);
            }
            Kind::ScorecardPublished(published) => {
                let card = state.cards.entry(published.key.clone()).or_default();
                card.versions
                    .push(Version::new(card.draft.take().unwrap_or_default(), at));
                card.timeline.push((at, published.version));
                card.roll_back_reason.clear();
            }
            Kind::ScorecardRolledBack(back) => {
                let card = state.cards.entry(back.key.clone()).or_default();
                card.timeline.push((at, back.version));
                card.roll_back_reason.clone_from(&back.reason);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
#[path = "scorecards_tests.rs"]
mod tests;
