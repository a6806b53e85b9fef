//! Suggested risks (RISK-9).

use keizoku_core::{AccountId, RiskId, derive_id};
use keizoku_proto::risk as proto;
use keizoku_runtime::page::Page;
use keizoku_runtime::parse::{LONG_TEXT, SHORT_TEXT};
use keizoku_runtime::read_model::rusqlite::{self, params};
use keizoku_runtime::{Call, Failure, Violations, names};
use tonic::Request;

use crate::domain::suggestion::{Command, Error};
use crate::domain::{self, catalogue, risk};
use crate::{Risks, api, resources};

impl Risks {
    pub(super) async fn suggest(
        &self,
        request: Request<proto::SuggestRiskRequest>,
    ) -> Result<proto::SuggestRiskResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let account = violations.parse("parent", names::parse_account(&body.parent));
        let cause = violations.required_text("cause", &body.cause, SHORT_TEXT);
        let display_name = violations.required_text("display_name", &body.display_name, SHORT_TEXT);
        let detail = violations.text("detail", &body.detail, LONG_TEXT);
        let (request_id, account) = violations.finish(request_id.zip(account))?;
        let r#type = if body.r#type.is_empty() {
            catalogue::OTHER.to_owned()
        } else {
            body.r#type.clone()
        };
        let call = Call::of("SuggestRisk", &request, request_id, "")?;
        let id = domain::suggestion_id(account, &cause);
        let stream = domain::suggestion_stream(id);
        if let Some(done) = self.suggestions.admit(&stream, &call).await? {
            return Ok(proto::SuggestRiskResponse {
                suggestion: Some(resources::suggestion(&done.fold)),
                consistency_token: done.token.encode(),
            });
        }
        self.require_type(&r#type).await?;
        let suggested = proto::RiskSuggested {
            suggestion_id: id.to_string(),
            account_id: account.to_string(),
            cause,
            display_name,
            detail,
            r#type,
        };
        let command = Command::Suggest(suggested);
        let outcome = self.suggestions.execute(stream, command, call).await?;
        let suggestion = Some(resources::suggestion(&outcome.fold));
        Ok(proto::SuggestRiskResponse {
            suggestion,
            consistency_token: outcome.token.encode(),
        })
    }

    pub(super) async fn clear_cause(
        &self,
        request: Request<proto::ClearSuggestionCauseRequest>,
    ) -> Result<proto::ClearSuggestionCauseResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let account = violations.parse("parent", names::parse_account(&body.parent));
        let cause = violations.required_text("cause", &body.cause, SHORT_TEXT);
        let (request_id, account) = violations.finish(request_id.zip(account))?;
        let call = Call::of("ClearSuggestionCause", &request, request_id, "")?;
        let stream = domain::suggestion_stream(domain::suggestion_id(account, &cause));
        let outcome = self
            .suggestions
            .execute(stream, Command::Clear, call)
            .await?;
        Ok(proto::ClearSuggestionCauseResponse {
            consistency_token: outcome.token.encode(),
        })
    }

    /// Opens the risk first: its id follows from the suggestion, so whoever accepts it twice, or
    /// tries again after a crash, finds the same risk.
    pub(super) async fn accept(
        &self,
        request: Request<proto::AcceptSuggestionRequest>,
    ) -> Result<proto::AcceptSuggestionResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let name = violations.parse("name", names::parse_suggestion(&body.name));
        let flag = api::leads_to_churn(&mut violations, body.leads_to_churn);
        let next_action = api::next_action(&mut violations, body.next_action.clone());
        let (request_id, (_, id)) = violations.finish(request_id.zip(name))?;
        let call = Call::of("AcceptSuggestion", &request, request_id, "")?;
        let stream = domain::suggestion_stream(id);
        let fold = self.suggestions.refresh(&stream).await?;
        let suggested = fold
            .state
            .suggested
            .clone()
            .ok_or_else(|| Failure::from(Error::Unknown))?;
        let times = fold.state.times.to_be_bytes();
        let risk: RiskId = derive_id("accepted-risk", &[id.as_bytes(), &times]).into();
        if fold.state.settled.is_none() {
            let mut opened = proto::RiskOpened {
                risk_id: risk.to_string(),
                account_id: suggested.account_id.clone(),
                description: Some(proto::RiskDescription {
                    display_name: suggested.display_name,
                    r#type: suggested.r#type,
                    detail: suggested.detail,
                    remarks: String::new(),
                }),
                leads_to_churn: flag.into(),
                next_action,
                ..proto::RiskOpened::default()
            };
            self.complete(&mut opened, &format!("accounts/{}", suggested.account_id))
                .await?;
            let opened = self
                .change(risk, risk::Command::Open(opened), call.part("risk"))
                .await;
            // Somebody else was faster: the suggestion's own stream says who.
            if let Err(failure) = opened
                && failure.code() != tonic::Code::AlreadyExists
            {
                return Err(failure);
            }
        }
        let outcome = self
            .suggestions
            .execute(stream, Command::Accept(risk.to_string()), call)
            .await?;
        let accepted = self.risks.refresh(&domain::risk_stream(risk)).await?;
        let risk = self.show(risk, &accepted, self.book.now()).await?;
        Ok(proto::AcceptSuggestionResponse {
            risk: Some(risk),
            consistency_token: outcome.token.encode(),
        })
    }

    pub(super) async fn dismiss(
        &self,
        request: Request<proto::DismissSuggestionRequest>,
    ) -> Result<proto::DismissSuggestionResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let name = violations.parse("name", names::parse_suggestion(&body.name));
        let reason = violations.required_text("reason", &body.reason, LONG_TEXT);
        let (request_id, (_, id)) = violations.finish(request_id.zip(name))?;
        let call = Call::of("DismissSuggestion", &request, request_id, "")?;
        let outcome = self
            .suggestions
            .execute(
                domain::suggestion_stream(id),
                Command::Dismiss(reason),
                call,
            )
            .await?;
        let suggestion = Some(resources::suggestion(&outcome.fold));
        Ok(proto::DismissSuggestionResponse {
            suggestion,
            consistency_token: outcome.token.encode(),
        })
    }

    pub(super) async fn list_suggestions(
        &self,
        body: proto::ListSuggestionsRequest,
    ) -> Result<proto::ListSuggestionsResponse, Failure> {
        let mut violations = Violations::new();
        let account: Option<AccountId> = match body.parent.as_str() {
            "" | "accounts/-" => None,
            parent => violations.parse("parent", names::parse_account(parent)),
        };
        violations.check()?;
        let state = match body.state() {
            proto::SuggestionState::Unspecified => proto::SuggestionState::Pending,
            state => state,
        };
        let binding = proto::ListSuggestionsRequest {
            parent: body.parent.clone(),
            state: body.state,
            ..proto::ListSuggestionsRequest::default()
        };
        let page = Page::of(body.page_size, &body.page_token, &binding)?;
        self.list_freshness.wait(&body.consistency_tokens).await?;
        let account = account
            .map(|account| account.to_string())
            .unwrap_or_default();
        let ids =
            self.model
                .read(move |rows| {
                    rows.prepare_cached(
                    "SELECT id FROM suggestions WHERE state = ?1 AND (?2 = '' OR account_id = ?2)
                     ORDER BY suggested_at DESC, id",
                )?
                .query_map(params![state as i32, account], |row| row.get::<_, String>(0))?
                .collect::<rusqlite::Result<Vec<_>>>()
                })
                .await?;
        let mut suggestions = Vec::new();
        for id in ids
            .iter()
            .skip(page.offset)
            .take(page.size)
            .filter_map(|id| id.parse().ok())
        {
            let fold = self
                .suggestions
                .recall(&domain::suggestion_stream(id))
                .await?;
            suggestions.push(resources::suggestion(&fold));
        }
        Ok(proto::ListSuggestionsResponse {
            suggestions,
            next_page_token: page.next(ids.len()),
        })
    }
}
