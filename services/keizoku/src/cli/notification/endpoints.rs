//! `keizoku notification endpoint`: who gets outgoing webhooks (NTF-3).

use clap::Subcommand;
use keizoku_proto::notification::{EnableEndpointRequest, ListEndpointsRequest};

use super::named;
use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::output::answer;
use crate::cli::table::Table;
use crate::client::call;
use crate::error::Failure;

/// What to do with endpoints.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Those of the configuration, and whether they are written to
    List(ListArgs),
    /// Write to one again that had said that it is gone
    Enable(EnableArgs),
}

/// Arguments of `keizoku notification endpoint list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku notification endpoint list")]
pub struct ListArgs {}

/// Arguments of `keizoku notification endpoint enable`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku notification endpoint enable crm
  keizoku notification deliveries --state suppressed      what was not sent meanwhile")]
pub struct EnableArgs {
    /// Its name in the configuration
    endpoint: String,
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(ListArgs {}) => list(context).await,
            Self::Enable(args) => args.run(context).await,
        }
    }
}

async fn list(context: &Context) -> Result<(), Failure> {
    let response = call(async || {
        let mut api = context.connection.notifications();
        api.list_endpoints(ListEndpointsRequest {}).await
    })
    .await?;
    let zone = context.zone().await?;
    let mut table = Table::new(["Endpoint", "On", "Gone since", "Said"]);
    for endpoint in &response.endpoints {
        let gone = endpoint.disable_time.as_ref();
        table.row([
            format::id(&endpoint.name).to_owned(),
            if endpoint.enabled { "yes" } else { "no" }.to_owned(),
            gone.map_or_else(
                || format::NOTHING.to_owned(),
                |at| format::instant(Some(at), &zone),
            ),
            endpoint.problem.clone(),
        ]);
    }
    let text = if table.is_empty() {
        "No endpoint is configured; see `endpoints` in `keizoku config`.\n".to_owned()
    } else {
        table.render(context.style)
    };
    answer!(
        context,
        notification::ListEndpointsResponse,
        &response,
        text
    )
}

impl EnableArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = EnableEndpointRequest {
            name: named("endpoints/", &self.endpoint),
            request_id: context.request_id(),
        };
        let response = call(async || {
            let mut api = context.connection.notifications();
            api.enable_endpoint(request.clone()).await
        })
        .await?;
        let text = format!("{} is written to again.\n", self.endpoint);
        answer!(
            context,
            notification::EnableEndpointResponse,
            &response,
            text
        )
    }
}
