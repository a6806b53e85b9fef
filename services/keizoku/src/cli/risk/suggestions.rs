//! Risks that reactions suggest: `suggestions`, `accept`, `dismiss` (RISK-9).

use clap::ValueEnum;
use keizoku_core::Day;
use keizoku_proto::risk::{
    AcceptSuggestionRequest, DismissSuggestionRequest, LeadsToChurn, ListSuggestionsRequest,
    ListSuggestionsResponse, SuggestionState,
};

use super::{Flag, next_action, show};
use crate::cli::context::{Context, named};
use crate::cli::format;
use crate::cli::output::{answer, change};
use crate::cli::pages::Limit;
use crate::cli::table::Table;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku risk suggestions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku risk suggestions
  keizoku risk suggestions --account 緑川印刷 --state dismissed")]
pub struct ListArgs {
    /// Of this account
    #[arg(long)]
    account: Option<String>,
    /// Which
    #[arg(long, value_enum, default_value_t = State::Pending)]
    state: State,
    #[command(flatten)]
    limit: Limit,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    /// Wait for a person
    Pending,
    /// Became risks
    Accepted,
    /// Were dismissed
    Dismissed,
}

impl ListArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let parent = match &self.account {
            Some(account) => context.account(account).await?,
            None => "accounts/-".to_owned(),
        };
        let state = match self.state {
            State::Pending => SuggestionState::Pending,
            State::Accepted => SuggestionState::Accepted,
            State::Dismissed => SuggestionState::Dismissed,
        };
        let response = list(context, &parent, state, &self.limit).await?;
        let text = text(context, &response).await;
        answer!(context, risk::ListSuggestionsResponse, &response, text)
    }
}

async fn list(
    context: &Context,
    parent: &str,
    state: SuggestionState,
    limit: &Limit,
) -> Result<ListSuggestionsResponse, Failure> {
    let fetch = async |page_size, page_token| {
        let request = ListSuggestionsRequest {
            parent: parent.to_owned(),
            state: state.into(),
            page_size,
            page_token,
            consistency_tokens: context.tokens(),
        };
        call(async || {
            context
                .connection
                .risks()
                .list_suggestions(request.clone())
                .await
        })
        .await
    };
    limit.collect(fetch).await
}

async fn text(context: &Context, response: &ListSuggestionsResponse) -> String {
    let account_of = |name: &str| {
        name.split("/suggestions/")
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let accounts: Vec<String> = response
        .suggestions
        .iter()
        .map(|found| account_of(&found.name))
        .collect();
    let names = context
        .account_names(accounts.iter().map(String::as_str))
        .await;
    let mut table = Table::new(["Suggestion", "Account", "Cause", "Why", "Dismissed", "Id"]);
    for (suggestion, account) in response.suggestions.iter().zip(&accounts) {
        table.row([
            suggestion.display_name.clone(),
            named(&names, account).to_owned(),
            suggestion.cause.clone(),
            suggestion.detail.clone(),
            suggestion.dismissal_reason.clone(),
            format::id(&suggestion.name).to_owned(),
        ]);
    }
    if table.is_empty() {
        return "There are no suggestions.\n".to_owned();
    }
    table.render(context.style)
        + &format::more(response.suggestions.len(), None, &response.next_page_token)
}

/// Arguments of `keizoku risk accept`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku risk accept ID --leads-to-churn leads --next-action 電話で確認 --due 2026-12-01")]
pub struct AcceptArgs {
    /// The suggestion: id or resource name
    suggestion: String,
    /// Whether it is expected to end in churn
    #[arg(long, value_enum)]
    leads_to_churn: Flag,
    /// What is done next
    #[arg(long, value_name = "TEXT")]
    next_action: Option<String>,
    /// Until when it is done (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    due: Option<Day>,
}

impl AcceptArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = AcceptSuggestionRequest {
            name: suggestion(context, &self.suggestion).await?,
            leads_to_churn: LeadsToChurn::from(self.leads_to_churn).into(),
            next_action: next_action(self.due, self.next_action),
            request_id: context.request_id(),
        };
        change!(
            context,
            risks.accept_suggestion,
            request,
            risk::AcceptSuggestionResponse,
            |response| show::text(context, response.risk.as_ref()).await
        )
    }
}

/// Arguments of `keizoku risk dismiss`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku risk dismiss ID --reason 先方都合の一時的な停止")]
pub struct DismissArgs {
    /// The suggestion: id or resource name
    suggestion: String,
    /// Why it is no risk
    #[arg(long)]
    reason: String,
}

impl DismissArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = DismissSuggestionRequest {
            name: suggestion(context, &self.suggestion).await?,
            reason: self.reason,
            request_id: context.request_id(),
        };
        change!(
            context,
            risks.dismiss_suggestion,
            request,
            risk::DismissSuggestionResponse,
            |response| {
                let name = response
                    .suggestion
                    .as_ref()
                    .map_or("", |suggestion| suggestion.display_name.as_str());
                let text =
                    format!("Dismissed: {name}. Its cause stays quiet for 30 days at least.\n");
                text
            }
        )
    }
}

/// A suggestion by id or resource name.
async fn suggestion(context: &Context, text: &str) -> Result<String, Failure> {
    if text.starts_with("accounts/") {
        return Ok(text.to_owned());
    }
    for state in [
        SuggestionState::Pending,
        SuggestionState::Dismissed,
        SuggestionState::Accepted,
    ] {
        let waiting = list(context, "accounts/-", state, &Limit::ALL).await?;
        let found = waiting
            .suggestions
            .into_iter()
            .find(|found| format::id(&found.name) == text);
        if let Some(found) = found {
            return Ok(found.name);
        }
    }
    let hint = "`keizoku risk suggestions` lists them";
    Err(Failure::Lookup(format!(
        "there is no suggestion `{text}`; {hint}"
    )))
}
