//! Since when facts are told about: never about what was recorded before (NTF-2, NTF-8).

use jiff::Timestamp;
use keizoku_core::{Ctx, Decider};
use keizoku_proto::notification::event::Kind;
use keizoku_proto::notification::{NotificationsActivated, NotificationsDeactivated};
use keizoku_runtime::Never;
use uuid::Uuid;

/// Whether this deployment sends messages at all.
pub struct Activation;

/// Since when facts are told about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The log that it was said in; `None` while nothing is sent.
    log_id: Option<String>,
    /// What was recorded until then is not told about.
    pub since: Option<Timestamp>,
}

/// What a start of the service finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Some channel is configured.
    Start {
        /// The log of this start. A backup that was restored has another one than before: what the
        /// lost part of the log had sent cannot be known, so that telling starts over.
        log_id: Uuid,
    },
    /// None is.
    StartSilent,
}

impl Decider for Activation {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Never;

    fn decide(state: &State, command: Command, _ctx: &Ctx) -> Result<Vec<Kind>, Never> {
        let event = match command {
            Command::Start { log_id } if state.log_id != Some(log_id.to_string()) => {
                Kind::NotificationsActivated(NotificationsActivated {
                    log_id: log_id.to_string(),
                })
            }
            Command::StartSilent if state.log_id.is_some() => {
                Kind::NotificationsDeactivated(NotificationsDeactivated {})
            }
            Command::Start { .. } | Command::StartSilent => return Ok(Vec::new()),
        };
        Ok(vec![event])
    }

    fn evolve(state: &mut State, event: &Kind, at: Timestamp) {
        match event {
            Kind::NotificationsActivated(event) => {
                state.log_id = Some(event.log_id.clone());
                state.since = Some(at);
            }
            Kind::NotificationsDeactivated(_) => *state = State::default(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use keizoku_core::Given;

    use super::*;
    use crate::testing::ctx;

    const LOG: Uuid = Uuid::from_u128(1);
    const RESTORED: Uuid = Uuid::from_u128(2);

    fn given(commands: &[Command]) -> Given<Activation> {
        Given::nothing(ctx()).commands(commands.iter().copied())
    }

    #[test]
    fn ntf_8_a_restart_goes_on_and_a_restored_backup_starts_over() {
        let started = given(&[Command::Start { log_id: LOG }]);
        assert_eq!(started.when(Command::Start { log_id: LOG }), Ok(vec![]));
        let again = started.when(Command::Start { log_id: RESTORED }).unwrap();
        assert!(matches!(again[..], [Kind::NotificationsActivated(_)]));
    }

    #[test]
    fn ntf_8_what_happens_while_no_channel_is_configured_is_not_told_later() {
        let silent = given(&[Command::StartSilent]);
        assert_eq!(
            silent.state().since,
            None,
            "nothing is written for nothing to send"
        );
        let paused = given(&[Command::Start { log_id: LOG }, Command::StartSilent]);
        assert_eq!(paused.state().since, None);
        let events = paused.when(Command::Start { log_id: LOG }).unwrap();
        assert!(matches!(events[..], [Kind::NotificationsActivated(_)]));
    }
}
