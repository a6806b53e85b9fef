//! Requests into commands: every violation at once.

pub(crate) mod contacts;
mod imports;
mod initiatives;
mod targets;

pub(crate) use imports::import_reported;
pub(crate) use initiatives::{Chartered, charter};
pub(crate) use targets::check_targets;

use keizoku_core::{AccountId, Day, Money, SubscriptionId, TeamId, UserId};
use keizoku_proto::accounts as proto;
use keizoku_proto::common;
use keizoku_runtime::names;
use keizoku_runtime::parse::{LONG_TEXT, SHORT_TEXT, Violations};

use crate::domain::account::{Assignment, ProfileChange};
use crate::domain::subscription::Happening;

/// Terms longer than this are mistakes.
const MAX_TERM_MONTHS: u32 = 120;

/// The check digit of a 法人番号: 9 − (Σ digit × weight mod 9), weights 1 and 2 from the right.
pub(crate) fn is_corporate_number(text: &str) -> bool {
    let digits: Option<Vec<u32>> = text.chars().map(|letter| letter.to_digit(10)).collect();
    let Some((check, rest)) = digits.as_ref().and_then(|digits| digits.split_first()) else {
        return false;
    };
    let weighted = rest
        .iter()
        .rev()
        .zip([1, 2].into_iter().cycle())
        .map(|(digit, weight)| digit * weight);
    rest.len() == 12 && *check == 9 - weighted.sum::<u32>() % 9
}

/// A reference that may be empty; the id as text.
fn optional<T: ToString, E: std::fmt::Display>(
    violations: &mut Violations,
    field: &str,
    text: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> String {
    if text.is_empty() {
        return String::new();
    }
    violations
        .parse(field, parse(text))
        .map(|id| id.to_string())
        .unwrap_or_default()
}

fn user(violations: &mut Violations, field: &str, text: &str) -> String {
    optional::<UserId, _>(violations, field, text, names::parse_user)
}

fn team(violations: &mut Violations, field: &str, text: &str) -> String {
    optional::<TeamId, _>(violations, field, text, names::parse_team)
}

fn corporate_number(violations: &mut Violations, field: &str, text: String) -> String {
    if !text.is_empty() && !is_corporate_number(&text) {
        violations.add(
            field,
            "is not a 法人番号: 13 digits, the first of which checks the others",
        );
    }
    text
}

fn external_ids(violations: &mut Violations, ids: Vec<String>) -> Vec<String> {
    let mut ids: Vec<String> = ids
        .into_iter()
        .map(|id| violations.required_text("account.external_ids", &id, SHORT_TEXT))
        .collect();
    ids.sort();
    ids.dedup();
    ids
}

pub(crate) fn touch_model(violations: &mut Violations, model: i32) -> i32 {
    if proto::TouchModel::try_from(model).is_err() {
        violations.add("account.touch_model", "is not a touch model");
    }
    model
}

/// What a person entered of a new account.
pub(crate) fn account_fields(
    violations: &mut Violations,
    fields: proto::AccountFields,
) -> (proto::AccountProfile, proto::AccountAttributes) {
    let short = |violations: &mut Violations, field: &str, text: &str| {
        violations.text(field, text, SHORT_TEXT)
    };
    let profile = proto::AccountProfile {
        display_name: violations.required_text(
            "account.display_name",
            &fields.display_name,
            SHORT_TEXT,
        ),
        kana: short(violations, "account.kana", &fields.kana),
        corporate_number: corporate_number(
            violations,
            "account.corporate_number",
            fields.corporate_number,
        ),
        touch_model: touch_model(violations, fields.touch_model),
        industry: short(violations, "account.industry", &fields.industry),
        region: short(violations, "account.region", &fields.region),
        sales_channel: short(violations, "account.sales_channel", &fields.sales_channel),
        external_ids: external_ids(violations, fields.external_ids),
        associate_id: user(violations, "account.associate", &fields.associate),
        onboarding_specialist_id: user(
            violations,
            "account.onboarding_specialist",
            &fields.onboarding_specialist,
        ),
    };
    if !fields.owner.is_empty() && !fields.pool.is_empty() {
        violations.add(
            "account.pool",
            "an account has an owner or a pool, never both",
        );
    }
    let attributes = proto::AccountAttributes {
        group: short(violations, "account.group", &fields.group),
        tier: short(violations, "account.tier", &fields.tier),
        owner_id: user(violations, "account.owner", &fields.owner),
        pool_id: team(violations, "account.pool", &fields.pool),
    };
    (profile, attributes)
}

/// The fields that an update names.
pub(crate) fn profile_changes(
    violations: &mut Violations,
    fields: &proto::AccountFields,
    mask: &[String],
) -> Vec<ProfileChange> {
    violations.update_mask(mask, "UpdateAccount", |violations, path| {
        let field = format!("account.{path}");
        Some(match path {
            "display_name" => ProfileChange::DisplayName(violations.required_text(
                &field,
                &fields.display_name,
                SHORT_TEXT,
            )),
            "kana" => ProfileChange::Kana(violations.text(&field, &fields.kana, SHORT_TEXT)),
            "corporate_number" => ProfileChange::CorporateNumber(corporate_number(
                violations,
                &field,
                fields.corporate_number.clone(),
            )),
            "touch_model" => ProfileChange::TouchModel(touch_model(violations, fields.touch_model)),
            "industry" => {
                ProfileChange::Industry(violations.text(&field, &fields.industry, SHORT_TEXT))
            }
            "region" => ProfileChange::Region(violations.text(&field, &fields.region, SHORT_TEXT)),
            "sales_channel" => ProfileChange::SalesChannel(violations.text(
                &field,
                &fields.sales_channel,
                SHORT_TEXT,
            )),
            "external_ids" => {
                ProfileChange::ExternalIds(external_ids(violations, fields.external_ids.clone()))
            }
            "associate" => ProfileChange::Associate(user(violations, &field, &fields.associate)),
            "onboarding_specialist" => ProfileChange::OnboardingSpecialist(user(
                violations,
                &field,
                &fields.onboarding_specialist,
            )),
            _ => return None,
        })
    })
}

/// A change of group, tier or owner.
pub(crate) fn assignment(
    violations: &mut Violations,
    request: &proto::AssignAccountRequest,
) -> (Assignment, Option<Day>) {
    let short = |violations: &mut Violations, field: &str, text: &Option<String>| {
        text.clone()
            .map(|text| violations.text(field, &text, SHORT_TEXT))
    };
    let owner = match (request.owner.as_deref(), request.pool.as_deref()) {
        (Some(owner), Some(pool)) if !owner.is_empty() && !pool.is_empty() => {
            violations.add("pool", "an account has an owner or a pool, never both");
            None
        }
        (None, None) => None,
        (owner, pool) => Some((
            user(violations, "owner", owner.unwrap_or_default()),
            team(violations, "pool", pool.unwrap_or_default()),
        )),
    };
    let assignment = Assignment {
        group: short(violations, "group", &request.group),
        tier: short(violations, "tier", &request.tier),
        owner,
    };
    if assignment == Assignment::default() {
        violations.add(
            "owner",
            "nothing to change: give an owner, pool, group or tier",
        );
    }
    (
        assignment,
        violations.day("effective_date", request.effective_date.as_ref()),
    )
}

/// An amount of MRR. Its currency is compared where the organisation's is known (GEN-3).
pub(crate) fn money(
    violations: &mut Violations,
    field: &str,
    money: Option<&common::Money>,
) -> Option<Money> {
    let Some(money) = money else {
        violations.add(field, "is required");
        return None;
    };
    violations.mrr(&format!("{field}.minor_units"), money.minor_units)
}

/// When and how a contract renews.
pub(crate) fn terms(
    violations: &mut Violations,
    terms: Option<&proto::SubscriptionTerms>,
) -> proto::Terms {
    let Some(terms) = terms else {
        return proto::Terms::default();
    };
    if terms.term_months > MAX_TERM_MONTHS {
        violations.add(
            "terms.term_months",
            format!("is longer than {MAX_TERM_MONTHS} months"),
        );
    }
    let renewal = violations.day("terms.next_renewal_date", terms.next_renewal_date.as_ref());
    let notice = violations.day("terms.notice_deadline", terms.notice_deadline.as_ref());
    if notice
        .zip(renewal)
        .is_some_and(|(notice, renewal)| notice > renewal)
    {
        violations.add(
            "terms.notice_deadline",
            "lies after the renewal that it is for",
        );
    }
    proto::Terms {
        next_renewal_date: renewal.map(Into::into),
        notice_deadline: notice.map(Into::into),
        term_months: terms.term_months,
        auto_renew: terms.auto_renew,
    }
}

/// The same as another system has it.
pub(crate) fn imported_terms(
    violations: &mut Violations,
    stated: Option<&proto::Terms>,
) -> proto::Terms {
    let stated = stated.map(|stated| proto::SubscriptionTerms {
        next_renewal_date: stated.next_renewal_date,
        notice_deadline: stated.notice_deadline,
        term_months: stated.term_months,
        auto_renew: stated.auto_renew,
    });
    terms(violations, stated.as_ref())
}

/// A subscription to start.
pub(crate) fn subscription(
    violations: &mut Violations,
    request: &proto::StartSubscriptionRequest,
) -> proto::SubscriptionStarted {
    let id = optional::<SubscriptionId, _>(
        violations,
        "subscription_id",
        &request.subscription_id,
        str::parse,
    );
    let account = violations.parse("parent", names::parse_account(&request.parent));
    let mrr = money(violations, "mrr", request.mrr.as_ref());
    let start = violations.required_day("start_date", request.start_date.as_ref());
    proto::SubscriptionStarted {
        subscription_id: id,
        account_id: account
            .map(|id: AccountId| id.to_string())
            .unwrap_or_default(),
        product: violations.required_text("product", &request.product, SHORT_TEXT),
        external_id: violations.text("external_id", &request.external_id, SHORT_TEXT),
        effective_date: start.map(Into::into),
        mrr: mrr.map(Money::minor).unwrap_or_default(),
        terms: Some(terms(violations, request.terms.as_ref())),
    }
}

/// What happened to a subscription.
pub(crate) fn happening(
    violations: &mut Violations,
    request: &proto::RecordContractFactRequest,
) -> Option<Happening> {
    use proto::FactKind as Kind;
    let mrr = |violations: &mut Violations| money(violations, "mrr", request.mrr.as_ref());
    let required_terms = |violations: &mut Violations| {
        if request.terms.is_none() {
            violations.add("terms", "is required");
        }
        terms(violations, request.terms.as_ref())
    };
    let reason = |violations: &mut Violations| {
        let code = violations.required_text("reason_code", &request.reason_code, SHORT_TEXT);
        (
            code,
            violations.required_text("reason", &request.reason, LONG_TEXT),
        )
    };
    match request.kind() {
        Kind::Unspecified | Kind::Started => {
            violations.add(
                "kind",
                "must be a fact other than STARTED, which StartSubscription records",
            );
            None
        }
        Kind::Expanded => mrr(violations).map(Happening::Expanded),
        Kind::Downsized => mrr(violations).map(Happening::Downsized),
        Kind::Renewed => {
            let (mrr, terms) = (mrr(violations), required_terms(violations));
            Some(Happening::Renewed(mrr?, terms))
        }
        Kind::Reactivated => {
            let terms = terms(violations, request.terms.as_ref());
            Some(Happening::Reactivated(mrr(violations)?, terms))
        }
        Kind::TermsChanged => Some(Happening::TermsChanged(required_terms(violations))),
        Kind::CancellationAnnounced => {
            let (code, reason) = reason(violations);
            Some(Happening::CancellationAnnounced { code, reason })
        }
        Kind::Churned => {
            let (code, reason) = reason(violations);
            Some(Happening::Churned { code, reason })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acc_1_a_corporate_number_has_a_valid_check_digit() {
        assert!(is_corporate_number("9829624728981"));
        for wrong in [
            "8829624728981",
            "982962472898",
            "98296247289810",
            "",
            "982962472898x",
        ] {
            assert!(!is_corporate_number(wrong), "{wrong}");
        }
    }

    #[test]
    fn acc_1_every_violation_is_reported_at_once() {
        let mut violations = Violations::new();
        let fields = proto::AccountFields {
            corporate_number: "1".to_owned(),
            owner: "somebody".to_owned(),
            kana: "ア".repeat(256),
            ..proto::AccountFields::default()
        };
        account_fields(&mut violations, fields);
        let failure = violations.check().unwrap_err();
        for field in ["display_name", "corporate_number", "owner", "kana"] {
            assert!(
                failure.message().contains(field),
                "{field}: {}",
                failure.message()
            );
        }
    }
}
