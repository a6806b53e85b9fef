//! `keizoku risk list`.

use clap::ValueEnum;
use keizoku_proto::risk::{
    Completion as Completed, LeadsToChurn, ListRisksRequest, ListRisksResponse, Risk, RiskFilter,
    RiskState,
};

use super::{Completion, Flag};
use crate::cli::context::{Context, named};
use crate::cli::format;
use crate::cli::output::answer;
use crate::cli::pages::Limit;
use crate::cli::table::Table;
use crate::client::call;
use crate::error::Failure;

const EXAMPLES: &str = "\
Examples:
  keizoku risk list
  keizoku risk list --owner me                 yours, when `keizoku user me` knows you
  keizoku risk list --owner 'Enterprise East' --overdue
  keizoku risk list --account 緑川印刷 --all
  keizoku risk list --needs-owner              whose owner has departed, or who have none
  keizoku risk list --completion completed --sort '-open-date'";

/// Arguments of `keizoku risk list`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own on the command line"
)]
pub struct Args {
    /// Closed ones too
    #[arg(long)]
    all: bool,
    /// Of this account
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// Owned by this person (`me`: you), or this team and its subteams
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    /// Expected to end in churn, or not known
    #[arg(long, value_enum)]
    leads_to_churn: Option<Flag>,
    /// Of this type (key or label)
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Closed like this
    #[arg(long, value_enum)]
    completion: Option<Completion>,
    /// Only with a next action that was due before today
    #[arg(long)]
    overdue: bool,
    /// Only without a date of the next action
    #[arg(long)]
    no_next_action: bool,
    /// Only those that wait for an owner
    #[arg(long)]
    needs_owner: bool,
    /// Order; with `-` in front reversed
    #[arg(
        long,
        value_name = "KEY",
        default_value = "next-action",
        allow_hyphen_values = true
    )]
    sort: Sort,
    #[command(flatten)]
    limit: Limit,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SortKey {
    NextAction,
    OpenDate,
    Updated,
    Name,
}

#[derive(Debug, Clone)]
struct Sort {
    key: SortKey,
    reversed: bool,
}

impl std::str::FromStr for Sort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.strip_prefix('-');
        let key = SortKey::from_str(name.unwrap_or(text), true)
            .map_err(|_| "is none of next-action, open-date, updated and name".to_owned())?;
        Ok(Self {
            key,
            reversed: name.is_some(),
        })
    }
}

impl Sort {
    fn order_by(&self) -> String {
        let field = match self.key {
            SortKey::NextAction => "next_action_date",
            SortKey::OpenDate => "open_date",
            SortKey::Updated => "update_time",
            SortKey::Name => "display_name",
        };
        let suffix = if self.reversed { " desc" } else { "" };
        format!("{field}{suffix}")
    }
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let filter = self.filter(context).await?;
        let order_by = self.sort.order_by();
        let fetch = async |page_size, page_token| {
            let request = ListRisksRequest {
                filter: Some(filter.clone()),
                order_by: order_by.clone(),
                page_size,
                page_token,
                consistency_tokens: context.tokens(),
            };
            call(async || context.connection.risks().list_risks(request.clone()).await).await
        };
        let response: ListRisksResponse = self.limit.collect(fetch).await?;
        let text = async {
            if response.risks.is_empty() {
                return "No risk fits. `keizoku risk open` files one; --all shows closed ones too.\n".to_owned();
            }
            let total = Some(response.total_size);
            let more = format::more(response.risks.len(), total, &response.next_page_token);
            table(context, &response.risks).await + &more
        };
        answer!(context, risk::ListRisksResponse, &response, text.await)
    }

    async fn filter(&self, context: &Context) -> Result<RiskFilter, Failure> {
        let state = match (self.all, self.completion) {
            (true, _) => RiskState::Unspecified,
            (false, Some(_)) => RiskState::Closed,
            (false, None) => RiskState::Open,
        };
        let flag = self
            .leads_to_churn
            .map_or(LeadsToChurn::Unspecified, Into::into);
        let completion = self.completion.map_or(Completed::Unspecified, Into::into);
        let mut filter = RiskFilter {
            state: state.into(),
            leads_to_churn: flag.into(),
            completion: completion.into(),
            overdue: self.overdue,
            no_next_action: self.no_next_action,
            needs_owner: self.needs_owner,
            ..RiskFilter::default()
        };
        if let Some(account) = &self.account {
            filter.account = context.account(account).await?;
        }
        if let Some(owner) = &self.owner {
            filter.owner = context.owner(owner).await?;
        }
        if let Some(kind) = &self.kind {
            filter.r#type = context.risk_type(kind).await?;
        }
        Ok(filter)
    }
}

/// Risks, a line each.
async fn table(context: &Context, risks: &[Risk]) -> String {
    let people = context.people().await;
    let mut table = Table::new([
        "Next action",
        "",
        "Risk",
        "Account",
        "Expectation",
        "State",
        ">Impact",
        "Owner",
        "Id",
    ]);
    for risk in risks {
        let due = risk
            .next_action
            .as_ref()
            .and_then(|action| action.due_date.as_ref());
        let account = risk
            .account
            .as_ref()
            .map(|account| account.display_name.clone());
        let state = match (&risk.closure, &risk.closure_request) {
            (Some(closure), _) => {
                format::enum_name(closure.completion().as_str_name(), "COMPLETION_")
            }
            (None, Some(_)) => "open, asks for closure".to_owned(),
            (None, None) => "open".to_owned(),
        };
        table.row([
            format::date(due),
            if risk.overdue { "OVERDUE" } else { "" }.to_owned(),
            risk.display_name.clone(),
            account.unwrap_or_default(),
            format::enum_name(risk.leads_to_churn().as_str_name(), "LEADS_TO_CHURN_"),
            state,
            format::percent(risk.group_mrr_impact.as_ref()),
            named(&people, &risk.owner).to_owned(),
            format::id(&risk.name).to_owned(),
        ]);
    }
    table.render(context.style)
}
