//! The contact log (ACC-11): an entry is a stream of its own. It happened, so it never changes; one
//! that was recorded in error is voided.

use jiff::Timestamp;
use keizoku_core::{Ctx, Day, Decider};
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::accounts::{ContactLogEntryVoided, ContactLogged};
use keizoku_proto::common::ErrorReason;
use keizoku_runtime::DomainError;
use tonic::Code;

use super::Existence;

/// One entry.
pub struct Entry;

/// What is known of an entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// What was logged; its id is empty while there is no such entry.
    pub logged: ContactLogged,
    /// When and why it was voided.
    pub voided: Option<(Timestamp, String)>,
}

impl State {
    /// Whether the entry was logged.
    #[must_use]
    pub fn exists(&self) -> bool {
        !self.logged.entry_id.is_empty()
    }
}

/// What somebody wants of an entry.
#[derive(Debug, Clone)]
pub enum Command {
    /// Logs it, as of a day (default: today).
    Log(ContactLogged, Option<Day>),
    /// Voids it, with the reason.
    Void(String),
}

/// Why an entry is not logged or voided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is there already, or it is not there.
    #[error(transparent)]
    Existence(#[from] Existence),
    /// It has not happened yet.
    #[error("{date} lies in the future, today being {today}: only what happened is logged")]
    InFuture {
        /// When it would happen.
        date: Day,
        /// The present date.
        today: Day,
    },
    /// It was voided before.
    #[error("the entry was voided before")]
    Void,
}

impl DomainError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Existence(error) => error.code(),
            Self::InFuture { .. } | Self::Void => Code::FailedPrecondition,
        }
    }
    fn reason(&self) -> ErrorReason {
        match self {
            Self::Existence(error) => error.reason(),
            Self::InFuture { .. } => ErrorReason::ContactDateImpossible,
            Self::Void => ErrorReason::ContactLogEntryVoid,
        }
    }
}

impl Decider for Entry {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Error;

    fn decide(state: &State, command: Command, ctx: &Ctx) -> Result<Vec<Kind>, Error> {
        match command {
            Command::Log(logged, _) if state.exists() => {
                Err(Existence::exists("entry", &logged.entry_id).into())
            }
            Command::Log(mut logged, date) => {
                let (date, today) = (date.unwrap_or(ctx.today), ctx.today);
                if date > today {
                    return Err(Error::InFuture { date, today });
                }
                logged.contact_date = Some(date.into());
                Ok(vec![Kind::ContactLogged(logged)])
            }
            Command::Void(_) if !state.exists() => Err(Existence::Unknown("entry").into()),
            Command::Void(_) if state.voided.is_some() => Err(Error::Void),
            Command::Void(reason) => Ok(vec![Kind::ContactLogEntryVoided(ContactLogEntryVoided {
                entry_id: state.logged.entry_id.clone(),
                account_id: state.logged.account_id.clone(),
                reason,
            })]),
        }
    }

    fn evolve(state: &mut State, event: &Kind, at: Timestamp) {
        match event {
            Kind::ContactLogged(logged) => state.logged.clone_from(logged),
            Kind::ContactLogEntryVoided(voided) => {
                state.voided = Some((at, voided.reason.clone()));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ctx, day};
    use keizoku_core::Given;

    fn log(date: Option<&str>) -> Command {
        let logged = ContactLogged {
            entry_id: "e".to_owned(),
            account_id: "a".to_owned(),
            subject: "更新の相談".to_owned(),
            ..ContactLogged::default()
        };
        Command::Log(logged, date.map(day))
    }

    fn void() -> Command {
        Command::Void("別の会社の面談".to_owned())
    }

    #[test]
    fn acc_11_contact_happened_today_unless_a_date_says_when() {
        let given = Given::<Entry>::nothing(ctx());
        for (date, expected) in [
            (None, "2026-11-22"),
            (Some("2026-11-22"), "2026-11-22"),
            (Some("2026-01-05"), "2026-01-05"),
        ] {
            let events = given.when(log(date)).unwrap();
            assert!(
                matches!(events.as_slice(), [Kind::ContactLogged(e)]
                    if e.contact_date == Some(day(expected).into())),
                "{events:?}"
            );
        }
    }

    #[test]
    fn acc_11_contact_of_tomorrow_is_refused() {
        let refused = Given::<Entry>::nothing(ctx()).when(log(Some("2026-11-23")));
        let expected = Error::InFuture {
            date: day("2026-11-23"),
            today: day("2026-11-22"),
        };
        assert_eq!(refused, Err(expected));
    }

    #[test]
    fn acc_11_an_entry_is_logged_once_and_voided_once() {
        let nothing = || Given::<Entry>::nothing(ctx());
        assert_eq!(
            nothing().when(void()),
            Err(Existence::Unknown("entry").into())
        );
        let given = nothing().commands([log(None)]);
        assert_eq!(
            given.when(log(None)),
            Err(Existence::exists("entry", "e").into())
        );
        let voided = given.commands([void()]);
        let why = voided.state().voided.as_ref().map(|(_, why)| why.as_str());
        assert_eq!(why, Some("別の会社の面談"));
        assert_eq!(
            voided.state().logged.subject,
            "更新の相談",
            "stays readable"
        );
        assert_eq!(voided.when(void()), Err(Error::Void));
    }
}
