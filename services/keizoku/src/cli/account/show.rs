//! `keizoku account show`.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use keizoku_proto::accounts::{Account, GetAccountRequest, Subscription};
use serde::Serialize;

use super::contact;
use crate::cli::card::Card;
use crate::cli::context::{Context, named};
use crate::cli::format;
use crate::cli::output::{self, Canonical};
use crate::cli::table::Table;
use crate::cli::time::AsOf;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku account show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku account show 緑川印刷
  keizoku account show 0015iiMAyrPWuUNAG1
  keizoku account show hubspot:17 --as-of 2026-10-31")]
pub struct Args {
    /// The account: name, id or external id
    account: String,
    #[command(flatten)]
    as_of: AsOf,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = GetAccountRequest {
            name: context.account(&self.account).await?,
            as_of: self.as_of.resolve(context).await?,
            consistency_tokens: context.tokens(),
        };
        let response = call(async || {
            context
                .connection
                .accounts()
                .get_account(request.clone())
                .await
        })
        .await?;
        // The lists of people and contact are of now: an answer of another time has none.
        let people = match (&request.as_of, &response.account) {
            (None, Some(account)) => Some(contact::Summary::of(context, &account.name).await?),
            _ => None,
        };
        if context.style.json {
            let people = people.map(|people| people.json()).transpose()?;
            let answer = Canonical::of("keizoku.accounts.v1.GetAccountResponse", &response)?;
            return output::print(&output::pretty(&Shown { answer, people })?);
        }
        let read = format::watermarks(&response.watermarks, context.now());
        let mut text = text(context, response.account.as_ref()).await?;
        if let Some(people) = people {
            text += &people.text(context, &context.people().await);
        }
        output::print(&format!("{text}Read: {read}\n"))
    }
}

/// The answer, and what other questions add to it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    answer: Canonical,
    #[serde(flatten)]
    people: Option<contact::Shown>,
}

/// An account with its contracts, as people read it.
pub(super) async fn text(context: &Context, account: Option<&Account>) -> Result<String, Failure> {
    let Some(account) = account else {
        return Ok("The server sent no account.\n".to_owned());
    };
    let people = context.people().await;
    let zone = context.zone().await?;
    let mut text = card(account, &people);
    for subscription in &account.subscriptions {
        text.push('\n');
        text.push_str(&subscription_text(context, &people, subscription, &zone));
    }
    Ok(text)
}

fn card(account: &Account, people: &HashMap<String, String>) -> String {
    let owner = if account.owner.is_empty() {
        &account.pool
    } else {
        &account.owner
    };
    let mut card = Card::new(account.display_name.as_str());
    card.field("id", format::id(&account.name))
        .field("merged into", account.merged_into.as_str())
        .field("active", if account.active { "yes" } else { "no" })
        .field("churned", churned(account))
        .field("MRR", format::money_with_currency(account.mrr.as_ref()))
        .field(
            "group MRR",
            format::money_with_currency(account.group_mrr.as_ref()),
        )
        .field("renews", format::date(account.next_renewal_date.as_ref()))
        .field(
            "owner",
            if owner.is_empty() {
                "nobody"
            } else {
                named(people, owner)
            },
        )
        .field("team", named(people, &account.team))
        .field("associate", named(people, &account.associate))
        .field("onboarding", named(people, &account.onboarding_specialist))
        .field("tier", account.tier.as_str())
        .field("touch", touch(account))
        .field("industry", account.industry.as_str())
        .field("region", account.region.as_str())
        .field("channel", account.sales_channel.as_str())
        .field("kana", account.kana.as_str())
        .field("corporate no.", account.corporate_number.as_str())
        .field("group", account.group.as_str())
        .field("external ids", account.external_ids.join(", "));
    card.render()
}

/// The first day without MRR.
fn churned(account: &Account) -> String {
    let date = account.churn_date.as_ref();
    date.map_or_else(String::new, |date| format::date(Some(date)))
}

fn touch(account: &Account) -> String {
    match format::enum_name(account.touch_model().as_str_name(), "TOUCH_MODEL_").as_str() {
        format::NOTHING => String::new(),
        touch => touch.to_lowercase(),
    }
}

/// A subscription with its facts.
pub(super) fn subscription_text(
    context: &Context,
    people: &HashMap<String, String>,
    subscription: &Subscription,
    zone: &TimeZone,
) -> String {
    let state = if subscription.active {
        "active"
    } else {
        "not active"
    };
    let mut card = Card::new(format!("{} ({state})", subscription.product));
    let renews = if subscription.auto_renew {
        "by itself"
    } else {
        ""
    };
    let term = match subscription.term_months {
        0 => String::new(),
        months => format!("{months} months"),
    };
    let optional = |date: Option<&_>| {
        date.map(|date| format::date(Some(date)))
            .unwrap_or_default()
    };
    card.field("subscription", format::id(&subscription.name))
        .field(
            "MRR",
            format::money_with_currency(subscription.mrr.as_ref()),
        )
        .field("since", format::date(subscription.start_date.as_ref()))
        .field(
            "renews",
            format!(
                "{} {renews}",
                format::date(subscription.next_renewal_date.as_ref())
            ),
        )
        .field("term", term)
        .field("notice by", optional(subscription.notice_deadline.as_ref()))
        .field("ends", optional(subscription.end_date.as_ref()))
        .field("external id", subscription.external_id.as_str());
    let mut table = Table::new([
        "From", "Fact", ">MRR", "Reason", "Recorded", "By", "Void", "Name",
    ]);
    for fact in &subscription.facts {
        let reason = [fact.reason_code.as_str(), fact.reason.as_str()];
        let reason: Vec<&str> = reason.into_iter().filter(|part| !part.is_empty()).collect();
        table.row([
            format::date(fact.effective_date.as_ref()),
            format::enum_name(fact.kind().as_str_name(), "FACT_KIND_"),
            format::money(fact.mrr.as_ref()),
            reason.join(": "),
            format::instant(fact.create_time.as_ref(), zone),
            format::author(named(people, &fact.actor), fact.origin()),
            if fact.void_time.is_some() {
                let by = format::author(named(people, &fact.void_actor), fact.void_origin());
                format!("void: {} ({by})", fact.void_reason)
            } else {
                String::new()
            },
            fact.name.clone(),
        ]);
    }
    if table.is_empty() {
        card.render()
    } else {
        card.render() + &table.render(context.style)
    }
}
