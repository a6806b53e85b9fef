//! Resource names: `accounts/{account}/risks/{risk}`.

use std::str::FromStr;

use keizoku_core::{
    AccountId, ContactId, DealId, InitiativeId, OnboardingId, RiskId, SubscriptionId, TeamId,
    UserId,
};

/// The text is not a resource name of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not of the form `{0}` with UUIDs for ids")]
pub struct InvalidName(pub &'static str);

/// Name of an account.
#[must_use]
pub fn account(id: AccountId) -> String {
    format!("accounts/{id}")
}

/// Name of a subscription.
#[must_use]
pub fn subscription(account: AccountId, id: SubscriptionId) -> String {
    format!("accounts/{account}/subscriptions/{id}")
}

/// Name of a deal.
#[must_use]
pub fn deal(account: AccountId, id: DealId) -> String {
    format!("accounts/{account}/deals/{id}")
}

/// Name of a risk.
#[must_use]
pub fn risk(account: AccountId, id: RiskId) -> String {
    format!("accounts/{account}/risks/{id}")
}

/// Name of an onboarding.
#[must_use]
pub fn onboarding(account: AccountId, id: OnboardingId) -> String {
    format!("accounts/{account}/onboardings/{id}")
}

/// Name of a user.
#[must_use]
pub fn user(id: UserId) -> String {
    format!("users/{id}")
}

/// Name of a team.
#[must_use]
pub fn team(id: TeamId) -> String {
    format!("teams/{id}")
}

/// Name of a release.
#[must_use]
pub fn release(id: uuid::Uuid) -> String {
    format!("releases/{id}")
}

/// Name of an initiative.
#[must_use]
pub fn initiative(id: InitiativeId) -> String {
    format!("initiatives/{id}")
}

/// Reads `collection/{id}`.
fn single<T: FromStr>(text: &str, collection: &str, form: &'static str) -> Result<T, InvalidName> {
    text.strip_prefix(collection)
        .and_then(|rest| rest.strip_prefix('/'))
        .and_then(|id| id.parse().ok())
        .ok_or(InvalidName(form))
}

/// Reads `accounts/{account}/collection/{id}`; the account may be `-` where the id says it all.
fn nested<T: FromStr>(
    text: &str,
    collection: &str,
    form: &'static str,
) -> Result<(Option<AccountId>, T), InvalidName> {
    let mut parts = text.split('/');
    let (Some("accounts"), Some(account), Some(found), Some(id), None) = (
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
    ) else {
        return Err(InvalidName(form));
    };
    let account = match account {
        "-" => None,
        account => Some(account.parse().map_err(|_| InvalidName(form))?),
    };
    match id.parse() {
        Ok(id) if found == collection => Ok((account, id)),
        _ => Err(InvalidName(form)),
    }
}

/// Reads `accounts/{account}`.
///
/// # Errors
/// When it is not of that form.
pub fn parse_account(text: &str) -> Result<AccountId, InvalidName> {
    single(text, "accounts", "accounts/{account}")
}

/// Reads `users/{user}`.
///
/// # Errors
/// When it is not of that form.
pub fn parse_user(text: &str) -> Result<UserId, InvalidName> {
    single(text, "users", "users/{user}")
}

/// Reads `teams/{team}`.
///
/// # Errors
/// When it is not of that form.
pub fn parse_team(text: &str) -> Result<TeamId, InvalidName> {
    single(text, "teams", "teams/{team}")
}

/// Reads `initiatives/{initiative}`.
///
/// # Errors
/// When it is not of that form.
pub fn parse_initiative(text: &str) -> Result<InitiativeId, InvalidName> {
    single(text, "initiatives", "initiatives/{initiative}")
}

/// Reads `accounts/{account}/risks/{risk}`.
///
/// # Errors
/// When it is not of that form.
pub fn parse_risk(text: &str) -> Result<(Option<AccountId>, RiskId), InvalidName> {
    nested(text, "risks", "accounts/{account}/risks/{risk}")
}

/// Reads `accounts/{account}/onboardings/{onboarding}`.
///
/// # Errors
/// When it is not of that form.
pub fn parse_onboarding(text: &str) -> Result<(Option<AccountId>, OnboardingId), InvalidName> {
    nested(
        text,
        "onboardings",
        "accounts/{account}/onboardings/{onboarding}",
    )
}

/// Reads `onboardingTemplates/{template}`.
///
/// # Errors
/// When it is not of that form.
pub fn parse_onboarding_template(text: &str) -> Result<uuid::Uuid, InvalidName> {
    single(
        text,
        "onboardingTemplates",
        "onboardingTemplates/{template}",
    )
}

/// Reads `releases/{release}`.
///
/// # Errors
/// When it is not of that form.
pub fn parse_release(text: &str) -> Result<uuid::Uuid, InvalidName> {
    single(text, "releases", "releases/{release}")
}

/// Reads `accounts/{account}/deals/{deal}`.
///
/// # Errors
/// When it is not of that form.
pub fn parse_deal(text: &str) -> Result<(Option<AccountId>, DealId), InvalidName> {
    nested(text, "deals", "accounts/{account}/deals/{deal}")
}

/// Reads `accounts/{account}/subscriptions/{subscription}`.
///
/// # Errors
/// When it is not of that form.
pub fn parse_subscription(text: &str) -> Result<(Option<AccountId>, SubscriptionId), InvalidName> {
    nested(
        text,
        "subscriptions",
        "accounts/{account}/subscriptions/{subscription}",
    )
}

/// Reads `accounts/{account}/contacts/{contact}`.
///
/// # Errors
/// When it is not of that form.
pub fn parse_contact(text: &str) -> Result<(Option<AccountId>, ContactId), InvalidName> {
    nested(text, "contacts", "accounts/{account}/contacts/{contact}")
}

/// Reads `accounts/{account}/contactLog/{entry}`.
///
/// # Errors
/// When it is not of that form.
pub fn parse_contact_log_entry(text: &str) -> Result<(Option<AccountId>, uuid::Uuid), InvalidName> {
    nested(text, "contactLog", "accounts/{account}/contactLog/{entry}")
}

/// Reads `accounts/{account}/suggestions/{suggestion}`.
///
/// # Errors
/// When it is not of that form.
pub fn parse_suggestion(text: &str) -> Result<(Option<AccountId>, uuid::Uuid), InvalidName> {
    nested(
        text,
        "suggestions",
        "accounts/{account}/suggestions/{suggestion}",
    )
}

/// Reads `accounts/{account}/subscriptions/{subscription}/facts/{fact}`: the subscription and the
/// fact's number.
///
/// # Errors
/// When it is not of that form.
pub fn parse_fact(text: &str) -> Result<(Option<AccountId>, SubscriptionId, u64), InvalidName> {
    const FORM: &str = "accounts/{account}/subscriptions/{subscription}/facts/{fact}";
    let (subscription, fact) = text.split_once("/facts/").ok_or(InvalidName(FORM))?;
    let (account, subscription) =
        parse_subscription(subscription).map_err(|_| InvalidName(FORM))?;
    Ok((
        account,
        subscription,
        fact.parse().map_err(|_| InvalidName(FORM))?,
    ))
}

/// A user or a team, where either may own something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// One person.
    User(UserId),
    /// A pool.
    Team(TeamId),
}

/// Reads `users/{user}` or `teams/{team}`.
///
/// # Errors
/// When it is neither.
pub fn parse_owner(text: &str) -> Result<Owner, InvalidName> {
    parse_user(text)
        .map(Owner::User)
        .or_else(|_| parse_team(text).map(Owner::Team))
        .map_err(|_| InvalidName("users/{user} or teams/{team}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0197f0a0-0000-7000-8000-000000000001";

    #[test]
    fn names_of_another_form_are_refused() {
        assert!(parse_account(&format!("accounts/{ID}")).is_ok());
        for text in [
            "",
            "accounts/",
            "accounts/A1",
            "users/x",
            &format!("accounts/{ID}/risks/{ID}"),
        ] {
            assert!(parse_account(text).is_err(), "{text}");
        }
        assert!(
            parse_risk(&format!("accounts/-/risks/{ID}"))
                .is_ok_and(|(account, _)| account.is_none())
        );
        assert!(parse_risk(&format!("accounts/{ID}/subscriptions/{ID}")).is_err());
    }
}
