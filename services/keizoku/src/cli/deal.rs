//! `keizoku deal`: ACC-10.

use clap::Subcommand;
use keizoku_core::Day;
use keizoku_proto::accounts::{
    Deal, ListDealsRequest, ListDealsResponse, RecordDealRequest, WinDealRequest,
};
use keizoku_proto::common::Money;

use super::context::{Context, named};
use super::format;
use super::output::{answer, change};
use super::pages::Limit;
use super::table::Table;
use crate::client::call;
use crate::error::Failure;

/// What to do with deals.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Deals, newest close date first
    List(ListArgs),
    /// Record a deal
    Record(RecordArgs),
    /// Say that a deal was won: the first one of an account and product requests the hand-off
    Win(WinArgs),
}

/// Arguments of `keizoku deal record`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku deal record 緑川印刷 新規導入 --product Core --salesperson 佐藤 --close 2026-12-01 --amount 1440000
  keizoku deal record 緑川印刷 新規導入 --product Core --salesperson 佐藤 --won")]
pub struct RecordArgs {
    /// The account: name, id or external id
    account: String,
    /// What the deal is called
    name: String,
    /// Product
    #[arg(long, default_value = "", hide_default_value = true)]
    product: String,
    /// The salesperson: name, email or id
    #[arg(long, value_name = "PERSON")]
    salesperson: Option<String>,
    /// Stage
    #[arg(long, default_value = "", hide_default_value = true)]
    stage: String,
    /// Kind, such as `new` or `expansion`
    #[arg(long, default_value = "", hide_default_value = true)]
    kind: String,
    /// Close date (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    close: Option<Day>,
    /// Amount in minor units of the reporting currency (yen)
    #[arg(long, value_name = "AMOUNT")]
    amount: Option<i64>,
    /// It is won already
    #[arg(long)]
    won: bool,
}

impl RecordArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let salesperson = match &self.salesperson {
            Some(person) => context.user(person).await?,
            None => String::new(),
        };
        let request = RecordDealRequest {
            parent: context.account(&self.account).await?,
            display_name: self.name,
            stage: self.stage,
            kind: self.kind,
            close_date: self.close.map(Into::into),
            amount: self.amount.map(|minor_units| Money {
                minor_units,
                ..Money::default()
            }),
            product: self.product,
            salesperson,
            won: self.won,
            request_id: context.request_id(),
        };
        change!(
            context,
            accounts.record_deal,
            request,
            accounts::RecordDealResponse,
            |response| table(context, response.deal.as_slice()).await
        )
    }
}

/// Arguments of `keizoku deal win`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku deal win accounts/…/deals/… --close 2026-11-24")]
pub struct WinArgs {
    /// The deal: its id, or its resource name
    deal: String,
    /// When it was won (YYYY-MM-DD) [default: its close date]
    #[arg(long, value_name = "DATE")]
    close: Option<Day>,
    /// The stage that it is in by that [default: as before]
    #[arg(long, default_value = "", hide_default_value = true)]
    stage: String,
    /// Refuse when the deal has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl WinArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let name = if self.deal.contains('/') {
            self.deal
        } else {
            format!("accounts/-/deals/{}", self.deal)
        };
        let request = WinDealRequest {
            name,
            close_date: self.close.map(Into::into),
            stage: self.stage,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            accounts.win_deal,
            request,
            accounts::WinDealResponse,
            |response| table(context, response.deal.as_slice()).await
        )
    }
}

/// Arguments of `keizoku deal list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku deal list --won
  keizoku deal list --account 緑川印刷")]
pub struct ListArgs {
    /// Of this account: name, id or external id
    #[arg(long)]
    account: Option<String>,
    /// Only won ones
    #[arg(long)]
    won: bool,
    #[command(flatten)]
    limit: Limit,
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Record(args) => args.run(context).await,
            Self::Win(args) => args.run(context).await,
        }
    }
}

impl ListArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let parent = match &self.account {
            Some(account) => context.account(account).await?,
            None => "accounts/-".to_owned(),
        };
        let fetch = async |page_size, page_token| {
            let request = ListDealsRequest {
                parent: parent.clone(),
                won_only: self.won,
                page_size,
                page_token,
                consistency_tokens: context.tokens(),
            };
            call(async || {
                context
                    .connection
                    .accounts()
                    .list_deals(request.clone())
                    .await
            })
            .await
        };
        let response: ListDealsResponse = self.limit.collect(fetch).await?;
        answer!(
            context,
            accounts::ListDealsResponse,
            &response,
            text(context, &response).await
        )
    }
}

async fn text(context: &Context, response: &ListDealsResponse) -> String {
    if response.deals.is_empty() {
        return "There are no deals.\n".to_owned();
    }
    let shown = response.deals.len();
    table(context, &response.deals).await
        + &format::more(shown, Some(response.total_size), &response.next_page_token)
}

/// Deals, a line each.
async fn table(context: &Context, deals: &[Deal]) -> String {
    let account_of = |name: &str| name.split("/deals/").next().unwrap_or_default().to_owned();
    let accounts: Vec<String> = deals.iter().map(|deal| account_of(&deal.name)).collect();
    let names = context
        .account_names(accounts.iter().map(String::as_str))
        .await;
    let people = context.people().await;
    let mut table = Table::new([
        "Closes",
        "Won",
        "Deal",
        "Account",
        "Product",
        ">Amount",
        "Stage",
        "Salesperson",
        "Id",
    ]);
    for (deal, account) in deals.iter().zip(&accounts) {
        table.row([
            format::date(deal.close_date.as_ref()),
            if deal.won { "yes" } else { "" }.to_owned(),
            deal.display_name.clone(),
            named(&names, account).to_owned(),
            deal.product.clone(),
            format::money(deal.amount.as_ref()),
            deal.stage.clone(),
            named(&people, &deal.salesperson).to_owned(),
            format::id(&deal.name).to_owned(),
        ]);
    }
    table.render(context.style)
}
