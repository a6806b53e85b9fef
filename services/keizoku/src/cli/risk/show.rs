//! `keizoku risk show` and `keizoku risk history`.

use std::fmt::Write as _;

use keizoku_proto::risk::{
    Closure, GetRiskRequest, ListRiskHistoryRequest, ListRiskHistoryResponse, Risk,
};

use crate::cli::card::Card;
use crate::cli::context::{Context, named};
use crate::cli::format;
use crate::cli::output::answer;
use crate::cli::pages::Limit;
use crate::cli::table::Table;
use crate::cli::time::AsOf;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku risk show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku risk show 0197f0a0-0000-7000-8000-000000000001
  keizoku risk show salesforce:a0R5iFSJiTI8hIVEXZ --as-of 2026-10-31")]
pub struct Args {
    /// The risk: id or external id
    risk: String,
    #[command(flatten)]
    as_of: AsOf,
}

/// Arguments of `keizoku risk history`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku risk history 0197f0a0-0000-7000-8000-000000000001 --limit 0")]
pub struct HistoryArgs {
    /// The risk: id or external id
    risk: String,
    #[command(flatten)]
    limit: Limit,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = GetRiskRequest {
            name: context.risk(&self.risk).await?,
            as_of: self.as_of.resolve(context).await?,
            consistency_tokens: context.tokens(),
        };
        let response =
            call(async || context.connection.risks().get_risk(request.clone()).await).await?;
        let text = async {
            let read = format::watermarks(&response.watermarks, context.now());
            format!(
                "{}Read: {read}\n",
                text(context, response.risk.as_ref()).await
            )
        };
        answer!(context, risk::GetRiskResponse, &response, text.await)
    }
}

/// A risk as people read it.
pub(super) async fn text(context: &Context, risk: Option<&Risk>) -> String {
    let Some(risk) = risk else {
        return "The server sent no risk.\n".to_owned();
    };
    let people = context.people().await;
    let mut card = Card::new(risk.display_name.as_str());
    let state = match (&risk.closure, risk.overdue) {
        (Some(_), _) => "closed",
        (None, true) => "open, OVERDUE",
        (None, false) => "open",
    };
    let flag = format::enum_name(risk.leads_to_churn().as_str_name(), "LEADS_TO_CHURN_");
    card.field("id", format::id(&risk.name))
        .field("state", state)
        .field("expectation", flag);
    if let Some(closure) = &risk.closure {
        card.field("completion", completion(closure))
            .field("result", closure.result.as_str());
    }
    if let Some(request) = &risk.closure_request {
        let proposed = format::enum_name(request.completion().as_str_name(), "COMPLETION_");
        let churned = format::date(request.churn_date.as_ref());
        card.field(
            "asks",
            format!(
                "to be closed as {proposed}: the account churned on {churned}\n\
                 keizoku risk close {} --completion {} --result …",
                format::id(&risk.name),
                proposed.to_lowercase()
            ),
        );
    }
    if let Some(action) = &risk.next_action {
        card.field(
            "next action",
            format!("{} {}", format::date(action.due_date.as_ref()), action.text),
        );
    }
    card.field("type", risk.r#type.as_str())
        .field("owner", named(&people, &risk.owner))
        .field("opened", format::date(risk.open_date.as_ref()))
        .field(
            "impact",
            format!(
                "{} of opening MRR, if the group were lost",
                format::percent(risk.group_mrr_impact.as_ref())
            ),
        );
    if let Some(account) = &risk.account {
        let active = if account.active {
            ""
        } else {
            " (no active contract)"
        };
        card.field("account", format!("{}{active}", account.display_name))
            .field("account id", format::id(&account.name))
            .field("account owner", named(&people, &account.owner))
            .field("tier", account.tier.as_str())
            .field("MRR", format::money_with_currency(account.mrr.as_ref()))
            .field(
                "group MRR",
                format::money_with_currency(account.group_mrr.as_ref()),
            )
            .field("renews", format::date(account.next_renewal_date.as_ref()));
    }
    card.field("detail", risk.detail.as_str())
        .field("remarks", risk.remarks.as_str())
        .field("warnings", warnings(risk))
        .field("earlier", earlier(risk))
        .field("manual", risk.manual_url.as_str())
        .field("external id", risk.external_id.as_str());
    card.render()
}

fn completion(closure: &Closure) -> String {
    let how = format::enum_name(closure.completion().as_str_name(), "COMPLETION_");
    format!(
        "{how} on {}",
        format::date(closure.completion_date.as_ref())
    )
}

fn warnings(risk: &Risk) -> String {
    let shown = risk.warnings.iter().map(|warning| {
        let kind = format::enum_name(warning.kind().as_str_name(), "WARNING_KIND_");
        format!(
            "{} since {}",
            kind.to_lowercase().replace('_', " "),
            format::date(warning.since.as_ref())
        )
    });
    shown.collect::<Vec<_>>().join("\n")
}

/// Closures before the risk was opened again.
fn earlier(risk: &Risk) -> String {
    let mut text = String::new();
    for closure in &risk.earlier_closures {
        let _ = writeln!(
            text,
            "{}: {}; opened again: {}",
            completion(closure),
            closure.result,
            closure.reopen_reason
        );
    }
    text
}

impl HistoryArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let name = context.risk(&self.risk).await?;
        let fetch = async |page_size, page_token| {
            let request = ListRiskHistoryRequest {
                name: name.clone(),
                page_size,
                page_token,
            };
            call(async || {
                context
                    .connection
                    .risks()
                    .list_risk_history(request.clone())
                    .await
            })
            .await
        };
        let response: ListRiskHistoryResponse = self.limit.collect(fetch).await?;
        let text = async {
            let zone = context.zone().await?;
            let people = context.people().await;
            let mut table = Table::new(["When", "Who", "What", "Field", "From", "To"]);
            for change in &response.changes {
                table.row([
                    format::instant(change.change_time.as_ref(), &zone),
                    named(&people, &change.actor).to_owned(),
                    change.action.clone(),
                    change.field.clone(),
                    named(&people, &change.old_value).to_owned(),
                    named(&people, &change.new_value).to_owned(),
                ]);
            }
            let more = format::more(response.changes.len(), None, &response.next_page_token);
            Ok::<_, Failure>(table.render(context.style) + &more)
        };
        answer!(
            context,
            risk::ListRiskHistoryResponse,
            &response,
            text.await?
        )
    }
}
