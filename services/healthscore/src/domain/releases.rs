//! What came out, when, for whom, and which use it is meant to bring (HLT-9).
//!
//! All are one stream: they are few, and none is recorded twice.

use jiff::Timestamp;
use keizoku_core::{Ctx, Day, Decider};
use keizoku_proto::common::ErrorReason;
use keizoku_proto::healthscore::event::Kind;
use keizoku_proto::healthscore::{ReleaseKind, ReleaseRecorded, ReleaseVoided};
use keizoku_runtime::DomainError;
use tonic::Code;
use uuid::Uuid;

use crate::scoring::SeriesKey;

/// All releases.
pub struct Releases;

/// Releases in the order in which they were recorded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    all: Vec<Recorded>,
}

/// A feature, a webinar or a content that came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Id.
    pub id: Uuid,
    /// What came out.
    pub kind: ReleaseKind,
    /// What people call it.
    pub display_name: String,
    /// When it came out.
    pub date: Day,
    /// The use that it is meant to bring.
    pub measured: Vec<SeriesKey>,
    /// Tiers that it is for; empty for all.
    pub tiers: Vec<String>,
    /// Product that it belongs to; empty for any.
    pub product: String,
}

/// A release as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The release.
    pub release: Release,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Why it does not count; empty where it does.
    pub void_reason: String,
}

/// What somebody wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Records a release.
    Record(Box<Release>),
    /// Takes a release back, for a reason.
    Void(Uuid, String),
}

/// Why it is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such release.
    #[error("there is no release {0}")]
    Unknown(Uuid),
    /// It is there already.
    #[error("`{1}` came out on {2} already: releases/{0}")]
    Exists(Uuid, String, Day),
}

impl DomainError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Unknown(_) => Code::NotFound,
            Self::Exists(..) => Code::AlreadyExists,
        }
    }
    fn reason(&self) -> ErrorReason {
        match self {
            Self::Unknown(_) => ErrorReason::ReleaseUnknown,
            Self::Exists(..) => ErrorReason::ReleaseExists,
        }
    }
}

impl Release {
    /// The release that an event tells of; none where a later version of Keizoku wrote what this one does
    /// not know.
    fn of(event: &ReleaseRecorded) -> Option<Self> {
        let series = event.measured.iter().map(|measured| SeriesKey {
            kind: measured.signal(),
            subject: measured.subject.clone(),
        });
        Some(Self {
            id: event.release_id.parse().ok()?,
            kind: event.kind(),
            display_name: event.display_name.clone(),
            date: keizoku_proto::optional_day(event.date.as_ref()).ok()??,
            measured: series.collect(),
            tiers: event.tiers.clone(),
            product: event.product.clone(),
        })
    }

    fn is_like(&self, other: &Self) -> bool {
        (self.kind, self.date, &self.display_name) == (other.kind, other.date, &other.display_name)
    }
}

impl State {
    /// A release, also one that was taken back.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(&self, id: Uuid) -> Result<&Recorded, Error> {
        let found = self.all.iter().find(|one| one.release.id == id);
        found.ok_or(Error::Unknown(id))
    }

    /// All of them, the latest first.
    #[must_use]
    pub fn latest_first(&self) -> Vec<&Recorded> {
        let mut all: Vec<&Recorded> = self.all.iter().rev().collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.release.date));
        all
    }
}

impl Decider for Releases {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Error;

    fn decide(state: &State, command: Command, _ctx: &Ctx) -> Result<Vec<Kind>, Error> {
        match command {
            Command::Record(release) => {
                let mut counted = state.all.iter().filter(|one| one.void_reason.is_empty());
                if let Some(known) = counted.find(|one| one.release.is_like(&release)) {
                    let name = release.display_name.clone();
                    return Err(Error::Exists(known.release.id, name, release.date));
                }
                Ok(vec![Kind::ReleaseRecorded(recorded(*release))])
            }
            Command::Void(id, reason) => {
                let known = state.find(id)?;
                if !known.void_reason.is_empty() {
                    return Ok(Vec::new());
                }
                let release_id = id.to_string();
                Ok(vec![Kind::ReleaseVoided(ReleaseVoided {
                    release_id,
                    reason,
                })])
            }
        }
    }

    fn evolve(state: &mut State, event: &Kind, at: Timestamp) {
        match event {
            Kind::ReleaseRecorded(recorded) => {
                let recorded = Release::of(recorded).map(|release| Recorded {
                    release,
                    recorded_at: at,
                    void_reason: String::new(),
                });
                state.all.extend(recorded);
            }
            Kind::ReleaseVoided(voided) => {
                let mut all = state.all.iter_mut();
                let id = voided.release_id.parse();
                if let Some(one) = all.find(|one| Ok(one.release.id) == id) {
                    one.void_reason.clone_from(&voided.reason);
                }
            }
            _ => {}
        }
    }
}

fn recorded(release: Release) -> ReleaseRecorded {
    ReleaseRecorded {
        release_id: release.id.to_string(),
        kind: release.kind.into(),
        display_name: release.display_name,
        date: Some(release.date.into()),
        measured: release
            .measured
            .iter()
            .map(crate::resources::measured)
            .collect(),
        tiers: release.tiers,
        product: release.product,
    }
}

#[cfg(test)]
mod tests {
    use keizoku_core::{Actor, Given, Origin};
    use keizoku_proto::healthscore::SignalKind;

    use super::*;

    fn given() -> Given<Releases> {
        Given::nothing(Ctx {
            now: "2026-11-22T00:00:00Z".parse().unwrap(),
            today: "2026-11-22".parse().unwrap(),
            actor: Actor::new("user", "hanako"),
            origin: Origin::User,
            request_id: Uuid::from_u128(1),
        })
    }

    fn release(id: u128, name: &str, date: &str) -> Release {
        Release {
            id: Uuid::from_u128(id),
            kind: ReleaseKind::Feature,
            display_name: name.to_owned(),
            date: date.parse().unwrap(),
            measured: vec![SeriesKey {
                kind: SignalKind::FeatureUse,
                subject: "申請".to_owned(),
            }],
            tiers: vec!["Mid".to_owned()],
            product: "Core".to_owned(),
        }
    }

    fn record(release: Release) -> Command {
        Command::Record(Box::new(release))
    }

    #[test]
    fn hlt_9_a_release_is_kept_as_it_was_recorded_and_once() {
        let first = release(1, "申請", "2026-11-01");
        let given = given().commands([
            record(first.clone()),
            record(release(2, "申請", "2026-11-08")),
        ]);
        assert_eq!(given.state().find(first.id).unwrap().release, first);
        let dates: Vec<_> = given
            .state()
            .latest_first()
            .iter()
            .map(|one| one.release.id)
            .collect();
        assert_eq!(dates, [Uuid::from_u128(2), Uuid::from_u128(1)]);
        let again = given
            .when(record(release(3, "申請", "2026-11-01")))
            .unwrap_err();
        assert_eq!(again.reason(), ErrorReason::ReleaseExists);
        let webinar = Release {
            kind: ReleaseKind::Webinar,
            ..release(3, "申請", "2026-11-01")
        };
        assert!(given.when(record(webinar)).is_ok(), "it is something else");
    }

    #[test]
    fn hlt_9_a_release_is_taken_back_once_and_can_be_recorded_anew() {
        let id = Uuid::from_u128(1);
        let void = |id| Command::Void(id, "日付違い".to_owned());
        let given = given().commands([record(release(1, "申請", "2026-11-01")), void(id)]);
        assert_eq!(given.state().find(id).unwrap().void_reason, "日付違い");
        assert_eq!(given.when(void(id)), Ok(Vec::new()));
        let unknown = Uuid::from_u128(9);
        assert_eq!(given.when(void(unknown)), Err(Error::Unknown(unknown)));
        assert!(given.when(record(release(2, "申請", "2026-11-01"))).is_ok());
    }
}
