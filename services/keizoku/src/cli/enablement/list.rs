//! `keizoku enablement list` and `tasks`.

use clap::ValueEnum;
use keizoku_core::Day;
use keizoku_proto::onboarding::{
    ListProgrammeTasksRequest, ListProgrammeTasksResponse, ListProgrammesRequest,
    ListProgrammesResponse, Programme, ProgrammeFilter, ProgrammeState, ProgrammeTask,
};

use super::show;
use crate::cli::context::{Context, named};
use crate::cli::format;
use crate::cli::onboarding::title::{locale, title};
use crate::cli::output::answer;
use crate::cli::pages::Limit;
use crate::cli::table::Table;
use crate::client::call;
use crate::error::Failure;

/// Which programmes.
#[derive(Debug, clap::Args)]
struct Which {
    /// Of this new member, or of the people of this team and its subteams
    #[arg(long, value_name = "OWNER")]
    member: Option<String>,
    /// With this mentor
    #[arg(long, value_name = "PERSON")]
    mentor: Option<String>,
    /// With this lead
    #[arg(long, value_name = "PERSON")]
    lead: Option<String>,
    /// Of the template with this key
    #[arg(
        long,
        value_name = "KEY",
        default_value = "",
        hide_default_value = true
    )]
    template: String,
    /// In the phase with this key
    #[arg(
        long,
        value_name = "KEY",
        default_value = "",
        hide_default_value = true
    )]
    phase: String,
    /// Only those with overdue tasks
    #[arg(long)]
    overdue: bool,
}

impl Which {
    async fn filter(self, context: &Context) -> Result<ProgrammeFilter, Failure> {
        let mut filter = ProgrammeFilter {
            key: self.template,
            phase: self.phase,
            overdue: self.overdue,
            ..ProgrammeFilter::default()
        };
        if let Some(member) = &self.member {
            filter.member = context.owner(member).await?;
        }
        if let Some(mentor) = &self.mentor {
            filter.mentor = context.user(mentor).await?;
        }
        if let Some(lead) = &self.lead {
            filter.lead = context.user(lead).await?;
        }
        Ok(filter)
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    /// 進行中
    InProgress,
    /// 完了
    Completed,
    /// 中止
    Ended,
}

/// Arguments of `keizoku enablement list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku enablement list --mentor me
  keizoku enablement list --member 'Enterprise East' --overdue")]
pub struct ListArgs {
    /// Those that have come to their end too
    #[arg(long)]
    all: bool,
    /// In this state
    #[arg(long, value_enum)]
    state: Option<State>,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    limit: Limit,
}

impl ListArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let state = match self.state {
            None => ProgrammeState::Unspecified,
            Some(State::InProgress) => ProgrammeState::InProgress,
            Some(State::Completed) => ProgrammeState::Completed,
            Some(State::Ended) => ProgrammeState::Ended,
        };
        let filter = ProgrammeFilter {
            state: state.into(),
            include_ended: self.all,
            ..self.which.filter(context).await?
        };
        let fetch = async |page_size, page_token| {
            let request = ListProgrammesRequest {
                filter: Some(filter.clone()),
                page_size,
                page_token,
                consistency_tokens: context.tokens(),
            };
            let mut client = context.connection.enablement();
            call(async || client.list_programmes(request.clone()).await).await
        };
        let response: ListProgrammesResponse = self.limit.collect(fetch).await?;
        let text = async {
            if response.programmes.is_empty() {
                return "No programme fits. `keizoku enablement start` starts one; --all shows \
                        those that have come to their end too.\n"
                    .to_owned();
            }
            let total = Some(response.total_size);
            let more = format::more(response.programmes.len(), total, &response.next_page_token);
            programmes(context, &response.programmes).await + &more
        };
        answer!(
            context,
            onboarding::ListProgrammesResponse,
            &response,
            text.await
        )
    }
}

/// Programmes, a line each.
async fn programmes(context: &Context, programmes: &[Programme]) -> String {
    let (people, locale) = (context.people().await, locale(context).await);
    let mut table = Table::new([
        "Member", "State", "Phase", ">Days", ">Overdue", "Next", "Mentor", "Lead", "Began",
        "Template", "Id",
    ]);
    for programme in programmes {
        let mut phases = programme.phases.iter();
        let phase = phases.find(|phase| phase.key == programme.phase);
        table.row([
            named(&people, &programme.member).to_owned(),
            show::state(programme),
            phase
                .map(|phase| title(phase.title.as_ref(), &locale).to_owned())
                .unwrap_or_default(),
            phase
                .map(|phase| phase.days.to_string())
                .unwrap_or_default(),
            programme.overdue_tasks.len().to_string(),
            format::date(programme.next_due_date.as_ref()),
            named(&people, &programme.mentor).to_owned(),
            named(&people, &programme.lead).to_owned(),
            format::date(programme.start_date.as_ref()),
            programme.key.clone(),
            format::id(&programme.name).to_owned(),
        ]);
    }
    table.render(context.style)
}

/// Arguments of `keizoku enablement tasks`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku enablement tasks --mentor me
  keizoku enablement tasks --who me --due-by 2026-12-04")]
pub struct TasksArgs {
    /// Only what this person does
    #[arg(long, value_name = "PERSON")]
    who: Option<String>,
    /// Only what is due on this day or before (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    due_by: Option<Day>,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    limit: Limit,
}

impl TasksArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let assignee = match &self.who {
            Some(who) => context.user(who).await?,
            None => String::new(),
        };
        let filter = self.which.filter(context).await?;
        let due_by = self.due_by.map(Into::into);
        let fetch = async |page_size, page_token| {
            let request = ListProgrammeTasksRequest {
                filter: Some(filter.clone()),
                assignee: assignee.clone(),
                due_by,
                page_size,
                page_token,
                consistency_tokens: context.tokens(),
            };
            let mut client = context.connection.enablement();
            call(async || client.list_programme_tasks(request.clone()).await).await
        };
        let response: ListProgrammeTasksResponse = self.limit.collect(fetch).await?;
        let text = async {
            if response.tasks.is_empty() {
                return "Nothing is to be done.\n".to_owned();
            }
            let total = Some(response.total_size);
            let more = format::more(response.tasks.len(), total, &response.next_page_token);
            tasks(context, &response.tasks).await + &more
        };
        answer!(
            context,
            onboarding::ListProgrammeTasksResponse,
            &response,
            text.await
        )
    }
}

/// Tasks, a line each.
async fn tasks(context: &Context, tasks: &[ProgrammeTask]) -> String {
    let (people, locale) = (context.people().await, locale(context).await);
    let mut table = Table::new(["Due", "", "Member", "Task", "Key", "Who", "Phase"]);
    for told in tasks {
        let task = told.task.clone().unwrap_or_default();
        table.row([
            format::date(task.due_date.as_ref()),
            if told.overdue { "overdue" } else { "" }.to_owned(),
            named(&people, &told.member).to_owned(),
            title(task.title.as_ref(), &locale).to_owned(),
            task.key,
            named(&people, &told.assignee).to_owned(),
            told.phase.clone(),
        ]);
    }
    table.render(context.style)
}
