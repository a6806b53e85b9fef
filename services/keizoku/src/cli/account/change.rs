//! Who an account belongs to: `assign`, `merge`.

use keizoku_core::Day;
use keizoku_proto::accounts::{AssignAccountRequest, MergeAccountsRequest};

use super::show;
use crate::cli::context::Context;
use crate::cli::output::change;
use crate::error::Failure;

/// Arguments of `keizoku account assign`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku account assign 緑川印刷 --owner '木村 葵' --from 2026-12-01
  keizoku account assign 緑川印刷 --owner SMB      the team SMB as a pool
  keizoku account assign 緑川印刷 --group ''       out of its group")]
#[command(group(clap::ArgGroup::new("changes").required(true).multiple(true).args(["owner", "group", "tier"])))]
pub struct AssignArgs {
    /// The account: name, id or external id
    account: String,
    /// Who looks after it: a person, or a team as a pool; empty for nobody
    #[arg(long)]
    owner: Option<String>,
    /// Key of the corporate group; empty for none
    #[arg(long)]
    group: Option<String>,
    /// Tier
    #[arg(long)]
    tier: Option<String>,
    /// From when on (YYYY-MM-DD) [default: today]
    #[arg(long, value_name = "DATE")]
    from: Option<Day>,
    /// Refuse when the account has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl AssignArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let mut request = AssignAccountRequest {
            name: context.account(&self.account).await?,
            group: self.group,
            tier: self.tier,
            effective_date: self.from.map(Into::into),
            etag: self.etag,
            request_id: context.request_id(),
            ..AssignAccountRequest::default()
        };
        match self.owner.as_deref() {
            None => {}
            Some("") => (request.owner, request.pool) = (Some(String::new()), Some(String::new())),
            Some(owner) => match context.owner(owner).await? {
                team if team.starts_with("teams/") => request.pool = Some(team),
                user => request.owner = Some(user),
            },
        }
        change!(
            context,
            accounts.assign_account,
            request,
            accounts::AssignAccountResponse,
            |response| show::text(context, response.account.as_ref()).await?
        )
    }
}

/// Arguments of `keizoku account merge`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku account merge 緑川印刷(旧) --into 緑川印刷

Nothing is deleted: the duplicate's ids remain aliases of the account that stays.")]
pub struct MergeArgs {
    /// The duplicate: name, id or external id
    duplicate: String,
    /// The account that stays: name, id or external id
    #[arg(long, value_name = "ACCOUNT")]
    into: String,
}

impl MergeArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = MergeAccountsRequest {
            duplicate: context.account(&self.duplicate).await?,
            survivor: context.account(&self.into).await?,
            request_id: context.request_id(),
        };
        change!(
            context,
            accounts.merge_accounts,
            request,
            accounts::MergeAccountsResponse,
            |response| show::text(context, response.account.as_ref()).await?
        )
    }
}
