//! `keizoku enablement show`.

use keizoku_proto::onboarding::{GetProgrammeRequest, Programme, ProgrammeState};

use crate::cli::card::Card;
use crate::cli::context::{Context, named};
use crate::cli::format;
use crate::cli::onboarding::show::{moves, phase_row, task_row, unmet};
use crate::cli::onboarding::title::locale;
use crate::cli::output::answer;
use crate::cli::table::Table;
use crate::cli::time::AsOf;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku enablement show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku enablement show 田中
  keizoku enablement show me --as-of 2026-10-31")]
pub struct Args {
    /// The programme: its member, or its id
    programme: String,
    #[command(flatten)]
    as_of: AsOf,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = GetProgrammeRequest {
            name: context.programme(&self.programme).await?,
            as_of: self.as_of.resolve(context).await?,
            consistency_tokens: context.tokens(),
        };
        let mut client = context.connection.enablement();
        let response = call(async || client.get_programme(request.clone()).await).await?;
        let text = async {
            let read = format::watermarks(&response.watermarks, context.now());
            let shown = text(context, response.programme.as_ref()).await;
            format!("{shown}Read: {read}\n")
        };
        answer!(
            context,
            onboarding::GetProgrammeResponse,
            &response,
            text.await
        )
    }
}

/// A programme as people read it.
pub(super) async fn text(context: &Context, programme: Option<&Programme>) -> String {
    let Some(programme) = programme else {
        return "The server sent no programme.\n".to_owned();
    };
    let (people, locale) = (context.people().await, locale(context).await);
    let mut card = Card::new(named(&people, &programme.member).to_owned());
    let mut version = format!("{}, version {}", programme.key, programme.template_version);
    if programme.latest_template_version > programme.template_version {
        let newest = format!(" ({} is the newest)", programme.latest_template_version);
        version.push_str(&newest);
    }
    let missing = unmet(&programme.phases, &programme.unmet_criteria, &locale);
    card.field("id", format::id(&programme.name))
        .field("state", state(programme))
        .field("missing", missing)
        .field("overdue", programme.overdue_tasks.join(", "))
        .field("next", format::date(programme.next_due_date.as_ref()))
        .field("mentor", named(&people, &programme.mentor))
        .field("lead", named(&people, &programme.lead))
        .field("began", format::date(programme.start_date.as_ref()))
        .field("template", version)
        .field("moved", moves(&programme.steps));
    if let Some(end) = &programme.end {
        let label = match programme.state() {
            ProgrammeState::Completed => "completed",
            _ => "ended",
        };
        let date = format::date(end.date.as_ref());
        card.field(label, format!("{date}: {}", end.text));
    }
    let mut text = card.render();
    text.push('\n');
    text.push_str(&phases(programme, &locale).render(context.style));
    text
}

/// Where it stands, in a word.
pub(super) fn state(programme: &Programme) -> String {
    format::enum_name(programme.state().as_str_name(), "PROGRAMME_STATE_")
}

fn phases(programme: &Programme, locale: &str) -> Table {
    let mut table = Table::new(["", "Phase, task", "Key", "Who", "Due", "Done", ">Days"]);
    for phase in &programme.phases {
        let is_present = phase.key == programme.phase && programme.end.is_none();
        table.row(phase_row(phase, is_present, locale));
        for task in &phase.tasks {
            table.row(task_row(task, locale));
        }
    }
    table
}
