//! What a service's reactions have in common (RX-8).
//!
//! A reaction is a pure function from a foreign event, and what the service itself knows, to commands.
//! [`call`] gives each a request id that follows from the reaction, the source's event, the command's
//! stream and its intent, so that whoever reacts again changes nothing. [`Reactions`] keeps in the
//! service's own log how far it has dealt with a source: what it decided not to do, on what it knew
//! then, is not decided again when a read model is read anew.

use std::marker::PhantomData;
use std::sync::Arc;

use jiff::Timestamp;
use keizoku_core::{Ctx, Decider, Origin, Position, StreamId, derive_id};
use keizoku_log::EventLog;
use keizoku_proto::common::ReactionsAdvanced;
use keizoku_proto::{StoredEvent, accounts, healthscore, onboarding, risk};

use crate::intake::Fact;
use crate::{Calendar, Call, Cause, Executor, Failure, Lifecycle, Never};

/// Longest chain of reactions: one that is longer goes round in circles.
pub const LONGEST_CHAIN: u32 = 8;

/// The command of a reaction to `fact`, on the stream `target`; `None` where the chain of reactions
/// is too long, which the log of the process says.
#[must_use]
pub fn call(
    service: &str,
    reaction: &str,
    fact: &Fact,
    target: &StreamId,
    intent: &str,
) -> Option<Call> {
    let metadata = &fact.metadata;
    let reactions = metadata.reactions + 1;
    if reactions > LONGEST_CHAIN {
        let (source, position) = (&fact.source, fact.position.0);
        tracing::error!(
            reaction,
            source,
            position,
            "the chain of reactions ends here: more than {LONGEST_CHAIN} in a row"
        );
        return None;
    }
    let target = target.to_string();
    let parts = [
        reaction.as_bytes(),
        fact.source.as_bytes(),
        fact.stream.as_bytes(),
        fact.event_id.as_bytes(),
        target.as_bytes(),
        intent.as_bytes(),
    ];
    let request_id = derive_id("reaction", &parts);
    let cause = Cause {
        reactions,
        ..Cause::by(fact.event_id, metadata)
    };
    Some(Call::own(service, Origin::Reaction, request_id, cause))
}

/// Events of a service that reacts.
pub trait ReactingEvent: StoredEvent {
    /// The event that says how far reactions are.
    fn advanced(advanced: ReactionsAdvanced) -> Self;
    /// What it says, where it is that event.
    fn as_advanced(&self) -> Option<&ReactionsAdvanced>;
}

/// Every log that notes reactions has the same event for it.
macro_rules! reacting {
    ($($service:ident),+) => {$(
        impl ReactingEvent for $service::event::Kind {
            fn advanced(advanced: ReactionsAdvanced) -> Self {
                Self::ReactionsAdvanced(advanced)
            }

            fn as_advanced(&self) -> Option<&ReactionsAdvanced> {
                match self {
                    Self::ReactionsAdvanced(advanced) => Some(advanced),
                    _ => None,
                }
            }
        }
    )+};
}

reacting!(accounts, risk, healthscore, onboarding);

/// How far reactions have dealt with one source.
pub struct Reading<E>(PhantomData<E>);

/// What is noted of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// They begin: with what is recorded from now on, never with history.
    Start(&'static str),
    /// They have dealt with everything up to here.
    Advance(ReactionsAdvanced),
}

impl<E: ReactingEvent> Decider for Reading<E> {
    type State = Option<ReactionsAdvanced>;
    type Command = Command;
    type Event = E;
    type Error = Never;

    fn decide(state: &Self::State, command: Command, ctx: &Ctx) -> Result<Vec<E>, Never> {
        let event = match (command, state) {
            (Command::Start(_), Some(_)) => return Ok(Vec::new()),
            (Command::Start(source), None) => ReactionsAdvanced {
                source: source.to_owned(),
                recorded_time: Some(keizoku_proto::timestamp(ctx.now)),
                ..ReactionsAdvanced::default()
            },
            (Command::Advance(to), Some(known))
                if known.log_id == to.log_id && known.position >= to.position =>
            {
                return Ok(Vec::new());
            }
            (Command::Advance(to), _) => to,
        };
        Ok(vec![E::advanced(event)])
    }

    fn evolve(state: &mut Self::State, event: &E, _at: Timestamp) {
        if let Some(advanced) = event.as_advanced() {
            *state = Some(advanced.clone());
        }
    }
}

/// The reactions of one service, as far as they are noted in its log.
pub struct Reactions<E: ReactingEvent> {
    service: &'static str,
    reading: Arc<Executor<Reading<E>>>,
}

fn stream(source: &str) -> StreamId {
    StreamId::new("reactions", derive_id("source", &[source.as_bytes()]))
}

impl<E: ReactingEvent> Reactions<E> {
    /// Those of `service`, whose log is `log`.
    #[must_use]
    pub fn of(
        service: &'static str,
        log: Arc<dyn EventLog>,
        calendar: Calendar,
        lifecycle: Lifecycle,
    ) -> Self {
        let reading = Executor::new(log, calendar, lifecycle);
        Self { service, reading }
    }

    /// Begins to react to a source, unless that was begun before. A service that never reacted starts
    /// with what is recorded from now on: an installation that is upgraded does not catch up on its
    /// history, and a new one has none.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub async fn start(&self, source: &'static str) -> Result<(), Failure> {
        let id = derive_id("reactions-start", &[source.as_bytes()]);
        let call = Call::own(self.service, Origin::Schedule, id, Cause::default());
        self.reading
            .execute(stream(source), Command::Start(source), call)
            .await
            .map(drop)
    }

    /// Since when the service reacts to a source, or up to when it has dealt with it.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn dealt_until(&self, source: &str) -> Result<Option<Timestamp>, Failure> {
        let fold = self.reading.recall(&stream(source)).await?;
        let known = fold.state.as_ref();
        Ok(known.and_then(|known| keizoku_proto::instant(known.recorded_time.as_ref()?)))
    }

    /// Whether a fact is older than the reactions, or was dealt with.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn is_history(&self, fact: &Fact) -> Result<bool, Failure> {
        let fold = self.reading.recall(&stream(&fact.source)).await?;
        Ok(fold
            .state
            .as_ref()
            .is_none_or(|known| was_dealt_with(known, fact)))
    }

    /// Notes that everything up to a fact was dealt with.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub async fn dealt(&self, last: &Fact) -> Result<(), Failure> {
        let Position(position) = last.position;
        let log_id = last.log_id.to_string();
        let parts = [
            last.source.as_bytes(),
            log_id.as_bytes(),
            &position.to_be_bytes(),
        ];
        let id = derive_id("reactions-dealt", &parts);
        let call = Call::own(self.service, Origin::Reaction, id, Cause::default());
        let advanced = ReactionsAdvanced {
            source: last.source.clone(),
            log_id,
            position,
            recorded_time: Some(keizoku_proto::timestamp(last.recorded_at)),
        };
        let stream = stream(&last.source);
        self.reading
            .execute(stream, Command::Advance(advanced), call)
            .await
            .map(drop)
    }
}

/// Positions mean something within their log; between a log and the backup of it that was restored,
/// only time does: what is recorded after the restore is later than all that was lost.
fn was_dealt_with(known: &ReactionsAdvanced, fact: &Fact) -> bool {
    if known.log_id == fact.log_id.to_string() {
        return fact.position.0 <= known.position;
    }
    let until = known.recorded_time.as_ref();
    until
        .and_then(keizoku_proto::instant)
        .is_some_and(|until| fact.recorded_at <= until)
}

#[cfg(test)]
mod tests;
