//! An outgoing webhook that said that it is gone is written to no more, until somebody says so (NTF-3).

use jiff::Timestamp;
use keizoku_core::{Ctx, Decider};
use keizoku_proto::notification::event::Kind;
use keizoku_proto::notification::{EndpointDisabled, EndpointEnabled};
use keizoku_runtime::Never;

/// An outgoing webhook, by its name in the configuration.
pub struct Endpoint;

/// Whether it is written to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// Since when it is not, and why.
    pub disabled: Option<(Timestamp, String)>,
}

/// What happens to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// It said that it is gone.
    Disable {
        /// Its name.
        name: String,
        /// What it said.
        problem: String,
    },
    /// Somebody says that it is there again.
    Enable {
        /// Its name.
        name: String,
    },
}

impl Decider for Endpoint {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Never;

    fn decide(state: &State, command: Command, _ctx: &Ctx) -> Result<Vec<Kind>, Never> {
        let event = match (command, &state.disabled) {
            (Command::Disable { name, problem }, None) => {
                Kind::EndpointDisabled(EndpointDisabled { name, problem })
            }
            (Command::Enable { name }, Some(_)) => Kind::EndpointEnabled(EndpointEnabled { name }),
            (Command::Disable { .. }, Some(_)) | (Command::Enable { .. }, None) => {
                return Ok(Vec::new());
            }
        };
        Ok(vec![event])
    }

    fn evolve(state: &mut State, event: &Kind, at: Timestamp) {
        match event {
            Kind::EndpointDisabled(event) => state.disabled = Some((at, event.problem.clone())),
            Kind::EndpointEnabled(_) => state.disabled = None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use keizoku_core::Given;

    use super::*;
    use crate::testing::ctx;

    #[test]
    fn ntf_3_what_is_gone_is_disabled_once_until_somebody_enables_it() {
        let name = || "crm".to_owned();
        let disable = || Command::Disable {
            name: name(),
            problem: "HTTP 410".to_owned(),
        };
        let enable = || Command::Enable { name: name() };
        let new = Given::<Endpoint>::nothing(ctx());
        assert_eq!(new.when(enable()), Ok(vec![]));
        let gone = new.commands([disable()]);
        assert!(gone.state().disabled.is_some());
        assert_eq!(gone.when(disable()), Ok(vec![]));
        let back = gone.commands([enable()]);
        assert_eq!(*back.state(), State::default());
    }
}
