//! What the tests of decisions share.

use keizoku_core::{Actor, Ctx, Day, Origin};
use uuid::Uuid;

/// A day.
pub(crate) fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// A CSM's command on 24 November 2026.
pub(crate) fn ctx() -> Ctx {
    Ctx {
        now: "2026-11-24T03:00:00Z".parse().unwrap(),
        today: day("2026-11-24"),
        actor: Actor::new("user", "hanako"),
        origin: Origin::User,
        request_id: Uuid::from_u128(1),
    }
}
