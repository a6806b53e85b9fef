//! Contracts: `start-subscription`, `fact`, `void` (ACC-3, ACC-5).

use clap::ValueEnum;
use keizoku_core::Day;
use keizoku_proto::accounts::{
    FactKind, GetAccountRequest, RecordContractFactRequest, StartSubscriptionRequest, Subscription,
    SubscriptionTerms, VoidContractFactRequest,
};
use keizoku_proto::common::Money;

use super::show;
use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::output::change;
use crate::client::call;
use crate::error::Failure;

/// When and how a contract renews.
#[derive(Debug, clap::Args)]
struct Terms {
    /// Next renewal (次回更新日, YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    renewal: Option<Day>,
    /// Last day on which notice can be given (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    notice: Option<Day>,
    /// Length of a term in months
    #[arg(long, value_name = "MONTHS", value_parser = clap::value_parser!(u32).range(1..=120))]
    term: Option<u32>,
    /// It renews by itself
    #[arg(long)]
    auto_renew: bool,
}

impl Terms {
    /// The terms; `None` when nothing was said of them.
    fn stated(&self) -> Option<SubscriptionTerms> {
        let said = self.renewal.is_some()
            || self.notice.is_some()
            || self.term.is_some()
            || self.auto_renew;
        said.then(|| SubscriptionTerms {
            next_renewal_date: self.renewal.map(Into::into),
            notice_deadline: self.notice.map(Into::into),
            term_months: self.term.unwrap_or_default(),
            auto_renew: self.auto_renew,
        })
    }
}

/// Arguments of `keizoku account start-subscription`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku account start-subscription 緑川印刷 --product Core --start 2026-12-01 --mrr 120000 \\
      --renewal 2027-12-01 --term 12 --auto-renew")]
pub struct StartArgs {
    /// The account: name, id or external id
    account: String,
    /// Product
    #[arg(long)]
    product: String,
    /// First day (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    start: Day,
    /// MRR in minor units of the reporting currency (yen)
    #[arg(long, value_name = "AMOUNT")]
    mrr: i64,
    /// Id in another system
    #[arg(long, default_value = "", hide_default_value = true)]
    external_id: String,
    #[command(flatten)]
    terms: Terms,
}

impl StartArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = StartSubscriptionRequest {
            parent: context.account(&self.account).await?,
            product: self.product,
            start_date: Some(self.start.into()),
            mrr: Some(money(self.mrr)),
            terms: self.terms.stated(),
            external_id: self.external_id,
            request_id: context.request_id(),
            ..StartSubscriptionRequest::default()
        };
        change!(
            context,
            accounts.start_subscription,
            request,
            accounts::StartSubscriptionResponse,
            |response| text(context, response.subscription.as_ref()).await?
        )
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// More is paid
    Expanded,
    /// Less is paid
    Downsized,
    /// A new renewal date, with the amount from then on
    Renewed,
    /// The customer said that it ends
    CancellationAnnounced,
    /// It ended
    Churned,
    /// It runs again
    Reactivated,
    /// Renewal, term or notice changed without a new amount
    TermsChanged,
}

impl From<Kind> for FactKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Expanded => Self::Expanded,
            Kind::Downsized => Self::Downsized,
            Kind::Renewed => Self::Renewed,
            Kind::CancellationAnnounced => Self::CancellationAnnounced,
            Kind::Churned => Self::Churned,
            Kind::Reactivated => Self::Reactivated,
            Kind::TermsChanged => Self::TermsChanged,
        }
    }
}

/// Arguments of `keizoku account fact`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku account fact 緑川印刷 --kind expanded --mrr 150000 --date 2026-12-01
  keizoku account fact 緑川印刷 --product Core --kind renewed --mrr 150000 --renewal 2027-12-01
  keizoku account fact 緑川印刷 --kind cancellation-announced --date 2027-04-01 \\
      --reason-code price --reason '予算削減のため'

The date of an end is the first day without MRR.")]
pub struct FactArgs {
    /// The account: name, id or external id
    account: String,
    /// Which subscription, by product or id [default: the only one]
    #[arg(long, visible_alias = "product", value_name = "PRODUCT")]
    subscription: Option<String>,
    /// What happened
    #[arg(long, value_enum)]
    kind: Kind,
    /// From when on (YYYY-MM-DD) [default: today]
    #[arg(long)]
    date: Option<Day>,
    /// MRR from then on, in minor units of the reporting currency (yen)
    #[arg(long, value_name = "AMOUNT")]
    mrr: Option<i64>,
    /// Why the customer leaves: key for churn analysis
    #[arg(long, default_value = "", hide_default_value = true)]
    reason_code: String,
    /// Why the customer leaves: in words
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
    /// Refuse when the subscription has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
    #[command(flatten)]
    terms: Terms,
}

impl FactArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = RecordContractFactRequest {
            name: subscription(context, &self.account, self.subscription.as_deref()).await?,
            kind: FactKind::from(self.kind).into(),
            effective_date: self.date.map(Into::into),
            mrr: self.mrr.map(money),
            terms: self.terms.stated(),
            reason_code: self.reason_code,
            reason: self.reason,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            accounts.record_contract_fact,
            request,
            accounts::RecordContractFactResponse,
            |response| text(context, response.subscription.as_ref()).await?
        )
    }
}

/// Arguments of `keizoku account void`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku account void accounts/…/subscriptions/…/facts/3 --reason 金額の入力誤り

`keizoku account show ACCOUNT` lists the facts with their names.")]
pub struct VoidArgs {
    /// The fact, by its name
    #[arg(value_parser = fact_name)]
    fact: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// Refuse when the subscription has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl VoidArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = VoidContractFactRequest {
            name: self.fact,
            reason: self.reason,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            accounts.void_contract_fact,
            request,
            accounts::VoidContractFactResponse,
            |response| text(context, response.subscription.as_ref()).await?
        )
    }
}

fn fact_name(text: &str) -> Result<String, String> {
    if text.starts_with("accounts/") && text.contains("/facts/") {
        Ok(text.to_owned())
    } else {
        Err(
            "is not accounts/…/subscriptions/…/facts/…, as `keizoku account show` lists them"
                .to_owned(),
        )
    }
}

/// An amount in the reporting currency.
fn money(minor_units: i64) -> Money {
    Money {
        minor_units,
        currency_code: String::new(),
    }
}

/// A subscription by product or id, or the only one that the account has.
async fn subscription(
    context: &Context,
    account: &str,
    wanted: Option<&str>,
) -> Result<String, Failure> {
    let request = GetAccountRequest {
        name: context.account(account).await?,
        consistency_tokens: context.tokens(),
        ..GetAccountRequest::default()
    };
    let answer = call(async || {
        context
            .connection
            .accounts()
            .get_account(request.clone())
            .await
    })
    .await?;
    let account = answer.account.unwrap_or_default();
    let fits = |subscription: &&Subscription| {
        wanted.is_none_or(|wanted| {
            subscription.product.eq_ignore_ascii_case(wanted)
                || subscription.name == wanted
                || format::id(&subscription.name) == wanted
                || subscription.external_id == wanted
        })
    };
    let found: Vec<&Subscription> = account.subscriptions.iter().filter(fits).collect();
    if let [only] = found[..] {
        return Ok(only.name.clone());
    }
    let all = account.subscriptions.iter();
    let all: Vec<String> = all
        .map(|of| format!("  {} ({})", of.product, format::id(&of.name)))
        .collect();
    let problem = match (all.is_empty(), found.is_empty()) {
        (true, _) => {
            "has no subscriptions; `keizoku account start-subscription` starts one".to_owned()
        }
        (_, true) => format!("has no such subscription, only:\n{}", all.join("\n")),
        _ => format!(
            "has several subscriptions; name one with --subscription:\n{}",
            all.join("\n")
        ),
    };
    Err(Failure::Lookup(format!(
        "{} {problem}",
        account.display_name
    )))
}

async fn text(context: &Context, subscription: Option<&Subscription>) -> Result<String, Failure> {
    let zone = context.zone().await?;
    let people = context.people().await;
    let text = subscription.map(|of| show::subscription_text(context, &people, of, &zone));
    Ok(text.unwrap_or_else(|| "The server sent no subscription.\n".to_owned()))
}
