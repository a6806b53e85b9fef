//! What one rule does about one fact: recipients are frozen when it is first heard of (NTF-4).

use jiff::Timestamp;
use keizoku_core::{Ctx, Decider};
use keizoku_proto::notification::event::Kind;
use keizoku_proto::notification::{DigestSkipped, FactRouted};
use keizoku_runtime::Never;

/// A fact under a rule, or a slot of a digest's schedule.
pub struct Fact;

/// What was decided about it.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum State {
    /// Nothing yet.
    #[default]
    Unheard,
    /// These are told.
    Routed(Box<FactRouted>),
    /// Nobody is told: its time has passed.
    Skipped,
}

/// What to do about it.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Tell these.
    Route(FactRouted),
    /// Tell nobody.
    Skip(DigestSkipped),
}

impl Decider for Fact {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Never;

    fn decide(state: &State, command: Command, _ctx: &Ctx) -> Result<Vec<Kind>, Never> {
        if *state != State::Unheard {
            return Ok(Vec::new());
        }
        Ok(vec![match command {
            Command::Route(routed) => Kind::FactRouted(routed),
            Command::Skip(skipped) => Kind::DigestSkipped(skipped),
        }])
    }

    fn evolve(state: &mut State, event: &Kind, _at: Timestamp) {
        match event {
            Kind::FactRouted(event) => *state = State::Routed(Box::new(event.clone())),
            Kind::DigestSkipped(_) => *state = State::Skipped,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use keizoku_core::Given;
    use keizoku_proto::notification::Recipient;
    use keizoku_proto::notification::recipient::To;

    use super::*;
    use crate::testing::ctx;

    fn to(channel: &str) -> Command {
        Command::Route(FactRouted {
            recipients: vec![Recipient {
                channel: 1,
                to: Some(To::SlackChannel(channel.to_owned())),
            }],
            ..FactRouted::default()
        })
    }

    #[test]
    fn ntf_4_whoever_hears_of_a_fact_again_changes_nothing() {
        let routed = Given::<Fact>::nothing(ctx()).commands([to("#east")]);
        assert_eq!(routed.when(to("#west")), Ok(vec![]));
        let skip = Command::Skip(DigestSkipped::default());
        assert_eq!(routed.when(skip.clone()), Ok(vec![]));
        let skipped = Given::<Fact>::nothing(ctx()).commands([skip]);
        assert_eq!(skipped.when(to("#west")), Ok(vec![]));
    }
}
