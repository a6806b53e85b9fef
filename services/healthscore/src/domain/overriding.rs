//! What a person set the score of an account to, until when and why (HLT-7).

use jiff::Timestamp;
use keizoku_core::{AccountId, Ctx, Decider};
use keizoku_proto::healthscore::event::Kind;
use keizoku_proto::healthscore::{HealthOverridden, HealthOverrideCleared};
use keizoku_runtime::Never;

/// What people set the score of one account to.
pub struct Overriding;

/// The latest that somebody set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    set: Option<Set>,
}

/// A score that a person set.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// The score, 0 to 100.
    pub score: u8,
    /// Why.
    pub reason: String,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it was set.
    pub set_at: Timestamp,
}

/// What somebody wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Sets a score until an instant.
    Set {
        /// Whose.
        account: AccountId,
        /// The score, 0 to 100.
        score: u8,
        /// Why.
        reason: String,
        /// When it ends by itself.
        expires_at: Timestamp,
    },
    /// Ends what is set.
    Clear {
        /// Whose.
        account: AccountId,
    },
}

impl State {
    /// What is in effect at an instant: it ends without anybody doing anything.
    #[must_use]
    pub fn in_effect(&self, at: Timestamp) -> Option<&Set> {
        self.set.as_ref().filter(|set| at < set.expires_at)
    }
}

impl Decider for Overriding {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Never;

    fn decide(state: &State, command: Command, ctx: &Ctx) -> Result<Vec<Kind>, Never> {
        Ok(match command {
            Command::Set {
                account,
                score,
                reason,
                expires_at,
            } => {
                vec![Kind::HealthOverridden(HealthOverridden {
                    account_id: account.to_string(),
                    score: score.into(),
                    reason,
                    expire_time: Some(keizoku_proto::timestamp(expires_at)),
                })]
            }
            Command::Clear { .. } if state.in_effect(ctx.now).is_none() => Vec::new(),
            Command::Clear { account } => {
                let account_id = account.to_string();
                vec![Kind::HealthOverrideCleared(HealthOverrideCleared {
                    account_id,
                })]
            }
        })
    }

    fn evolve(state: &mut State, event: &Kind, at: Timestamp) {
        match event {
            Kind::HealthOverridden(set) => {
                let expires_at = set.expire_time.as_ref().and_then(keizoku_proto::instant);
                state.set = Some(Set {
                    score: u8::try_from(set.score).unwrap_or_default(),
                    reason: set.reason.clone(),
                    expires_at: expires_at.unwrap_or(at),
                    set_at: at,
                });
            }
            Kind::HealthOverrideCleared(_) => state.set = None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use keizoku_core::{Actor, Day, Given, Origin};
    use uuid::Uuid;

    use super::*;

    fn at(now: &str) -> Given<Overriding> {
        Given::nothing(Ctx {
            now: now.parse().unwrap(),
            today: "2026-11-22".parse::<Day>().unwrap(),
            actor: Actor::new("user", "hanako"),
            origin: Origin::User,
            request_id: Uuid::from_u128(1),
        })
    }

    fn set() -> Command {
        Command::Set {
            account: Uuid::nil().into(),
            score: 20,
            reason: "後任が決まらない".to_owned(),
            expires_at: "2026-12-01T00:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn hlt_7_an_override_ends_at_its_expiry() {
        let given = at("2026-11-22T00:00:00Z").commands([set()]);
        let score = |now: &str| {
            given
                .state()
                .in_effect(now.parse().unwrap())
                .map(|set| set.score)
        };
        assert_eq!(score("2026-11-30T23:59:59Z"), Some(20));
        assert_eq!(score("2026-12-01T00:00:00Z"), None);
    }

    #[test]
    fn hlt_7_an_override_is_cleared_once() {
        let clear = || Command::Clear {
            account: Uuid::nil().into(),
        };
        let given = at("2026-11-22T00:00:00Z").commands([set(), clear()]);
        assert_eq!(
            given
                .state()
                .in_effect("2026-11-23T00:00:00Z".parse().unwrap()),
            None
        );
        assert_eq!(given.when(clear()), Ok(Vec::new()));
    }
}
