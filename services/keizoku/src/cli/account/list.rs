//! `keizoku account list`.

use clap::ValueEnum;
use keizoku_proto::accounts::{AccountFilter, ListAccountsRequest, ListAccountsResponse};

use crate::cli::context::{Context, named};
use crate::cli::format;
use crate::cli::output::answer;
use crate::cli::pages::Limit;
use crate::cli::table::Table;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku account list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku account list
  keizoku account list 印刷 --team SMB
  keizoku account list --needs-owner           whose owner has departed, or who have none")]
pub struct Args {
    /// Words in name, reading, corporate number or external id
    words: Vec<String>,
    /// Owned by this person (name, email or id)
    #[arg(long)]
    owner: Option<String>,
    /// Of this team and its subteams (name or id)
    #[arg(long)]
    team: Option<String>,
    /// Of this tier
    #[arg(long, default_value = "", hide_default_value = true)]
    tier: String,
    /// Of this corporate group (its key)
    #[arg(long, default_value = "", hide_default_value = true)]
    group: String,
    /// Of this industry
    #[arg(long, default_value = "", hide_default_value = true)]
    industry: String,
    /// Of this region
    #[arg(long, default_value = "", hide_default_value = true)]
    region: String,
    /// Only those that wait for an owner
    #[arg(long)]
    needs_owner: bool,
    /// Order
    #[arg(long, value_enum, default_value_t = Sort::Name)]
    sort: Sort,
    #[command(flatten)]
    limit: Limit,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Sort {
    /// By name
    Name,
    /// Latest first
    Newest,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let mut filter = AccountFilter {
            query: self.words.join(" "),
            tier: self.tier,
            group: self.group,
            industry: self.industry,
            region: self.region,
            needs_owner: self.needs_owner,
            ..AccountFilter::default()
        };
        if let Some(owner) = &self.owner {
            filter.owner = context.user(owner).await?;
        }
        if let Some(team) = &self.team {
            filter.team = context.team(team).await?;
        }
        let order_by = match self.sort {
            Sort::Name => "display_name",
            Sort::Newest => "create_time desc",
        };
        let fetch = async |page_size, page_token| {
            let request = ListAccountsRequest {
                filter: Some(filter.clone()),
                order_by: order_by.to_owned(),
                page_size,
                page_token,
                consistency_tokens: context.tokens(),
            };
            call(async || {
                context
                    .connection
                    .accounts()
                    .list_accounts(request.clone())
                    .await
            })
            .await
        };
        let response: ListAccountsResponse = self.limit.collect(fetch).await?;
        answer!(
            context,
            accounts::ListAccountsResponse,
            &response,
            text(context, &response).await
        )
    }
}

async fn text(context: &Context, response: &ListAccountsResponse) -> String {
    let people = context.people().await;
    let mut table = Table::new([
        "Account",
        "Tier",
        ">MRR",
        ">Group MRR",
        "Renews",
        "Owner",
        "Team",
        "Id",
    ]);
    for account in &response.accounts {
        let owner = if account.owner.is_empty() {
            &account.pool
        } else {
            &account.owner
        };
        table.row([
            account.display_name.clone(),
            account.tier.clone(),
            format::money(account.mrr.as_ref()),
            format::money(account.group_mrr.as_ref()),
            format::date(account.next_renewal_date.as_ref()),
            named(&people, owner).to_owned(),
            named(&people, &account.team).to_owned(),
            format::id(&account.name).to_owned(),
        ]);
    }
    if table.is_empty() {
        return "No account fits. `keizoku import salesforce DIR` brings some over, \
                `keizoku account create` records one.\n"
            .to_owned();
    }
    let shown = response.accounts.len();
    table.render(context.style)
        + &format::more(shown, Some(response.total_size), &response.next_page_token)
}
