//! States as the resources that clients see.

pub(crate) mod contacts;

use keizoku_core::{AccountId, InitiativeId, Money, Revision};
use keizoku_proto::accounts as proto;
use keizoku_proto::common;
use keizoku_revenue::{AsOf, Book, SubscriptionView};
use keizoku_runtime::{Fold, call, names};

use crate::domain::{account, deal, subscription, user};

/// An amount in the reporting currency.
pub(crate) fn money(book: &Book, amount: Money) -> common::Money {
    let currency_code = book.settings_at(None).currency.clone();
    common::Money {
        minor_units: amount.minor(),
        currency_code,
    }
}

/// `collection/id`, or empty where there is no id.
fn reference(collection: &str, id: &str) -> String {
    if id.is_empty() {
        String::new()
    } else {
        format!("{collection}/{id}")
    }
}

/// An account without its subscriptions.
pub(crate) fn account(
    book: &Book,
    id: AccountId,
    fold: &Fold<account::State>,
    as_of: AsOf,
) -> proto::Account {
    let profile = &fold.state.profile;
    let attributes = fold.state.attributes_on(as_of.on);
    let mut account = proto::Account {
        name: names::account(id),
        display_name: profile.display_name.clone(),
        kana: profile.kana.clone(),
        corporate_number: profile.corporate_number.clone(),
        group: attributes.group,
        tier: attributes.tier,
        touch_model: profile.touch_model,
        industry: profile.industry.clone(),
        region: profile.region.clone(),
        sales_channel: profile.sales_channel.clone(),
        external_ids: profile.external_ids.clone(),
        owner: reference("users", &attributes.owner_id),
        pool: reference("teams", &attributes.pool_id),
        associate: reference("users", &profile.associate_id),
        onboarding_specialist: reference("users", &profile.onboarding_specialist_id),
        create_time: fold.created_at.map(keizoku_proto::timestamp),
        update_time: fold.updated_at.map(keizoku_proto::timestamp),
        etag: call::etag(fold.revision),
        ..proto::Account::default()
    };
    if let Some(ix) = book.account(id) {
        let survivor = book.survivor(ix, as_of.known_at);
        let view = book.summary_on(ix, as_of);
        if survivor == ix {
            account.active = view.active;
            account.mrr = Some(money(book, view.mrr));
            account.group_mrr = Some(money(book, book.group_mrr(ix, as_of)));
            account.next_renewal_date = view.next_renewal.map(Into::into);
            account.churn_date = book.churned_on(ix, as_of).map(Into::into);
        } else {
            account.merged_into = names::account(book.account_id(survivor));
        }
        let team = book.directory().team_of_owner(view.attributes.owner, as_of);
        account.team = team
            .map(|team| names::team(book.directory().team_id(team)))
            .unwrap_or_default();
    }
    account
}

/// A subscription with the facts that were known.
pub(crate) fn subscription(
    book: &Book,
    account: AccountId,
    view: Option<&SubscriptionView>,
    id: keizoku_core::SubscriptionId,
    fold: &Fold<subscription::State>,
) -> proto::Subscription {
    let state = &fold.state;
    let name = names::subscription(account, id);
    let facts = state
        .facts
        .iter()
        .map(|known| fact(book, &name, known, fold))
        .collect();
    let mut shown = proto::Subscription {
        name,
        product: state.product.clone(),
        external_id: state.external_id.clone(),
        facts,
        etag: call::etag(fold.revision),
        ..proto::Subscription::default()
    };
    if let Some(view) = view {
        shown.active = view.active;
        shown.mrr = Some(money(book, view.mrr));
        shown.start_date = view.start.map(Into::into);
        shown.next_renewal_date = view.next_renewal.map(Into::into);
        shown.notice_deadline = view.notice_deadline.map(Into::into);
        shown.term_months = view.term_months.into();
        shown.auto_renew = view.auto_renew;
        shown.end_date = view.end.map(Into::into);
    }
    shown
}

fn fact(
    book: &Book,
    subscription: &str,
    fact: &subscription::Fact,
    fold: &Fold<subscription::State>,
) -> proto::ContractFact {
    let (reason_code, reason) = fact.reason.clone().unwrap_or_default();
    let (actor, origin) = author(fold, fact.number);
    let voided = fact.voided.as_ref();
    let (void_actor, void_origin) = voided
        .map(|voided| author(fold, voided.number))
        .unwrap_or_default();
    proto::ContractFact {
        name: format!("{subscription}/facts/{}", fact.number),
        kind: fact.kind.into(),
        effective_date: Some(fact.effective.into()),
        mrr: fact.mrr.map(|mrr| money(book, mrr)),
        next_renewal_date: fact
            .terms
            .as_ref()
            .and_then(|terms| terms.next_renewal_date),
        reason_code,
        reason,
        create_time: Some(keizoku_proto::timestamp(fact.recorded_at)),
        void_time: voided.map(|voided| keizoku_proto::timestamp(voided.at)),
        void_reason: voided
            .map(|voided| voided.reason.clone())
            .unwrap_or_default(),
        actor,
        origin,
        void_actor,
        void_origin,
    }
}

/// Who recorded an event of a stream, and how it came about (GEN-6).
fn author<S>(fold: &Fold<S>, event: u64) -> (String, i32) {
    fold.author(Revision(event))
        .map(|author| (author.actor.clone(), author.origin.into()))
        .unwrap_or_default()
}

/// A person.
pub(crate) fn user(fold: &Fold<user::State>) -> proto::User {
    let state = &fold.state;
    proto::User {
        name: reference("users", &state.id),
        display_name: state.profile.display_name.clone(),
        email: state.profile.email.clone(),
        slack_member_id: state.profile.slack_member_id.clone(),
        team: reference("teams", &state.team_id),
        role: state.profile.role.clone(),
        active: !state.departed,
        external_id: state.profile.external_id.clone(),
        time_zone: state.profile.time_zone.clone(),
        subject: state.profile.subject.clone(),
        etag: call::etag(fold.revision),
    }
}

/// A team.
pub(crate) fn team(team: &proto::TeamDefined, etag: String) -> proto::Team {
    proto::Team {
        name: reference("teams", &team.team_id),
        display_name: team.display_name.clone(),
        parent: reference("teams", &team.parent_team_id),
        slack_channel: team.slack_channel.clone(),
        branch: team.branch.clone(),
        etag,
    }
}

/// An initiative.
pub(crate) fn initiative(
    id: InitiativeId,
    charter: &proto::Initiative,
    etag: String,
) -> proto::Initiative {
    proto::Initiative {
        name: names::initiative(id),
        etag,
        ..charter.clone()
    }
}

/// A deal.
pub(crate) fn deal(book: &Book, fold: &Fold<deal::State>) -> proto::Deal {
    let state = &fold.state;
    let terms = &state.terms;
    proto::Deal {
        name: format!("accounts/{}/deals/{}", state.account_id, state.id),
        display_name: terms.display_name.clone(),
        stage: terms.stage.clone(),
        won: state.won,
        kind: terms.kind.clone(),
        close_date: terms.close_date,
        amount: terms
            .amount
            .map(|amount| money(book, Money::from_minor(amount))),
        product: terms.product.clone(),
        salesperson: reference("users", &terms.salesperson_id),
        external_id: state.external_id.clone(),
        etag: call::etag(fold.revision),
    }
}
