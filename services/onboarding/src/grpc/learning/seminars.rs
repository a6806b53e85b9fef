//! Seminars, who registers and who attends.

use keizoku_core::{Day, derive_id};
use keizoku_proto::onboarding as proto;
use keizoku_proto::onboarding::{Attendance, Learner};
use keizoku_runtime::page::Page;
use keizoku_runtime::{Call, Failure, Fold, Outcome, Violations, call};
use tonic::Request;
use uuid::Uuid;

use super::participant;
use crate::api::learning as api;
use crate::domain::seminar::{Command, Participant, State};
use crate::queries::learning::{self, Seminars};
use crate::{Onboardings, domain};

/// A seminar with everybody of whom it knows.
fn seminar(id: Uuid, fold: &Fold<State>) -> proto::Seminar {
    let state = &fold.state;
    let known = |((account, contact), of): (&(String, String), &Participant)| {
        let attendance = match of.attended {
            None => Attendance::Unspecified,
            Some(true) => Attendance::Attended,
            Some(false) => Attendance::Absent,
        };
        proto::SeminarParticipant {
            participant: participant(account, contact),
            registered: of.registered,
            attendance: attendance.into(),
        }
    };
    let count = |of: usize| u32::try_from(of).unwrap_or(u32::MAX);
    proto::Seminar {
        name: format!("seminars/{id}"),
        plan: Some(state.plan.clone()),
        date: state.date.map(Into::into),
        cancel_reason: state.cancelled.clone().unwrap_or_default(),
        participants: state.participants.iter().map(known).collect(),
        registered_count: count(state.registered()),
        attended_count: count(state.attended()),
        etag: call::etag(fold.revision),
    }
}

/// A seminar after a change, and the token that covers the change.
fn changed(id: Uuid, outcome: &Outcome<State>) -> (Option<proto::Seminar>, String) {
    (Some(seminar(id, &outcome.fold)), outcome.token.encode())
}

impl Onboardings {
    /// The local date of a seminar's beginning, as the organisation counts days now.
    fn seminar_date(&self, plan: &proto::SeminarPlan) -> Day {
        let begins = plan.start_time.as_ref().and_then(keizoku_proto::instant);
        begins.map_or_else(
            || self.calendar.today(),
            |begins| Day::of(begins, &self.calendar.zone()),
        )
    }

    pub(super) async fn schedule_seminar(
        &self,
        request: Request<proto::ScheduleSeminarRequest>,
    ) -> Result<proto::ScheduleSeminarResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let plan = api::seminar(&mut violations, body.plan.as_ref());
        let request_id = violations.finish(request_id)?;
        let call = Call::of("ScheduleSeminar", &request, request_id, "")?;
        let id = derive_id("seminar", &[request_id.as_bytes()]);
        let command = Command::Schedule(proto::SeminarScheduled {
            seminar_id: id.to_string(),
            date: Some(self.seminar_date(&plan).into()),
            plan: Some(plan),
        });
        let stream = domain::seminar_stream(id);
        let outcome = self.seminars.create(stream, command, call).await?;
        let (seminar, consistency_token) = changed(id, &outcome);
        Ok(proto::ScheduleSeminarResponse {
            seminar,
            consistency_token,
        })
    }

    pub(super) async fn change_seminar(
        &self,
        request: Request<proto::ChangeSeminarRequest>,
    ) -> Result<proto::ChangeSeminarResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let name = api::seminar_name(&mut violations, &body.name);
        let plan = api::seminar(&mut violations, body.plan.as_ref());
        let (request_id, id) = violations.finish(request_id.zip(name))?;
        let call = Call::of("ChangeSeminar", &request, request_id, &body.etag)?;
        let date = self.seminar_date(&plan);
        let (stream, command) = (domain::seminar_stream(id), Command::Change(plan, date));
        let outcome = self.seminars.execute(stream, command, call).await?;
        let (seminar, consistency_token) = changed(id, &outcome);
        Ok(proto::ChangeSeminarResponse {
            seminar,
            consistency_token,
        })
    }

    pub(super) async fn cancel_seminar(
        &self,
        request: Request<proto::CancelSeminarRequest>,
    ) -> Result<proto::CancelSeminarResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let name = api::seminar_name(&mut violations, &body.name);
        let reason = api::reason(&mut violations, &body.reason);
        let (request_id, id) = violations.finish(request_id.zip(name))?;
        let call = Call::of("CancelSeminar", &request, request_id, &body.etag)?;
        let (stream, command) = (domain::seminar_stream(id), Command::Cancel(reason));
        let outcome = self.seminars.execute(stream, command, call).await?;
        let (seminar, consistency_token) = changed(id, &outcome);
        Ok(proto::CancelSeminarResponse {
            seminar,
            consistency_token,
        })
    }

    pub(super) async fn register(
        &self,
        request: Request<proto::RegisterForSeminarRequest>,
    ) -> Result<proto::RegisterForSeminarResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let name = api::seminar_name(&mut violations, &body.name);
        let learner = api::learner(&mut violations, "participant", &body.participant);
        let (request_id, (id, learner)) = violations.finish(request_id.zip(name.zip(learner)))?;
        let call = Call::of("RegisterForSeminar", &request, request_id, &body.etag)?;
        let learners = vec![learner.clone()];
        let command = Command::Register(learner);
        let tokens = &body.consistency_tokens;
        let outcome = self.take_in(id, command, call, &learners, tokens).await?;
        let (seminar, consistency_token) = changed(id, &outcome);
        Ok(proto::RegisterForSeminarResponse {
            seminar,
            consistency_token,
        })
    }

    pub(super) async fn withdraw(
        &self,
        request: Request<proto::WithdrawFromSeminarRequest>,
    ) -> Result<proto::WithdrawFromSeminarResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let name = api::seminar_name(&mut violations, &body.name);
        let learner = api::learner(&mut violations, "participant", &body.participant);
        let (request_id, (id, learner)) = violations.finish(request_id.zip(name.zip(learner)))?;
        let call = Call::of("WithdrawFromSeminar", &request, request_id, &body.etag)?;
        let (stream, command) = (domain::seminar_stream(id), Command::Withdraw(learner));
        let outcome = self.seminars.execute(stream, command, call).await?;
        let (seminar, consistency_token) = changed(id, &outcome);
        Ok(proto::WithdrawFromSeminarResponse {
            seminar,
            consistency_token,
        })
    }

    pub(super) async fn record_attendance(
        &self,
        request: Request<proto::RecordAttendanceRequest>,
    ) -> Result<proto::RecordAttendanceResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let name = api::seminar_name(&mut violations, &body.name);
        let said = api::attendance(&mut violations, &body.attended, &body.absent);
        let (request_id, id) = violations.finish(request_id.zip(name))?;
        let call = Call::of("RecordAttendance", &request, request_id, &body.etag)?;
        let learners: Vec<Learner> = said.iter().map(|(who, _)| who.clone()).collect();
        let (command, tokens) = (Command::Attend(said), &body.consistency_tokens);
        let outcome = self.take_in(id, command, call, &learners, tokens).await?;
        let (seminar, consistency_token) = changed(id, &outcome);
        Ok(proto::RecordAttendanceResponse {
            seminar,
            consistency_token,
        })
    }

    /// Executes a command about people whose accounts must be known.
    async fn take_in(
        &self,
        id: Uuid,
        command: Command,
        call: Call,
        learners: &[Learner],
        tokens: &[String],
    ) -> Result<Outcome<State>, Failure> {
        let stream = domain::seminar_stream(id);
        if let Some(done) = self.seminars.admit(&stream, &call).await? {
            return Ok(done);
        }
        self.require_learners(learners.iter(), tokens).await?;
        self.seminars.execute(stream, command, call).await
    }

    pub(super) async fn get_seminar(
        &self,
        body: proto::GetSeminarRequest,
    ) -> Result<proto::GetSeminarResponse, Failure> {
        let mut violations = Violations::new();
        let name = api::seminar_name(&mut violations, &body.name);
        let id = violations.finish(name)?;
        self.list_freshness.wait(&body.consistency_tokens).await?;
        let fold = self.seminars.refresh(&domain::seminar_stream(id)).await?;
        if fold.state.id.is_empty() {
            return Err(Failure::not_found(&body.name));
        }
        Ok(proto::GetSeminarResponse {
            seminar: Some(seminar(id, &fold)),
        })
    }

    pub(super) async fn list_seminars(
        &self,
        body: proto::ListSeminarsRequest,
    ) -> Result<proto::ListSeminarsResponse, Failure> {
        let mut violations = Violations::new();
        let from = violations.day("from_date", body.from_date.as_ref());
        let until = violations.day("until_date", body.until_date.as_ref());
        if from.zip(until).is_some_and(|(from, until)| from > until) {
            violations.add("until_date", "must not lie before from_date");
        }
        violations.check()?;
        let binding = proto::ListSeminarsRequest {
            page_size: 0,
            page_token: String::new(),
            consistency_tokens: Vec::new(),
            ..body.clone()
        };
        let page = Page::of(body.page_size, &body.page_token, &binding)?;
        self.list_freshness.wait(&body.consistency_tokens).await?;
        let which = Seminars {
            feature: body.feature,
            from,
            until,
            include_cancelled: body.include_cancelled,
        };
        let ids = self
            .model
            .read(move |rows| learning::seminars(rows, &which))
            .await?;
        let mut seminars = Vec::new();
        for id in ids.iter().skip(page.offset).take(page.size) {
            let fold = self.seminars.recall(&domain::seminar_stream(*id)).await?;
            let mut listed = seminar(*id, &fold);
            listed.participants.clear();
            seminars.push(listed);
        }
        Ok(proto::ListSeminarsResponse {
            seminars,
            next_page_token: page.next(ids.len()),
        })
    }
}
