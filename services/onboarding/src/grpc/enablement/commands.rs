//! Changes of programmes for new members.

use keizoku_proto::onboarding as proto;
use keizoku_runtime::parse::SHORT_TEXT;
use keizoku_runtime::{Call, Failure, Outcome, Violations};
use prost::Message;
use tonic::Request;
use uuid::Uuid;

use crate::api::enablement as api;
use crate::domain::programme::{Command, State};
use crate::{Onboardings, domain};

/// The programme after a change, and the token that covers the change.
type Changed = (Option<proto::Programme>, String);

/// Answers a change of an existing programme, whose command a function makes from the request.
macro_rules! changed {
    ($this:expr, $method:literal, $request:expr, $answer:ident, |$violations:ident, $body:ident| $command:expr) => {{
        let mut $violations = Violations::new();
        let $body = $request.get_ref();
        let request_id = $violations.request_id(&$body.request_id);
        let name = api::name(&mut $violations, &$body.name);
        let command = $command;
        let (request_id, id) = $violations.finish(request_id.zip(name))?;
        let (programme, consistency_token) = $this
            .change_programme($method, &$request, (request_id, id, &$body.etag), command)
            .await?;
        Ok(proto::$answer {
            programme,
            consistency_token,
        })
    }};
}

impl Onboardings {
    pub(super) async fn start_programme(
        &self,
        request: Request<proto::StartProgrammeRequest>,
    ) -> Result<proto::StartProgrammeResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let started = api::started(&mut violations, body);
        let (request_id, (id, mut started)) = violations.finish(request_id.zip(started))?;
        let call = Call::of("StartProgramme", &request, request_id, "")?;
        let stream = domain::programme_stream(id);
        let outcome = if let Some(done) = self.programmes.admit(&stream, &call).await? {
            done
        } else {
            self.wait(&body.consistency_tokens).await?;
            self.require_person(&started.member_id)?;
            self.require_person(&started.mentor_id)?;
            self.require_person(&started.lead_id)?;
            let today = self.calendar.today();
            started.start_date.get_or_insert(today.into());
            started.plan = Some(self.programme_plan(&started.key, 0).await?);
            let command = Command::Start(started);
            self.programmes.execute(stream, command, call).await?
        };
        let (programme, consistency_token) = self.answer_programme(id, &outcome).await?;
        Ok(proto::StartProgrammeResponse {
            programme,
            consistency_token,
        })
    }

    /// Makes sure that the directory has somebody.
    fn require_person(&self, id: &str) -> Result<(), Failure> {
        self.require_owner(&format!("users/{id}"), id, "")
    }

    /// A version of the template of a kind of programme, the newest one for 0.
    async fn programme_plan(&self, key: &str, version: u32) -> Result<proto::Plan, Failure> {
        let id = domain::programme_template_id(key);
        self.ship(id).await?;
        let stream = domain::template_stream(id);
        let fold = self.templates.refresh(&stream).await?;
        let plan = fold.state.version(version);
        plan.map(|(plan, _)| proto::Plan::clone(plan))
            .ok_or_else(|| {
                let absent = Failure::not_found(&format!("programmeTemplates/{id}"));
                absent
                    .with("key", key.to_owned())
                    .with("version", version.to_string())
            })
    }

    async fn answer_programme(
        &self,
        id: Uuid,
        outcome: &Outcome<State>,
    ) -> Result<Changed, Failure> {
        let on = self.book.now().on;
        let programme = self.show_programme(id, &outcome.fold, on).await?;
        Ok((Some(programme), outcome.token.encode()))
    }

    async fn change_programme<T: Message>(
        &self,
        method: &'static str,
        request: &Request<T>,
        (request_id, id, etag): (Uuid, Uuid, &str),
        command: Command,
    ) -> Result<Changed, Failure> {
        let call = Call::of(method, request, request_id, etag)?;
        let stream = domain::programme_stream(id);
        let outcome = self.programmes.execute(stream, command, call).await?;
        self.answer_programme(id, &outcome).await
    }

    pub(super) async fn assign_programme(
        &self,
        request: Request<proto::AssignProgrammeRequest>,
    ) -> Result<proto::AssignProgrammeResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        if body.mentor.is_empty() && body.lead.is_empty() {
            violations.add("mentor", "is required, unless there is a lead");
        }
        let request_id = violations.request_id(&body.request_id);
        let name = api::name(&mut violations, &body.name);
        let mentor = api::optional_user(&mut violations, "mentor", &body.mentor);
        let lead = api::optional_user(&mut violations, "lead", &body.lead);
        let (request_id, id) = violations.finish(request_id.zip(name))?;
        let call = Call::of("AssignProgramme", &request, request_id, &body.etag)?;
        let stream = domain::programme_stream(id);
        let outcome = if let Some(done) = self.programmes.admit(&stream, &call).await? {
            done
        } else {
            for person in mentor.iter().chain(&lead) {
                self.require_person(person)?;
            }
            let command = Command::Assign { mentor, lead };
            self.programmes.execute(stream, command, call).await?
        };
        let (programme, consistency_token) = self.answer_programme(id, &outcome).await?;
        Ok(proto::AssignProgrammeResponse {
            programme,
            consistency_token,
        })
    }

    pub(super) async fn complete_programme_task(
        &self,
        request: Request<proto::CompleteProgrammeTaskRequest>,
    ) -> Result<proto::CompleteProgrammeTaskResponse, Failure> {
        changed!(
            self,
            "CompleteProgrammeTask",
            request,
            CompleteProgrammeTaskResponse,
            |violations, body| api::complete_task(&mut violations, body)
        )
    }

    pub(super) async fn reopen_programme_task(
        &self,
        request: Request<proto::ReopenProgrammeTaskRequest>,
    ) -> Result<proto::ReopenProgrammeTaskResponse, Failure> {
        changed!(
            self,
            "ReopenProgrammeTask",
            request,
            ReopenProgrammeTaskResponse,
            |violations, body| api::reopen_task(&mut violations, body)
        )
    }

    pub(super) async fn advance_programme(
        &self,
        request: Request<proto::AdvanceProgrammeRequest>,
    ) -> Result<proto::AdvanceProgrammeResponse, Failure> {
        changed!(
            self,
            "AdvanceProgramme",
            request,
            AdvanceProgrammeResponse,
            |violations, body| Command::Advance(violations.day("date", body.date.as_ref()))
        )
    }

    pub(super) async fn move_programme(
        &self,
        request: Request<proto::MoveProgrammeRequest>,
    ) -> Result<proto::MoveProgrammeResponse, Failure> {
        changed!(
            self,
            "MoveProgramme",
            request,
            MoveProgrammeResponse,
            |violations, body| api::move_to(&mut violations, body)
        )
    }

    pub(super) async fn complete_programme(
        &self,
        request: Request<proto::CompleteProgrammeRequest>,
    ) -> Result<proto::CompleteProgrammeResponse, Failure> {
        changed!(
            self,
            "CompleteProgramme",
            request,
            CompleteProgrammeResponse,
            |violations, body| api::complete(&mut violations, body)
        )
    }

    pub(super) async fn end_programme(
        &self,
        request: Request<proto::EndProgrammeRequest>,
    ) -> Result<proto::EndProgrammeResponse, Failure> {
        changed!(
            self,
            "EndProgramme",
            request,
            EndProgrammeResponse,
            |violations, body| api::end(&mut violations, body)
        )
    }

    pub(super) async fn change_programme_template(
        &self,
        request: Request<proto::ChangeProgrammeTemplateRequest>,
    ) -> Result<proto::ChangeProgrammeTemplateResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let phase = violations.text("phase", &body.phase, SHORT_TEXT);
        let phase = Some(phase).filter(|phase| !phase.is_empty());
        let request_id = violations.request_id(&body.request_id);
        let name = api::name(&mut violations, &body.name);
        let (request_id, id) = violations.finish(request_id.zip(name))?;
        let call = Call::of("ChangeProgrammeTemplate", &request, request_id, &body.etag)?;
        let stream = domain::programme_stream(id);
        let outcome = if let Some(done) = self.programmes.admit(&stream, &call).await? {
            done
        } else {
            let fold = self.programmes.recall(&stream).await?;
            if !fold.state.exists() {
                return Err(Failure::not_found(&body.name));
            }
            let plan = self.programme_plan(&fold.state.key, body.version).await?;
            let command = Command::ChangeTemplate { plan, phase };
            self.programmes.execute(stream, command, call).await?
        };
        let (programme, consistency_token) = self.answer_programme(id, &outcome).await?;
        Ok(proto::ChangeProgrammeTemplateResponse {
            programme,
            consistency_token,
        })
    }
}
