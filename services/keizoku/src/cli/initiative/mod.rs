//! `keizoku initiative`: FC-12.

mod charter;
mod show;

use clap::Subcommand;
use keizoku_proto::accounts::{Initiative, ListInitiativesRequest, ListInitiativesResponse};

use super::context::{Context, named};
use super::format;
use super::output::answer;
use super::table::Table;
use super::time::AsOf;
use crate::client::call;
use crate::error::Failure;

/// What to do with initiatives.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Initiatives, the one that begins last first
    List(ListArgs),
    /// An initiative, and its cohort's figures before it began and since, beside comparable others
    Show(show::ShowArgs),
    /// Write the charter of a new initiative
    Charter(charter::CharterArgs),
    /// Change a charter: what is not given stays as it is
    Change(charter::ChangeArgs),
    /// Give an initiative up
    Withdraw(charter::WithdrawArgs),
}

/// Arguments of `keizoku initiative list`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// Those that were given up, too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    as_of: AsOf,
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Show(args) => args.run(context).await,
            Self::Charter(args) => args.run(context).await,
            Self::Change(args) => args.run(context).await,
            Self::Withdraw(args) => args.run(context).await,
        }
    }
}

impl ListArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = ListInitiativesRequest {
            as_of: self.as_of.resolve(context).await?,
            include_withdrawn: self.all,
            consistency_tokens: context.tokens(),
        };
        let response = listed(context, request).await?;
        let text = async {
            let people = context.people().await;
            let mut table = Table::new(["Initiative", "From", "To", "Owner", "Cohort", "", "Id"]);
            for one in &response.initiatives {
                table.row([
                    one.display_name.clone(),
                    format::date(one.first_date.as_ref()),
                    format::date(one.last_date.as_ref()),
                    named(&people, &one.owner).to_owned(),
                    cohort(one, |team| named(&people, team).to_owned()),
                    if one.withdrawal_reason.is_empty() {
                        String::new()
                    } else {
                        "given up".to_owned()
                    },
                    format::id(&one.name).to_owned(),
                ]);
            }
            if table.is_empty() {
                "There are no initiatives. `keizoku initiative charter` writes one.\n".to_owned()
            } else {
                table.render(context.style)
            }
        };
        answer!(
            context,
            accounts::ListInitiativesResponse,
            &response,
            text.await
        )
    }
}

async fn listed(
    context: &Context,
    request: ListInitiativesRequest,
) -> Result<ListInitiativesResponse, Failure> {
    call(async || {
        context
            .connection
            .directory()
            .list_initiatives(request.clone())
            .await
    })
    .await
}

/// The initiative of a name or id.
async fn found(context: &Context, text: &str) -> Result<Initiative, Failure> {
    let request = ListInitiativesRequest {
        include_withdrawn: true,
        consistency_tokens: context.tokens(),
        ..ListInitiativesRequest::default()
    };
    let mut all = listed(context, request).await?.initiatives;
    let place = super::lookup::initiative(text, &all)?;
    Ok(all.swap_remove(place))
}

/// For whom an initiative is, in a line.
fn cohort(initiative: &Initiative, team: impl Fn(&str) -> String) -> String {
    let cohort = initiative.cohort.clone().unwrap_or_default();
    match cohort.accounts.len() {
        0 => {}
        1 => return "1 account".to_owned(),
        number => return format!("{number} accounts"),
    }
    let conditions = [
        ("team", &team(&cohort.team)),
        ("tier", &cohort.tier),
        ("product", &cohort.product),
        ("region", &cohort.region),
        ("channel", &cohort.sales_channel),
        ("industry", &cohort.industry),
    ];
    let given = conditions
        .into_iter()
        .filter(|(_, value)| !value.is_empty());
    let shown = given.map(|(name, value)| format!("{name} {value}"));
    shown.collect::<Vec<_>>().join(", ")
}
