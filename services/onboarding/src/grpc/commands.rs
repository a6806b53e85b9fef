//! Changes of onboardings.

use keizoku_core::{AccountId, OnboardingId};
use keizoku_proto::onboarding as proto;
use keizoku_runtime::parse::{LONG_TEXT, SHORT_TEXT};
use keizoku_runtime::{Call, Failure, Outcome, Violations};
use prost::Message;
use tonic::Request;

use super::OwnerUnknown;
use crate::api::{self, Target};
use crate::domain::onboarding::{Command, State};
use crate::{Onboardings, domain};

/// The onboarding after a change, and the token that covers the change.
type Changed = (Option<proto::Onboarding>, String);

/// Answers a change of an existing onboarding, whose command a function makes from the request.
macro_rules! changed {
    ($this:expr, $method:literal, $request:expr, $answer:ident, |$violations:ident, $body:ident| $command:expr) => {{
        let mut $violations = Violations::new();
        let $body = $request.get_ref();
        let target = Target::parse(&mut $violations, &$body.request_id, &$body.name);
        let command = $command;
        let etag = &$body.etag;
        let (onboarding, consistency_token) = $this
            .change($method, &$request, $violations, target, etag, command)
            .await?;
        Ok(proto::$answer {
            onboarding,
            consistency_token,
        })
    }};
}

impl Onboardings {
    pub(super) async fn start(
        &self,
        request: Request<proto::StartOnboardingRequest>,
    ) -> Result<proto::StartOnboardingResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let (account, mut started) = api::started(&mut violations, body);
        let (request_id, account) = violations.finish(request_id.zip(account))?;
        let call = Call::of("StartOnboarding", &request, request_id, "")?;
        let id = domain::onboarding_id(account, &started.product);
        let stream = domain::onboarding_stream(id);
        started.onboarding_id = id.to_string();
        started.history_date = body.history.then(|| self.calendar.today().into());
        let outcome = match self.prepare(account, &mut started, body).await {
            Ok(()) => {
                let command = Command::Start(started);
                self.onboardings.create(stream, command, call).await?
            }
            Err(failure) => self.onboardings.done_or(&stream, &call, failure).await?,
        };
        let (onboarding, consistency_token) = self.answer(id, &outcome).await?;
        Ok(proto::StartOnboardingResponse {
            onboarding,
            consistency_token,
        })
    }

    /// Makes sure that everything is there that an onboarding needs, and fills in what a person may
    /// leave out: plan, owner, date.
    async fn prepare(
        &self,
        account: AccountId,
        started: &mut proto::OnboardingStarted,
        request: &proto::StartOnboardingRequest,
    ) -> Result<(), Failure> {
        self.wait(&request.consistency_tokens).await?;
        if !self.book.has_account(account) {
            let watermarks = self.change_freshness.watermarks();
            let read_to = watermarks.first().map_or(0, |watermark| watermark.position);
            let absent = Failure::not_found(&request.parent);
            return Err(absent.with("accounts_read_to", read_to.to_string()));
        }
        let assignment = started.assignment.get_or_insert_default();
        if request.owner.is_empty() {
            (assignment.owner_user_id, assignment.owner_team_id) = self.book.owner_of(account);
        } else {
            self.require_owner(
                &request.owner,
                &assignment.owner_user_id,
                &assignment.owner_team_id,
            )?;
        }
        if !request.specialist.is_empty() {
            self.require_owner(&request.specialist, &assignment.specialist_id, "")?;
        }
        started
            .start_date
            .get_or_insert(self.calendar.today().into());
        started.tier = self.tier_of(account, self.book.now());
        started.plan = Some(self.plan_for(account, &started.product).await?);
        Ok(())
    }

    /// Makes sure that the directory has somebody.
    pub(super) fn require_owner(&self, name: &str, user: &str, team: &str) -> Result<(), Failure> {
        if self.book.knows_owner(user, team) {
            Ok(())
        } else {
            Err(OwnerUnknown(name.to_owned()).into())
        }
    }

    /// Shows an onboarding after a command.
    async fn answer(&self, id: OnboardingId, outcome: &Outcome<State>) -> Result<Changed, Failure> {
        let onboarding = self.show(id, &outcome.fold, self.book.now()).await?;
        Ok((Some(onboarding), outcome.token.encode()))
    }

    /// Executes a command on an existing onboarding.
    async fn change<T: Message>(
        &self,
        method: &'static str,
        request: &Request<T>,
        violations: Violations,
        target: Target,
        etag: &str,
        command: Option<Command>,
    ) -> Result<Changed, Failure> {
        let (request_id, ((account, id), command)) =
            violations.finish(target.request_id.zip(target.name.zip(command)))?;
        let call = Call::of(method, request, request_id, etag)?;
        let stream = domain::onboarding_stream(id);
        let fold = self.onboardings.recall(&stream).await?;
        self.require_account(id, account, &fold.state)?;
        let outcome = self.onboardings.execute(stream, command, call).await?;
        self.answer(id, &outcome).await
    }

    pub(super) async fn assign(
        &self,
        request: Request<proto::AssignOnboardingRequest>,
    ) -> Result<proto::AssignOnboardingResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        if body.owner.is_empty() && body.specialist.is_empty() {
            violations.add("owner", "is required, unless there is a specialist");
        }
        let owner = api::owner(&mut violations, &body.owner);
        let specialist = api::specialist(&mut violations, &body.specialist);
        let target = Target::parse(&mut violations, &body.request_id, &body.name);
        let (request_id, (account, id)) = violations.finish(target.request_id.zip(target.name))?;
        let call = Call::of("AssignOnboarding", &request, request_id, &body.etag)?;
        let stream = domain::onboarding_stream(id);
        let outcome = if let Some(done) = self.onboardings.admit(&stream, &call).await? {
            done
        } else {
            let fold = self.onboardings.recall(&stream).await?;
            self.require_account(id, account, &fold.state)?;
            if let Some((user, team)) = &owner {
                self.require_owner(&body.owner, user, team)?;
            }
            if let Some(user) = &specialist {
                self.require_owner(&body.specialist, user, "")?;
            }
            let command = Command::Assign { owner, specialist };
            self.onboardings.execute(stream, command, call).await?
        };
        let (onboarding, consistency_token) = self.answer(id, &outcome).await?;
        Ok(proto::AssignOnboardingResponse {
            onboarding,
            consistency_token,
        })
    }

    pub(super) async fn hand_off(
        &self,
        request: Request<proto::RecordHandOffRequest>,
    ) -> Result<proto::RecordHandOffResponse, Failure> {
        changed!(
            self,
            "RecordHandOff",
            request,
            RecordHandOffResponse,
            |violations, body| { Some(api::hand_off(&mut violations, body)) }
        )
    }

    pub(super) async fn kickoff(
        &self,
        request: Request<proto::RecordKickoffRequest>,
    ) -> Result<proto::RecordKickoffResponse, Failure> {
        changed!(
            self,
            "RecordKickoff",
            request,
            RecordKickoffResponse,
            |violations, body| { Some(api::kickoff(&mut violations, body)) }
        )
    }

    pub(super) async fn rate(
        &self,
        request: Request<proto::RateExpectationGapRequest>,
    ) -> Result<proto::RateExpectationGapResponse, Failure> {
        changed!(
            self,
            "RateExpectationGap",
            request,
            RateExpectationGapResponse,
            |violations, body| { Some(api::rate(&mut violations, body)) }
        )
    }

    pub(super) async fn complete_task(
        &self,
        request: Request<proto::CompleteTaskRequest>,
    ) -> Result<proto::CompleteTaskResponse, Failure> {
        changed!(
            self,
            "CompleteTask",
            request,
            CompleteTaskResponse,
            |violations, body| { Some(api::complete_task(&mut violations, body)) }
        )
    }

    pub(super) async fn reopen_task(
        &self,
        request: Request<proto::ReopenTaskRequest>,
    ) -> Result<proto::ReopenTaskResponse, Failure> {
        changed!(
            self,
            "ReopenTask",
            request,
            ReopenTaskResponse,
            |violations, body| { Some(api::reopen_task(&mut violations, body)) }
        )
    }

    pub(super) async fn advance(
        &self,
        request: Request<proto::AdvanceOnboardingRequest>,
    ) -> Result<proto::AdvanceOnboardingResponse, Failure> {
        changed!(
            self,
            "AdvanceOnboarding",
            request,
            AdvanceOnboardingResponse,
            |violations, body| {
                Some(Command::Advance(violations.day("date", body.date.as_ref())))
            }
        )
    }

    pub(super) async fn move_to(
        &self,
        request: Request<proto::MoveOnboardingRequest>,
    ) -> Result<proto::MoveOnboardingResponse, Failure> {
        changed!(
            self,
            "MoveOnboarding",
            request,
            MoveOnboardingResponse,
            |violations, body| { Some(api::move_to(&mut violations, body)) }
        )
    }

    pub(super) async fn hold(
        &self,
        request: Request<proto::HoldOnboardingRequest>,
    ) -> Result<proto::HoldOnboardingResponse, Failure> {
        changed!(
            self,
            "HoldOnboarding",
            request,
            HoldOnboardingResponse,
            |violations, body| { api::hold(&mut violations, body) }
        )
    }

    pub(super) async fn resume(
        &self,
        request: Request<proto::ResumeOnboardingRequest>,
    ) -> Result<proto::ResumeOnboardingResponse, Failure> {
        changed!(
            self,
            "ResumeOnboarding",
            request,
            ResumeOnboardingResponse,
            |violations, body| { Some(Command::Resume) }
        )
    }

    pub(super) async fn declare(
        &self,
        request: Request<proto::DeclareGoalRequest>,
    ) -> Result<proto::DeclareGoalResponse, Failure> {
        changed!(
            self,
            "DeclareGoal",
            request,
            DeclareGoalResponse,
            |violations, body| { Some(api::declare(&mut violations, body)) }
        )
    }

    pub(super) async fn review(
        &self,
        request: Request<proto::ReviewGoalRequest>,
    ) -> Result<proto::ReviewGoalResponse, Failure> {
        changed!(
            self,
            "ReviewGoal",
            request,
            ReviewGoalResponse,
            |violations, body| { api::review(&mut violations, body) }
        )
    }

    pub(super) async fn relaunch(
        &self,
        request: Request<proto::RelaunchOnboardingRequest>,
    ) -> Result<proto::RelaunchOnboardingResponse, Failure> {
        changed!(
            self,
            "RelaunchOnboarding",
            request,
            RelaunchOnboardingResponse,
            |violations, body| {
                let reason = violations.required_text("reason", &body.reason, LONG_TEXT);
                Some(Command::Relaunch(reason))
            }
        )
    }

    pub(super) async fn complete(
        &self,
        request: Request<proto::CompleteOnboardingRequest>,
    ) -> Result<proto::CompleteOnboardingResponse, Failure> {
        changed!(
            self,
            "CompleteOnboarding",
            request,
            CompleteOnboardingResponse,
            |violations, body| { Some(api::complete(&mut violations, body)) }
        )
    }

    pub(super) async fn change_template(
        &self,
        request: Request<proto::ChangeTemplateVersionRequest>,
    ) -> Result<proto::ChangeTemplateVersionResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let phase = violations.text("phase", &body.phase, SHORT_TEXT);
        let phase = Some(phase).filter(|phase| !phase.is_empty());
        let target = Target::parse(&mut violations, &body.request_id, &body.name);
        let (request_id, (account, id)) = violations.finish(target.request_id.zip(target.name))?;
        let call = Call::of("ChangeTemplateVersion", &request, request_id, &body.etag)?;
        let stream = domain::onboarding_stream(id);
        let outcome = if let Some(done) = self.onboardings.admit(&stream, &call).await? {
            done
        } else {
            let fold = self.onboardings.recall(&stream).await?;
            if !fold.state.exists() {
                return Err(Failure::not_found(&body.name));
            }
            self.require_account(id, account, &fold.state)?;
            let plan = self.plan_of(&fold.state, body.version).await?;
            let command = Command::ChangeTemplate { plan, phase };
            self.onboardings.execute(stream, command, call).await?
        };
        let (onboarding, consistency_token) = self.answer(id, &outcome).await?;
        Ok(proto::ChangeTemplateVersionResponse {
            onboarding,
            consistency_token,
        })
    }

    /// A version of the template that an onboarding follows.
    async fn plan_of(&self, state: &State, version: u32) -> Result<proto::Plan, Failure> {
        let id = &state.course.plan.template_id;
        let stream = domain::template_stream(id.parse().unwrap_or_default());
        let fold = self.templates.refresh(&stream).await?;
        let plan = fold.state.version(version);
        plan.map(|(plan, _)| proto::Plan::clone(plan))
            .ok_or_else(|| {
                let name = crate::resources::template_name(id);
                Failure::not_found(&name).with("version", version.to_string())
            })
    }
}
