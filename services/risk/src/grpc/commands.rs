//! Changes of risks and of their catalogue.

use keizoku_core::{AccountId, RiskId, derive_id};
use keizoku_proto::risk as proto;
use keizoku_revenue::AsOf;
use keizoku_runtime::parse::{LONG_TEXT, SHORT_TEXT};
use keizoku_runtime::{Call, Failure, Outcome, Violations, names};
use prost::Message;
use tonic::Request;
use uuid::Uuid;

use crate::domain::risk::{Command, State};
use crate::domain::{self, catalogue};
use crate::{Risks, api, resources};

/// What every change of an existing risk carries.
struct Target {
    request_id: Option<Uuid>,
    name: Option<(Option<AccountId>, RiskId)>,
}

impl Target {
    fn parse(violations: &mut Violations, request_id: &str, name: &str) -> Self {
        Self {
            request_id: violations.request_id(request_id),
            name: violations.parse("name", names::parse_risk(name)),
        }
    }
}

impl Risks {
    pub(super) async fn open(
        &self,
        request: Request<proto::OpenRiskRequest>,
    ) -> Result<proto::OpenRiskResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let (chosen, mut opened) = api::opened(&mut violations, body);
        let request_id = violations.finish(request_id)?;
        let call = Call::of("OpenRisk", &request, request_id, "")?;
        let id: RiskId =
            chosen.unwrap_or_else(|| derive_id("risk", &[request_id.as_bytes()]).into());
        let stream = domain::risk_stream(id);
        opened.risk_id = id.to_string();
        let outcome = match self.prepare(&mut opened, body).await {
            Ok(()) => {
                self.risks
                    .create(stream, Command::Open(opened), call)
                    .await?
            }
            Err(failure) => self.risks.done_or(&stream, &call, failure).await?,
        };
        let (risk, consistency_token) = self.changed(id, &outcome).await?;
        Ok(proto::OpenRiskResponse {
            risk,
            consistency_token,
        })
    }

    /// Makes sure that everything is there that a risk needs.
    async fn prepare(
        &self,
        opened: &mut proto::RiskOpened,
        request: &proto::OpenRiskRequest,
    ) -> Result<(), Failure> {
        self.change_freshness
            .wait(&request.consistency_tokens)
            .await?;
        self.require_owner(opened.owner.as_ref())?;
        self.complete(opened, &request.parent).await
    }

    /// Fills in what a person may leave out: type, owner, date.
    pub(crate) async fn complete(
        &self,
        opened: &mut proto::RiskOpened,
        parent: &str,
    ) -> Result<(), Failure> {
        let description = opened.description.get_or_insert_default();
        if description.r#type.is_empty() {
            catalogue::OTHER.clone_into(&mut description.r#type);
        }
        self.require_type(&description.r#type).await?;
        let account: AccountId = opened
            .account_id
            .parse()
            .map_err(|_| Failure::not_found(parent))?;
        if !self.book.has_account(account) {
            let watermarks = self.book_freshness.watermarks();
            let read_to = watermarks.first().map_or(0, |watermark| watermark.position);
            return Err(Failure::not_found(parent).with("accounts_read_to", read_to.to_string()));
        }
        if opened.owner.is_none() {
            let (user_id, team_id) = self.book.owner_of(account);
            opened.owner = Some(proto::RiskOwner { user_id, team_id });
        }
        opened.open_date.get_or_insert(self.calendar.today().into());
        Ok(())
    }

    /// Executes a command on a risk and shows the risk.
    pub(crate) async fn change(
        &self,
        id: RiskId,
        command: Command,
        call: Call,
    ) -> Result<(Option<proto::Risk>, String), Failure> {
        let outcome = self
            .risks
            .execute(domain::risk_stream(id), command, call)
            .await?;
        self.changed(id, &outcome).await
    }

    /// Shows a risk after a command.
    async fn changed(
        &self,
        id: RiskId,
        outcome: &Outcome<State>,
    ) -> Result<(Option<proto::Risk>, String), Failure> {
        let risk = self.show(id, &outcome.fold, self.book.now()).await?;
        Ok((Some(risk), outcome.token.encode()))
    }

    /// Executes a command on an existing risk: what all but `OpenRisk` do.
    async fn change_existing<T: Message>(
        &self,
        method: &'static str,
        request: &Request<T>,
        violations: Violations,
        target: Target,
        etag: &str,
        command: Option<Command>,
    ) -> Result<(Option<proto::Risk>, String), Failure> {
        let (request_id, ((account, id), command)) =
            violations.finish(target.request_id.zip(target.name.zip(command)))?;
        let call = Call::of(method, request, request_id, etag)?;
        self.require_account(id, account).await?;
        self.change(id, command, call).await
    }

    /// Makes sure that a risk belongs to the account that its name says, if it says one.
    pub(crate) async fn require_account(
        &self,
        id: RiskId,
        account: Option<AccountId>,
    ) -> Result<(), Failure> {
        let Some(account) = account else {
            return Ok(());
        };
        let fold = self.risks.recall(&domain::risk_stream(id)).await?;
        if self.book.is_same_account(&fold.state.account_id, account) {
            Ok(())
        } else {
            Err(Failure::not_found(&names::risk(account, id)))
        }
    }

    pub(super) async fn update(
        &self,
        request: Request<proto::UpdateRiskRequest>,
    ) -> Result<proto::UpdateRiskResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let target = Target::parse(&mut violations, &body.request_id, &body.name);
        let description = body.description.clone().unwrap_or_default();
        let change = api::description_change(&mut violations, &description, &body.update_mask);
        let (request_id, (account, id)) = violations.finish(target.request_id.zip(target.name))?;
        let call = Call::of("UpdateRisk", &request, request_id, &body.etag)?;
        let admitted = self.risks.admit(&domain::risk_stream(id), &call).await?;
        let (risk, consistency_token) = if let Some(done) = admitted {
            self.changed(id, &done).await?
        } else {
            self.require_account(id, account).await?;
            if let Some(key) = &change.r#type {
                self.require_type(key).await?;
            }
            self.change(id, Command::Revise(change), call).await?
        };
        Ok(proto::UpdateRiskResponse {
            risk,
            consistency_token,
        })
    }

    pub(super) async fn assign(
        &self,
        request: Request<proto::AssignRiskRequest>,
    ) -> Result<proto::AssignRiskResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let target = Target::parse(&mut violations, &body.request_id, &body.name);
        if body.owner.is_empty() {
            violations.add("owner", "is required");
        }
        let owner = api::owner(&mut violations, "owner", &body.owner);
        let (request_id, ((account, id), owner)) =
            violations.finish(target.request_id.zip(target.name.zip(owner)))?;
        let call = Call::of("AssignRisk", &request, request_id, &body.etag)?;
        let admitted = self.risks.admit(&domain::risk_stream(id), &call).await?;
        let (risk, consistency_token) = if let Some(done) = admitted {
            self.changed(id, &done).await?
        } else {
            self.require_account(id, account).await?;
            self.require_owner(Some(&owner))?;
            self.change(id, Command::Assign(owner), call).await?
        };
        Ok(proto::AssignRiskResponse {
            risk,
            consistency_token,
        })
    }

    pub(super) async fn assess(
        &self,
        request: Request<proto::AssessRiskRequest>,
    ) -> Result<proto::AssessRiskResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let target = Target::parse(&mut violations, &body.request_id, &body.name);
        let flag = api::leads_to_churn(&mut violations, body.leads_to_churn);
        let reason = violations.text("reason", &body.reason, LONG_TEXT);
        let command = Some(Command::Assess(flag, reason));
        let (risk, consistency_token) = self
            .change_existing(
                "AssessRisk",
                &request,
                violations,
                target,
                &body.etag,
                command,
            )
            .await?;
        Ok(proto::AssessRiskResponse {
            risk,
            consistency_token,
        })
    }

    pub(super) async fn schedule(
        &self,
        request: Request<proto::ScheduleNextActionRequest>,
    ) -> Result<proto::ScheduleNextActionResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let target = Target::parse(&mut violations, &body.request_id, &body.name);
        let action = api::next_action(&mut violations, body.next_action.clone());
        let command = Some(Command::Schedule(action));
        let (risk, consistency_token) = self
            .change_existing(
                "ScheduleNextAction",
                &request,
                violations,
                target,
                &body.etag,
                command,
            )
            .await?;
        Ok(proto::ScheduleNextActionResponse {
            risk,
            consistency_token,
        })
    }

    pub(super) async fn close(
        &self,
        request: Request<proto::CloseRiskRequest>,
    ) -> Result<proto::CloseRiskResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let target = Target::parse(&mut violations, &body.request_id, &body.name);
        let completed = api::completed(&mut violations, body);
        let impact = match target.name {
            Some((_, id)) => self.impact_of(id).await?,
            None => proto::FrozenImpact::default(),
        };
        let command = completed.map(|completed| Command::Close(completed, impact));
        let (risk, consistency_token) = self
            .change_existing(
                "CloseRisk",
                &request,
                violations,
                target,
                &body.etag,
                command,
            )
            .await?;
        Ok(proto::CloseRiskResponse {
            risk,
            consistency_token,
        })
    }

    /// The impact at this instant (RISK-2).
    async fn impact_of(&self, id: RiskId) -> Result<proto::FrozenImpact, Failure> {
        // What is frozen stays: never from a book that is not read yet.
        self.book_freshness.wait(&[]).await?;
        let fold = self.risks.recall(&domain::risk_stream(id)).await?;
        let account: Option<AccountId> = fold.state.account_id.parse().ok();
        let now: AsOf = self.book.now();
        let book = self.book.read();
        Ok(account
            .map(|account| resources::impact(&book, account, now))
            .unwrap_or_default())
    }

    pub(super) async fn amend(
        &self,
        request: Request<proto::AmendClosureRequest>,
    ) -> Result<proto::AmendClosureResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let target = Target::parse(&mut violations, &body.request_id, &body.name);
        let completion =
            Some(body.completion()).filter(|given| *given != proto::Completion::Unspecified);
        let date = violations.day("completion_date", body.completion_date.as_ref());
        let result = body
            .result
            .clone()
            .map(|text| violations.required_text("result", &text, LONG_TEXT));
        let command = Some(Command::Amend {
            completion,
            date,
            result,
        });
        let (risk, consistency_token) = self
            .change_existing(
                "AmendClosure",
                &request,
                violations,
                target,
                &body.etag,
                command,
            )
            .await?;
        Ok(proto::AmendClosureResponse {
            risk,
            consistency_token,
        })
    }

    pub(super) async fn reopen(
        &self,
        request: Request<proto::ReopenRiskRequest>,
    ) -> Result<proto::ReopenRiskResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let target = Target::parse(&mut violations, &body.request_id, &body.name);
        let reason = violations.required_text("reason", &body.reason, LONG_TEXT);
        let command = Some(Command::Reopen(reason));
        let (risk, consistency_token) = self
            .change_existing(
                "ReopenRisk",
                &request,
                violations,
                target,
                &body.etag,
                command,
            )
            .await?;
        Ok(proto::ReopenRiskResponse {
            risk,
            consistency_token,
        })
    }

    pub(super) async fn define_type(
        &self,
        request: Request<proto::DefineRiskTypeRequest>,
    ) -> Result<proto::DefineRiskTypeResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let wanted = body.r#type.clone().unwrap_or_default();
        let request_id = violations.request_id(&body.request_id);
        let wanted = proto::RiskType {
            key: violations.required_text("type.key", &wanted.key, SHORT_TEXT),
            label: violations.required_text("type.label", &wanted.label, SHORT_TEXT),
            manual_url: manual_url(&mut violations, &wanted.manual_url),
            active: wanted.active,
        };
        let request_id = violations.finish(request_id)?;
        let call = Call::of("DefineRiskType", &request, request_id, "")?;
        let outcome = self
            .catalogue
            .execute(domain::CATALOGUE, wanted.clone(), call)
            .await?;
        let r#type = outcome.fold.state.by_key(&wanted.key).cloned();
        Ok(proto::DefineRiskTypeResponse {
            r#type,
            consistency_token: outcome.token.encode(),
        })
    }
}

fn manual_url(violations: &mut Violations, url: &str) -> String {
    let url = violations.text("type.manual_url", url, SHORT_TEXT * 10);
    if !url.is_empty() && !url.starts_with("https://") && !url.starts_with("http://") {
        violations.add(
            "type.manual_url",
            "is not a link that begins with https:// or http://",
        );
    }
    url
}
