//! Which stream an event belongs to.

use keizoku_core::StreamId;
use keizoku_proto::accounts::event::Kind as AccountsKind;
use keizoku_proto::risk::event::Kind as RiskKind;
use uuid::Uuid;

pub(crate) fn of_accounts(kind: &AccountsKind) -> StreamId {
    use AccountsKind as Kind;
    match kind {
        Kind::TeamDefined(event) => named("team", &event.team_id),
        Kind::UserRegistered(event) => named("user", &event.user_id),
        Kind::AccountOpened(event) => named("account", &event.account_id),
        Kind::AccountAttributesChanged(event) => named("account", &event.account_id),
        Kind::SubscriptionStarted(event) => named("subscription", &event.subscription_id),
        Kind::SubscriptionExpanded(event) => named("subscription", &event.subscription_id),
        Kind::CancellationAnnounced(event) => named("subscription", &event.subscription_id),
        Kind::DealRecorded(event) => named("deal", &event.deal_id),
        // A population makes up no others.
        _ => StreamId::singleton("organisation"),
    }
}

pub(crate) fn of_risk(kind: &RiskKind) -> StreamId {
    use RiskKind as Kind;
    match kind {
        Kind::RiskOpened(event) => named("risk", &event.risk_id),
        Kind::LeadsToChurnAssessed(event) => named("risk", &event.risk_id),
        Kind::NextActionScheduled(event) => named("risk", &event.risk_id),
        Kind::RiskClosed(event) => named("risk", &event.risk_id),
        Kind::RiskSuggested(event) => named("suggestion", &event.suggestion_id),
        // A population makes up no others.
        _ => StreamId::singleton("catalogue"),
    }
}

fn named(category: &'static str, id: &str) -> StreamId {
    StreamId::new(category, Uuid::try_parse(id).unwrap_or_default())
}
