//! What was learnt from closed risks: `search`, `types`, `define-type` (RISK-8).

use keizoku_proto::risk::{
    Completion as Completed, DefineRiskTypeRequest, ListRiskTypesRequest, ListRiskTypesResponse,
    Risk, RiskType, SearchKnowledgeRequest, SearchKnowledgeResponse,
};

use super::Completion;
use crate::cli::context::{Context, named};
use crate::cli::format;
use crate::cli::output::{answer, change};
use crate::cli::pages::Limit;
use crate::cli::table::Table;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku risk search`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku risk search 競合 価格
  keizoku risk search 退職 --completion completed --tier Enterprise")]
pub struct SearchArgs {
    /// Words, all of which occur; width and case do not matter
    #[arg(required = true)]
    words: Vec<String>,
    /// Of this type (key or label)
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Closed like this
    #[arg(long, value_enum)]
    completion: Option<Completion>,
    /// Of accounts of this tier
    #[arg(long, default_value = "", hide_default_value = true)]
    tier: String,
    /// Of accounts of this industry
    #[arg(long, default_value = "", hide_default_value = true)]
    industry: String,
    #[command(flatten)]
    limit: Limit,
}

impl SearchArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let completion = self.completion.map_or(Completed::Unspecified, Into::into);
        let mut request = SearchKnowledgeRequest {
            query: self.words.join(" "),
            completion: completion.into(),
            tier: self.tier,
            industry: self.industry,
            consistency_tokens: context.tokens(),
            ..SearchKnowledgeRequest::default()
        };
        if let Some(kind) = &self.kind {
            request.r#type = context.risk_type(kind).await?;
        }
        let fetch = async |page_size, page_token| {
            let page = SearchKnowledgeRequest {
                page_size,
                page_token,
                ..request.clone()
            };
            call(async || {
                context
                    .connection
                    .risks()
                    .search_knowledge(page.clone())
                    .await
            })
            .await
        };
        let response: SearchKnowledgeResponse = self.limit.collect(fetch).await?;
        let text = async {
            if response.risks.is_empty() {
                return "No closed risk says that. Fewer or shorter words find more.\n".to_owned();
            }
            let total = Some(response.total_size);
            let more = format::more(response.risks.len(), total, &response.next_page_token);
            closed(context, &response.risks).await + &more
        };
        answer!(
            context,
            risk::SearchKnowledgeResponse,
            &response,
            text.await
        )
    }
}

/// How closed risks landed, a line each.
async fn closed(context: &Context, risks: &[Risk]) -> String {
    let people = context.people().await;
    let mut table = Table::new([
        "Closed",
        "Completion",
        "Risk",
        "Result",
        "Type",
        "Account",
        "Owner",
        "Id",
    ]);
    for risk in risks {
        let closure = risk.closure.clone().unwrap_or_default();
        let account = risk.account.clone().unwrap_or_default();
        table.row([
            format::date(closure.completion_date.as_ref()),
            format::enum_name(closure.completion().as_str_name(), "COMPLETION_"),
            risk.display_name.clone(),
            closure.result,
            risk.r#type.clone(),
            account.display_name,
            named(&people, &risk.owner).to_owned(),
            format::id(&risk.name).to_owned(),
        ]);
    }
    table.render(context.style)
}

/// Arguments of `keizoku risk types`.
#[derive(Debug, clap::Args)]
pub struct TypesArgs {}

impl TypesArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = ListRiskTypesRequest {
            consistency_tokens: context.tokens(),
        };
        let response = call(async || {
            context
                .connection
                .risks()
                .list_risk_types(request.clone())
                .await
        })
        .await?;
        answer!(
            context,
            risk::ListRiskTypesResponse,
            &response,
            types(context, &response)
        )
    }
}

fn types(context: &Context, response: &ListRiskTypesResponse) -> String {
    let mut table = Table::new([
        "Type",
        "Key",
        ">Open",
        ">Completed",
        ">Failed",
        ">Not a risk",
        ">Win rate",
        ">Days to close",
        "Manual",
    ]);
    for statistics in &response.types {
        let kind = statistics.r#type.clone().unwrap_or_default();
        let days = statistics.median_days_to_close;
        table.row([
            if kind.active {
                kind.label
            } else {
                format!("{} (not for new risks)", kind.label)
            },
            kind.key,
            statistics.open.to_string(),
            statistics.completed.to_string(),
            statistics.failed.to_string(),
            statistics.not_a_risk.to_string(),
            format::percent(statistics.win_rate.as_ref()),
            days.map_or_else(|| format::NOTHING.to_owned(), |days| days.to_string()),
            kind.manual_url,
        ]);
    }
    table.render(context.style)
}

/// Arguments of `keizoku risk define-type`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku risk define-type competitor --label 競合 --manual https://example.com/competitor
  keizoku risk define-type competitor --label 競合 --retired")]
pub struct DefineTypeArgs {
    /// Key; stays when the label changes
    key: String,
    /// Label
    #[arg(long)]
    label: String,
    /// Link to the organisation's manual
    #[arg(
        long,
        value_name = "URL",
        default_value = "",
        hide_default_value = true
    )]
    manual: String,
    /// May not be chosen for new risks any more
    #[arg(long)]
    retired: bool,
}

impl DefineTypeArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let kind = RiskType {
            key: self.key,
            label: self.label,
            manual_url: self.manual,
            active: !self.retired,
        };
        let request = DefineRiskTypeRequest {
            r#type: Some(kind),
            request_id: context.request_id(),
        };
        change!(
            context,
            risks.define_risk_type,
            request,
            risk::DefineRiskTypeResponse,
            |response| {
                let kind = response.r#type.clone().unwrap_or_default();
                let text = format!("Type {} ({}) is defined.\n", kind.label, kind.key);
                text
            }
        )
    }
}
