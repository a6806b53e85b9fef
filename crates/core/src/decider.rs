//! Deciding what happens and folding what happened, without any IO.

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

use crate::Day;

/// An aggregate as two pure functions.
pub trait Decider {
    /// What decisions depend on, folded from the stream; the default is "nothing happened yet".
    type State: Default + Clone + Send + Sync + 'static;
    /// What somebody wants, already parsed: an illegal value cannot be written down.
    type Command;
    /// What happened: the proto messages themselves.
    type Event;
    /// Why it is refused.
    type Error;

    /// What `command` makes happen in `state`; no events means that there is nothing to do.
    ///
    /// # Errors
    /// When the state does not allow the command.
    fn decide(
        state: &Self::State,
        command: Self::Command,
        ctx: &Ctx,
    ) -> Result<Vec<Self::Event>, Self::Error>;

    /// The state after `event`. Total: what happened cannot be refused.
    fn evolve(state: &mut Self::State, event: &Self::Event, at: Timestamp);
}

/// The circumstances of a command.
#[derive(Debug, Clone)]
pub struct Ctx {
    /// The present instant.
    pub now: Timestamp,
    /// The present date in the organisation's time zone.
    pub today: Day,
    /// Who wants it.
    pub actor: Actor,
    /// How it came about.
    pub origin: Origin,
    /// The command's idempotency key.
    pub request_id: Uuid,
}

/// Who caused an event (GEN-6): `user:…`, `service:risk`, `schedule:digest`, `import:…`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Actor(String);

impl Actor {
    /// An actor of some kind: `Actor::new("user", "hanako")`.
    #[must_use]
    pub fn new(kind: &str, name: &str) -> Self {
        Self(format!("{kind}:{name}"))
    }

    /// The actor as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// How an event came about. Imported history neither notifies nor reacts (ACC-7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Somebody asked for it over the API.
    User,
    /// It was brought over from another system.
    Import,
    /// It follows from another service's event.
    Reaction,
    /// Its time had come.
    Schedule,
}

/// Given what happened, when something is asked for, then this: the harness for decider tests.
pub struct Given<D: Decider> {
    state: D::State,
    ctx: Ctx,
}

impl<D: Decider> Given<D>
where
    D::Event: fmt::Debug + PartialEq,
    D::Error: fmt::Debug + PartialEq,
{
    /// Nothing happened so far; `ctx` holds for all that follows.
    #[must_use]
    pub fn nothing(ctx: Ctx) -> Self {
        Self {
            state: D::State::default(),
            ctx,
        }
    }

    /// These events happened.
    #[must_use]
    pub fn events(mut self, events: impl IntoIterator<Item = D::Event>) -> Self {
        for event in events {
            D::evolve(&mut self.state, &event, self.ctx.now);
        }
        self
    }

    /// These commands were accepted.
    ///
    /// # Panics
    /// When one is refused.
    #[must_use]
    pub fn commands(mut self, commands: impl IntoIterator<Item = D::Command>) -> Self {
        for command in commands {
            match D::decide(&self.state, command, &self.ctx) {
                Ok(events) => self = self.events(events),
                Err(error) => panic!("a given command was refused: {error:?}"),
            }
        }
        self
    }

    /// The same past, on another day.
    #[must_use]
    pub fn on(mut self, today: Day) -> Self {
        self.ctx.today = today;
        self
    }

    /// The state so far.
    #[must_use]
    pub fn state(&self) -> &D::State {
        &self.state
    }

    /// What `command` would do now.
    ///
    /// # Errors
    /// When it is refused.
    pub fn when(&self, command: D::Command) -> Result<Vec<D::Event>, D::Error> {
        D::decide(&self.state, command, &self.ctx)
    }
}
