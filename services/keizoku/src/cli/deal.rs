//! `keizoku deal`: ACC-10.

use clap::Subcommand;
use keizoku_proto::accounts::{ListDealsRequest, ListDealsResponse};

use super::context::{Context, named};
use super::format;
use super::output::answer;
use super::pages::Limit;
use super::table::Table;
use crate::client::call;
use crate::error::Failure;

/// What to do with deals.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Deals, newest close date first
    List(ListArgs),
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
    let account_of = |name: &str| name.split("/deals/").next().unwrap_or_default().to_owned();
    let accounts: Vec<String> = response
        .deals
        .iter()
        .map(|deal| account_of(&deal.name))
        .collect();
    let names = context
        .account_names(accounts.iter().map(String::as_str))
        .await;
    let people = context.people().await;
    let mut table = Table::new([
        "Closes",
        "Deal",
        "Account",
        "Product",
        ">Amount",
        "Stage",
        "Salesperson",
        "Id",
    ]);
    for (deal, account) in response.deals.iter().zip(&accounts) {
        table.row([
            format::date(deal.close_date.as_ref()),
            deal.display_name.clone(),
            named(&names, account).to_owned(),
            deal.product.clone(),
            format::money(deal.amount.as_ref()),
            deal.stage.clone(),
            named(&people, &deal.salesperson).to_owned(),
            format::id(&deal.name).to_owned(),
        ]);
    }
    if table.is_empty() {
        return "There are no deals.\n".to_owned();
    }
    let shown = response.deals.len();
    table.render(context.style)
        + &format::more(shown, Some(response.total_size), &response.next_page_token)
}
