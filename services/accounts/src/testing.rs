//! What this crate's tests share.

use keizoku_core::{Actor, Ctx, Day, Origin};
use uuid::Uuid;

pub(crate) fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub(crate) fn ctx() -> Ctx {
    Ctx {
        now: "2026-11-22T03:00:00Z".parse().unwrap(),
        today: day("2026-11-22"),
        actor: Actor::new("user", "hanako"),
        origin: Origin::User,
        request_id: Uuid::from_u128(1),
    }
}
