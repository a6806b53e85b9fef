//! Upserts of risks from another system (ACC-7). Imported risks are accepted risks.

use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use keizoku_core::{AccountId, Actor, RiskId, derive_id};
use keizoku_proto::common::ImportOutcome;
use keizoku_proto::risk as proto;
use keizoku_revenue::AsOf;
use keizoku_runtime::call::actor_of;
use keizoku_runtime::parse::{LONG_TEXT, SHORT_TEXT};
use keizoku_runtime::{Call, Failure, Violations, names};
use tonic::{Request, Status, Streaming};
use uuid::Uuid;

use crate::domain::risk::{Command, Completed, Import};
use crate::domain::{self, catalogue};
use crate::{Risks, api, resources};

/// Rows worked on at once: enough to fill the log's groups.
const IN_FLIGHT: usize = 256;

enum RowError {
    Rejected(&'static str, String),
    Failed(Failure),
}

impl From<Failure> for RowError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Risks {
    /// Works on a stream of rows.
    pub(crate) fn import(
        self: Arc<Self>,
        request: Request<Streaming<proto::ImportRisksRequest>>,
    ) -> BoxStream<'static, Result<proto::ImportRisksResponse, Status>> {
        let (actor, run) = (actor_of(&request), self.entropy.uuid());
        let answers = request.into_inner().map(move |row| {
            let (this, actor) = (Arc::clone(&self), actor.clone());
            let lifecycle = this.lifecycle.clone();
            async move {
                let task = lifecycle.track(async move { this.row(row?, &actor, run).await });
                task.await
                    .unwrap_or_else(|_| Err(Status::internal("the row's task failed")))
            }
        });
        answers.buffer_unordered(IN_FLIGHT).boxed()
    }

    async fn row(
        &self,
        request: proto::ImportRisksRequest,
        actor: &Actor,
        run: Uuid,
    ) -> Result<proto::ImportRisksResponse, Status> {
        let row = request.row;
        match self.import_risk(request, actor, run).await {
            Ok(answer) => Ok(proto::ImportRisksResponse { row, ..answer }),
            Err(RowError::Rejected(reason, message)) => Ok(proto::ImportRisksResponse {
                row,
                outcome: ImportOutcome::Rejected.into(),
                reason: reason.to_owned(),
                message,
                ..proto::ImportRisksResponse::default()
            }),
            // The row's own fault: the others go on.
            Err(RowError::Failed(failure)) if failure.is_refusal() => {
                Ok(proto::ImportRisksResponse {
                    row,
                    outcome: ImportOutcome::Rejected.into(),
                    reason: failure.reason_name().to_lowercase(),
                    message: failure.message().to_owned(),
                    ..proto::ImportRisksResponse::default()
                })
            }
            Err(RowError::Failed(failure)) => Err(failure.into()),
        }
    }

    async fn import_risk(
        &self,
        request: proto::ImportRisksRequest,
        actor: &Actor,
        run: Uuid,
    ) -> Result<proto::ImportRisksResponse, RowError> {
        let call = Call::import("ImportRisk", actor, run, &request);
        self.change_freshness
            .wait(&request.consistency_tokens)
            .await?;
        if request.external_id.is_empty() {
            return Err(RowError::Rejected(
                "id_missing",
                "the record has no id".to_owned(),
            ));
        }
        let id: RiskId = derive_id("risk", &[request.external_id.as_bytes()]).into();
        let unknown = || {
            RowError::Rejected(
                "account_unknown",
                format!("{} is not known", request.account),
            )
        };
        let account = names::parse_account(&request.account).map_err(|_| unknown())?;
        let is_known = {
            let book = self.book.read();
            book.account(account)
                .is_some_and(|ix| book.is_opened(ix, None))
        };
        if !is_known {
            return Err(unknown());
        }
        let import = self.parse(id, account, request, &call).await?;
        let stream = domain::risk_stream(id);
        let outcome = self
            .risks
            .upsert(stream, Command::Import(Box::new(import)), call)
            .await?;
        Ok(proto::ImportRisksResponse {
            outcome: outcome.of_import().into(),
            name: names::risk(account, id),
            consistency_token: outcome.token.encode(),
            ..proto::ImportRisksResponse::default()
        })
    }

    async fn parse(
        &self,
        id: RiskId,
        account: AccountId,
        request: proto::ImportRisksRequest,
        call: &Call,
    ) -> Result<Import, RowError> {
        let mut description = request.description.unwrap_or_default();
        let mut violations = Violations::new();
        for (field, text, longest) in [
            ("external_id", &request.external_id, SHORT_TEXT),
            ("display_name", &description.display_name, SHORT_TEXT),
            ("type", &description.r#type, SHORT_TEXT),
            ("detail", &description.detail, LONG_TEXT),
            ("remarks", &description.remarks, LONG_TEXT),
            ("result", &request.result, LONG_TEXT),
        ] {
            violations.text(field, text, longest);
        }
        let leads_to_churn = api::leads_to_churn(&mut violations, request.leads_to_churn);
        let next_action = api::next_action(&mut violations, request.next_action);
        let owner = api::owner(&mut violations, "owner", &request.owner);
        let open_date = violations.required_day("open_date", request.open_date.as_ref());
        let completion = proto::Completion::try_from(request.completion).unwrap_or_default();
        let closed = completion != proto::Completion::Unspecified;
        let date = violations.day("completion_date", request.completion_date.as_ref());
        if closed && request.result.trim().is_empty() {
            return Err(RowError::Rejected(
                "result_missing",
                "a closed risk needs a result".to_owned(),
            ));
        }
        if closed && date.is_none() {
            let message = "a closed risk needs a completion date".to_owned();
            return Err(RowError::Rejected("completed_date_missing", message));
        }
        if let Err(failure) = violations.check() {
            return Err(RowError::Rejected(
                "invalid_fields",
                failure.message().to_owned(),
            ));
        }
        // Only a row that goes in adds its type.
        description.r#type = self.type_of_label(&description.r#type, call).await?;
        // What the impact was when it was closed there: of its group, in that month.
        let completed = date.filter(|_| closed).map(|date| {
            let impact = resources::impact(&self.book.read(), account, AsOf::now(date));
            (
                Completed {
                    completion,
                    date,
                    result: request.result.trim().to_owned(),
                },
                impact,
            )
        });
        let opened = proto::RiskOpened {
            risk_id: id.to_string(),
            account_id: account.to_string(),
            description: Some(description),
            owner: Some(owner.unwrap_or_default()),
            leads_to_churn: leads_to_churn.into(),
            next_action,
            open_date: open_date.map(Into::into),
            external_id: request.external_id,
        };
        Ok(Import { opened, completed })
    }

    /// Key of the type with this label, added to the catalogue when it is new.
    async fn type_of_label(&self, label: &str, call: &Call) -> Result<String, Failure> {
        let label = label.trim();
        if label.is_empty() {
            return Ok(catalogue::OTHER.to_owned());
        }
        let known = self.catalogue.recall(&domain::CATALOGUE).await?;
        if let Some(known) = known
            .state
            .by_label(label)
            .or_else(|| known.state.by_key(label))
        {
            return Ok(known.key.clone());
        }
        let new = proto::RiskType {
            key: label.to_owned(),
            label: label.to_owned(),
            manual_url: String::new(),
            active: true,
        };
        self.catalogue
            .execute(domain::CATALOGUE, new, call.part("type"))
            .await?;
        Ok(label.to_owned())
    }
}
