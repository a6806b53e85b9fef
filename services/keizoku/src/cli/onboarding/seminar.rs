//! `keizoku onboarding seminar`: seminars for customers, and who attended (ONB-9).

use keizoku_core::Day;
use keizoku_proto::onboarding::{
    CancelSeminarRequest, ChangeSeminarRequest, GetSeminarRequest, ListSeminarsRequest,
    ListSeminarsResponse, RecordAttendanceRequest, RegisterForSeminarRequest,
    ScheduleSeminarRequest, Seminar, SeminarPlan, WithdrawFromSeminarRequest,
};

use super::content::Participant;
use super::title::{Title, locale, title};
use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::output::{answer, change};
use crate::cli::pages::Limit;
use crate::cli::table::Table;
use crate::cli::time::Moment;
use crate::client::call;
use crate::error::Failure;

/// What to do with seminars.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Seminars by date
    List(ListArgs),
    /// One seminar, with who registered and who attended
    Show(ShowArgs),
    /// Schedule a seminar
    Schedule(ScheduleArgs),
    /// Change what a seminar is, all of it
    Change(ChangeArgs),
    /// Say that a seminar is not held
    Cancel(CancelArgs),
    /// Register somebody
    Register(RegisterArgs),
    /// Take somebody's registration back
    Withdraw(WithdrawArgs),
    /// Record that somebody attended, or did not
    Attended(AttendedArgs),
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Show(args) => args.run(context).await,
            Self::Schedule(args) => args.run(context).await,
            Self::Change(args) => args.run(context).await,
            Self::Cancel(args) => args.run(context).await,
            Self::Register(args) => args.run(context).await,
            Self::Withdraw(args) => args.run(context).await,
            Self::Attended(args) => args.run(context).await,
        }
    }
}

fn name(seminar: &str) -> String {
    if seminar.contains('/') {
        seminar.to_owned()
    } else {
        format!("seminars/{seminar}")
    }
}

/// Arguments of `keizoku onboarding seminar list`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// About this feature
    #[arg(long, default_value = "", hide_default_value = true)]
    feature: String,
    /// On this date or later (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    from: Option<Day>,
    /// On this date or earlier (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    until: Option<Day>,
    /// Cancelled ones too
    #[arg(long)]
    cancelled: bool,
    #[command(flatten)]
    limit: Limit,
}

impl ListArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let fetch = async |page_size, page_token| {
            let request = ListSeminarsRequest {
                feature: self.feature.clone(),
                from_date: self.from.map(Into::into),
                until_date: self.until.map(Into::into),
                include_cancelled: self.cancelled,
                page_size,
                page_token,
                consistency_tokens: context.tokens(),
            };
            let mut client = context.connection.learning();
            call(async || client.list_seminars(request.clone()).await).await
        };
        let response: ListSeminarsResponse = self.limit.collect(fetch).await?;
        answer!(
            context,
            onboarding::ListSeminarsResponse,
            &response,
            table(context, &response.seminars).await
        )
    }
}

async fn table(context: &Context, seminars: &[Seminar]) -> String {
    let locale = locale(context).await;
    let mut table = Table::new([
        "Date",
        "Title",
        "Feature",
        "Purpose",
        ">Registered",
        ">Attended",
        "Cancelled",
        "Id",
    ]);
    for seminar in seminars {
        let plan = seminar.plan.clone().unwrap_or_default();
        table.row([
            format::date(seminar.date.as_ref()),
            title(plan.title.as_ref(), &locale).to_owned(),
            plan.feature,
            plan.purpose,
            seminar.registered_count.to_string(),
            seminar.attended_count.to_string(),
            seminar.cancel_reason.clone(),
            format::id(&seminar.name).to_owned(),
        ]);
    }
    table.render(context.style)
}

/// A seminar, and a line for everybody of whom it knows.
async fn text(context: &Context, seminar: Option<&Seminar>) -> String {
    let Some(seminar) = seminar else {
        return String::new();
    };
    let account = |participant: &str| {
        let parts: Vec<&str> = participant.splitn(3, '/').collect();
        parts
            .get(..2)
            .map(|parts| parts.join("/"))
            .unwrap_or_default()
    };
    let accounts: Vec<String> = seminar
        .participants
        .iter()
        .map(|one| account(&one.participant))
        .collect();
    let names = context
        .account_names(accounts.iter().map(String::as_str))
        .await;
    let mut people = Table::new(["Account", "Registered", "Attendance", "Participant"]);
    for (one, account) in seminar.participants.iter().zip(&accounts) {
        people.row([
            names.get(account).cloned().unwrap_or_default(),
            if one.registered { "yes" } else { "" }.to_owned(),
            format::enum_name(one.attendance().as_str_name(), "ATTENDANCE_"),
            one.participant.clone(),
        ]);
    }
    table(context, std::slice::from_ref(seminar)).await + &people.render(context.style)
}

/// Arguments of `keizoku onboarding seminar show`.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// The seminar: its id
    seminar: String,
}

impl ShowArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = GetSeminarRequest {
            name: name(&self.seminar),
            consistency_tokens: context.tokens(),
        };
        let mut client = context.connection.learning();
        let response = call(async || client.get_seminar(request.clone()).await).await?;
        answer!(
            context,
            onboarding::GetSeminarResponse,
            &response,
            text(context, response.seminar.as_ref()).await
        )
    }
}

/// What a seminar is.
#[derive(Debug, clap::Args)]
struct Plan {
    /// When it begins: 2026-12-02T14:00, or an instant
    #[arg(long, value_name = "TIME")]
    at: Moment,
    #[command(flatten)]
    title: Title,
    /// For this product only
    #[arg(long, default_value = "", hide_default_value = true)]
    product: String,
    /// The feature that it is about
    #[arg(long, default_value = "", hide_default_value = true)]
    feature: String,
    /// What it is for
    #[arg(long, default_value = "", hide_default_value = true)]
    purpose: String,
    /// Where it is held, or its address on the web
    #[arg(long, default_value = "", hide_default_value = true)]
    place: String,
    /// How many can register [default: any number]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    capacity: u32,
}

impl Plan {
    async fn resolve(self, context: &Context) -> Result<SeminarPlan, Failure> {
        let at = self.at.instant(&context.zone().await?)?;
        Ok(SeminarPlan {
            title: Some(self.title.into()),
            product: self.product,
            feature: self.feature,
            purpose: self.purpose,
            start_time: Some(keizoku_proto::timestamp(at)),
            place: self.place,
            capacity: self.capacity,
        })
    }
}

/// Arguments of `keizoku onboarding seminar schedule`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku onboarding seminar schedule --at 2026-12-02T14:00 --ja はじめての申請 --feature 申請 --capacity 30")]
pub struct ScheduleArgs {
    #[command(flatten)]
    plan: Plan,
}

impl ScheduleArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = ScheduleSeminarRequest {
            plan: Some(self.plan.resolve(context).await?),
            request_id: context.request_id(),
        };
        change!(
            context,
            learning.schedule_seminar,
            request,
            onboarding::ScheduleSeminarResponse,
            |response| text(context, response.seminar.as_ref()).await
        )
    }
}

/// Arguments of `keizoku onboarding seminar change`.
#[derive(Debug, clap::Args)]
pub struct ChangeArgs {
    /// The seminar: its id
    seminar: String,
    #[command(flatten)]
    plan: Plan,
    /// Refuse when the seminar has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl ChangeArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = ChangeSeminarRequest {
            name: name(&self.seminar),
            plan: Some(self.plan.resolve(context).await?),
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            learning.change_seminar,
            request,
            onboarding::ChangeSeminarResponse,
            |response| text(context, response.seminar.as_ref()).await
        )
    }
}

/// Arguments of `keizoku onboarding seminar cancel`.
#[derive(Debug, clap::Args)]
pub struct CancelArgs {
    /// The seminar: its id
    seminar: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// Refuse when the seminar has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl CancelArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = CancelSeminarRequest {
            name: name(&self.seminar),
            reason: self.reason,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            learning.cancel_seminar,
            request,
            onboarding::CancelSeminarResponse,
            |response| text(context, response.seminar.as_ref()).await
        )
    }
}

/// Arguments of `keizoku onboarding seminar register`.
#[derive(Debug, clap::Args)]
pub struct RegisterArgs {
    /// The seminar: its id
    seminar: String,
    #[command(flatten)]
    who: Participant,
}

impl RegisterArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = RegisterForSeminarRequest {
            name: name(&self.seminar),
            participant: self.who.resolve(context).await?,
            request_id: context.request_id(),
            consistency_tokens: context.tokens(),
            ..RegisterForSeminarRequest::default()
        };
        change!(
            context,
            learning.register_for_seminar,
            request,
            onboarding::RegisterForSeminarResponse,
            |response| text(context, response.seminar.as_ref()).await
        )
    }
}

/// Arguments of `keizoku onboarding seminar withdraw`.
#[derive(Debug, clap::Args)]
pub struct WithdrawArgs {
    /// The seminar: its id
    seminar: String,
    #[command(flatten)]
    who: Participant,
}

impl WithdrawArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = WithdrawFromSeminarRequest {
            name: name(&self.seminar),
            participant: self.who.resolve(context).await?,
            request_id: context.request_id(),
            ..WithdrawFromSeminarRequest::default()
        };
        change!(
            context,
            learning.withdraw_from_seminar,
            request,
            onboarding::WithdrawFromSeminarResponse,
            |response| text(context, response.seminar.as_ref()).await
        )
    }
}

/// Arguments of `keizoku onboarding seminar attended`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku onboarding seminar attended SEMINAR-ID 緑川印刷 --contact '山田 花子'")]
pub struct AttendedArgs {
    /// The seminar: its id
    seminar: String,
    #[command(flatten)]
    who: Participant,
    /// They did not
    #[arg(long)]
    absent: bool,
}

impl AttendedArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let who = vec![self.who.resolve(context).await?];
        let (attended, absent) = if self.absent {
            (Vec::new(), who)
        } else {
            (who, Vec::new())
        };
        let request = RecordAttendanceRequest {
            name: name(&self.seminar),
            attended,
            absent,
            request_id: context.request_id(),
            consistency_tokens: context.tokens(),
            ..RecordAttendanceRequest::default()
        };
        change!(
            context,
            learning.record_attendance,
            request,
            onboarding::RecordAttendanceResponse,
            |response| text(context, response.seminar.as_ref()).await
        )
    }
}
