//! The service's RPCs: parse, execute, reply.

mod commands;
mod questions;
mod suggestions;

use futures::stream::BoxStream;
use keizoku_core::RiskId;
use keizoku_proto::common::ErrorReason;
use keizoku_proto::risk as proto;
use keizoku_proto::risk::risk_service_server::RiskService;
use keizoku_revenue::AsOf;
use keizoku_runtime::{DomainError, Failure, Fold};
use tonic::{Request, Response, Status, Streaming};

use crate::domain::{self, risk};
use crate::resources::{self, Surroundings};
use crate::{Risks, Service};

/// The type is not in the catalogue, or not for new risks.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a risk type that may be chosen; ListRiskTypes has the catalogue")]
struct TypeUnknown(String);

impl DomainError for TypeUnknown {
    fn reason(&self) -> ErrorReason {
        ErrorReason::RiskTypeUnknown
    }
}

/// The owner is not in the directory, as far as this service has read it.
#[derive(Debug, thiserror::Error)]
#[error("{owner} is not in the directory")]
struct OwnerUnknown {
    owner: String,
    read_to: u64,
}

impl DomainError for OwnerUnknown {
    fn reason(&self) -> ErrorReason {
        ErrorReason::OwnerUnknown
    }
    fn metadata(&self) -> Vec<(&'static str, String)> {
        vec![("accounts_read_to", self.read_to.to_string())]
    }
}

impl Risks {
    /// Makes sure that the directory has the owner, if there is one.
    pub(crate) fn require_owner(&self, owner: Option<&proto::RiskOwner>) -> Result<(), Failure> {
        let Some(owner) = owner else {
            return Ok(());
        };
        if self.book.knows_owner(&owner.user_id, &owner.team_id) {
            return Ok(());
        }
        let watermarks = self.book_freshness.watermarks();
        Err(OwnerUnknown {
            owner: resources::owner(owner),
            read_to: watermarks.first().map_or(0, |watermark| watermark.position),
        }
        .into())
    }

    /// A risk with its surroundings.
    pub(crate) async fn show(
        &self,
        id: RiskId,
        fold: &Fold<risk::State>,
        as_of: AsOf,
    ) -> Result<proto::Risk, Failure> {
        // Figures from a book that is not read yet would be wrong.
        self.book_freshness.wait(&[]).await?;
        let catalogue = self.catalogue.recall(&domain::CATALOGUE).await?;
        let account = self.book.survivor_of(&fold.state.account_id, as_of);
        let account_name = self.account_name(&account).await?;
        let book = self.book.read();
        let around = Surroundings {
            book: &book,
            catalogue: &catalogue.state,
            account_name,
            as_of,
        };
        Ok(resources::risk(id, fold, &around))
    }

    /// Makes sure that a type may be chosen.
    pub(crate) async fn require_type(&self, key: &str) -> Result<(), Failure> {
        let fold = self.catalogue.recall(&domain::CATALOGUE).await?;
        match fold.state.by_key(key) {
            Some(known) if known.active => Ok(()),
            _ => Err(TypeUnknown(key.to_owned()).into()),
        }
    }
}

/// Answers an RPC.
fn reply<T>(answer: Result<T, Failure>) -> Result<Response<T>, Status> {
    answer.map(Response::new).map_err(Status::from)
}

#[tonic::async_trait]
impl RiskService for Service {
    async fn open_risk(
        &self,
        request: Request<proto::OpenRiskRequest>,
    ) -> Result<Response<proto::OpenRiskResponse>, Status> {
        reply(self.0.open(request).await)
    }
    async fn update_risk(
        &self,
        request: Request<proto::UpdateRiskRequest>,
    ) -> Result<Response<proto::UpdateRiskResponse>, Status> {
        reply(self.0.update(request).await)
    }
    async fn assign_risk(
        &self,
        request: Request<proto::AssignRiskRequest>,
    ) -> Result<Response<proto::AssignRiskResponse>, Status> {
        reply(self.0.assign(request).await)
    }
    async fn assess_risk(
        &self,
        request: Request<proto::AssessRiskRequest>,
    ) -> Result<Response<proto::AssessRiskResponse>, Status> {
        reply(self.0.assess(request).await)
    }
    async fn schedule_next_action(
        &self,
        request: Request<proto::ScheduleNextActionRequest>,
    ) -> Result<Response<proto::ScheduleNextActionResponse>, Status> {
        reply(self.0.schedule(request).await)
    }
    async fn close_risk(
        &self,
        request: Request<proto::CloseRiskRequest>,
    ) -> Result<Response<proto::CloseRiskResponse>, Status> {
        reply(self.0.close(request).await)
    }
    async fn amend_closure(
        &self,
        request: Request<proto::AmendClosureRequest>,
    ) -> Result<Response<proto::AmendClosureResponse>, Status> {
        reply(self.0.amend(request).await)
    }
    async fn reopen_risk(
        &self,
        request: Request<proto::ReopenRiskRequest>,
    ) -> Result<Response<proto::ReopenRiskResponse>, Status> {
        reply(self.0.reopen(request).await)
    }
    async fn get_risk(
        &self,
        request: Request<proto::GetRiskRequest>,
    ) -> Result<Response<proto::GetRiskResponse>, Status> {
        reply(self.0.get(request.into_inner()).await)
    }
    async fn list_risks(
        &self,
        request: Request<proto::ListRisksRequest>,
    ) -> Result<Response<proto::ListRisksResponse>, Status> {
        reply(self.0.list(request.into_inner()).await)
    }
    async fn list_risk_history(
        &self,
        request: Request<proto::ListRiskHistoryRequest>,
    ) -> Result<Response<proto::ListRiskHistoryResponse>, Status> {
        reply(self.0.history(request.into_inner()).await)
    }
    async fn search_knowledge(
        &self,
        request: Request<proto::SearchKnowledgeRequest>,
    ) -> Result<Response<proto::SearchKnowledgeResponse>, Status> {
        reply(self.0.search(request.into_inner()).await)
    }
    async fn list_risk_types(
        &self,
        request: Request<proto::ListRiskTypesRequest>,
    ) -> Result<Response<proto::ListRiskTypesResponse>, Status> {
        reply(self.0.types(request.into_inner()).await)
    }
    async fn define_risk_type(
        &self,
        request: Request<proto::DefineRiskTypeRequest>,
    ) -> Result<Response<proto::DefineRiskTypeResponse>, Status> {
        reply(self.0.define_type(request).await)
    }
    async fn suggest_risk(
        &self,
        request: Request<proto::SuggestRiskRequest>,
    ) -> Result<Response<proto::SuggestRiskResponse>, Status> {
        reply(self.0.suggest(request).await)
    }
    async fn clear_suggestion_cause(
        &self,
        request: Request<proto::ClearSuggestionCauseRequest>,
    ) -> Result<Response<proto::ClearSuggestionCauseResponse>, Status> {
        reply(self.0.clear_cause(request).await)
    }
    async fn list_suggestions(
        &self,
        request: Request<proto::ListSuggestionsRequest>,
    ) -> Result<Response<proto::ListSuggestionsResponse>, Status> {
        reply(self.0.list_suggestions(request.into_inner()).await)
    }
    async fn accept_suggestion(
        &self,
        request: Request<proto::AcceptSuggestionRequest>,
    ) -> Result<Response<proto::AcceptSuggestionResponse>, Status> {
        reply(self.0.accept(request).await)
    }
    async fn dismiss_suggestion(
        &self,
        request: Request<proto::DismissSuggestionRequest>,
    ) -> Result<Response<proto::DismissSuggestionResponse>, Status> {
        reply(self.0.dismiss(request).await)
    }

    type ImportRisksStream = BoxStream<'static, Result<proto::ImportRisksResponse, Status>>;

    async fn import_risks(
        &self,
        request: Request<Streaming<proto::ImportRisksRequest>>,
    ) -> Result<Response<Self::ImportRisksStream>, Status> {
        Ok(Response::new(self.0.clone().import(request)))
    }
}
