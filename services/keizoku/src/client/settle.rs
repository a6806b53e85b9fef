//! Waiting until every service has read what was changed.

use keizoku_proto::accounts::ListTeamsRequest;
use keizoku_proto::forecast::ListDeadlinesRequest;
use keizoku_proto::onboarding::ListOnboardingsRequest;
use keizoku_proto::risk::ListRisksRequest;
use keizoku_runtime::token::Token;
use tonic::{Response, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use super::{Connection, call};
use crate::error::{Failure, reason_of};

/// Waits until directory, risks, onboardings and forecast show the changes that the tokens cover, as far
/// as they can be reached: a question is asked whose answer must include them. Tokens of logs that a
/// service does not read are nothing to it; those of others are waited for all the same. Health scores and
/// messages are asked for with the tokens themselves.
pub async fn settle(connection: &Connection, tokens: &[String]) {
    let _ = futures::join!(
        including(tokens, async |consistency_tokens| {
            let request = ListTeamsRequest { consistency_tokens };
            connection.directory().list_teams(request).await
        }),
        including(tokens, async |consistency_tokens| {
            let request = ListRisksRequest {
                page_size: 1,
                consistency_tokens,
                ..ListRisksRequest::default()
            };
            connection.risks().list_risks(request).await
        }),
        including(tokens, async |consistency_tokens| {
            let request = ListOnboardingsRequest {
                page_size: 1,
                consistency_tokens,
                ..ListOnboardingsRequest::default()
            };
            connection.onboardings().list_onboardings(request).await
        }),
        including(tokens, async |consistency_tokens| {
            let request = ListDeadlinesRequest {
                page_size: 1,
                consistency_tokens,
                ..ListDeadlinesRequest::default()
            };
            connection.forecasts().list_deadlines(request).await
        }),
    );
}

/// Asks with what the tokens cover, but for logs of which the service says that it does not read them.
async fn including<T>(
    tokens: &[String],
    ask: impl AsyncFn(Vec<String>) -> Result<Response<T>, Status>,
) -> Result<T, Failure> {
    // Said once for each log, so that many tokens of an import are a short question.
    let mut token = Token::decode(tokens).unwrap_or_default();
    loop {
        let asked = vec![token.encode()];
        match call(async || ask(asked.clone()).await).await {
            Err(Failure::Refused { status, file }) => match foreign_log(&status) {
                Some(log) if token.forget(log) => {}
                _ => return Err(Failure::Refused { status, file }),
            },
            answer => return answer,
        }
    }
}

/// The log of a token that a service refuses because it does not read it.
fn foreign_log(status: &Status) -> Option<Uuid> {
    let is_foreign = reason_of(status).as_deref() == Some("FOREIGN_TOKEN");
    let info = status.get_details_error_info().filter(|_| is_foreign)?;
    info.metadata.get("log_id")?.parse().ok()
}
