//! What the tests of this crate share.

use jiff::Timestamp;
use keizoku_core::{Actor, Ctx, Day, Origin};
use uuid::Uuid;

/// A Wednesday at noon in Tokyo.
pub(crate) const NOW: &str = "2026-11-25T03:00:00Z";

/// The circumstances of every command of a test.
pub(crate) fn ctx() -> Ctx {
    Ctx {
        now: now(),
        today: "2026-11-25".parse::<Day>().unwrap(),
        actor: Actor::new("service", "notification"),
        origin: Origin::Reaction,
        request_id: Uuid::nil(),
    }
}

/// [`NOW`].
pub(crate) fn now() -> Timestamp {
    NOW.parse().unwrap()
}
