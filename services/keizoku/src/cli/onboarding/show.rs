//! `keizoku onboarding show`.

use keizoku_proto::onboarding::exit_criterion::Criterion;
use keizoku_proto::onboarding::{
    ExitCriterion, ExpectationGap, GetOnboardingRequest, Onboarding, PhaseProgress, PhaseStep,
    Progress, TaskParty, TaskProgress,
};

use super::{locale, title};
use crate::cli::card::Card;
use crate::cli::context::{Context, named};
use crate::cli::format;
use crate::cli::output::answer;
use crate::cli::table::Table;
use crate::cli::time::AsOf;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku onboarding show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku onboarding show 緑川印刷
  keizoku onboarding show 0197f0a0-0000-7000-8000-000000000001 --as-of 2026-10-31")]
pub struct Args {
    /// The onboarding: its id, or its account where that has one only
    onboarding: String,
    #[command(flatten)]
    as_of: AsOf,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = GetOnboardingRequest {
            name: context.onboarding(&self.onboarding).await?,
            as_of: self.as_of.resolve(context).await?,
            consistency_tokens: context.tokens(),
        };
        let mut client = context.connection.onboardings();
        let response = call(async || client.get_onboarding(request.clone()).await).await?;
        let text = async {
            let read = format::watermarks(&response.watermarks, context.now());
            let shown = text(context, response.onboarding.as_ref()).await;
            format!("{shown}Read: {read}\n")
        };
        answer!(
            context,
            onboarding::GetOnboardingResponse,
            &response,
            text.await
        )
    }
}

/// An onboarding as people read it.
pub(super) async fn text(context: &Context, onboarding: Option<&Onboarding>) -> String {
    let Some(onboarding) = onboarding else {
        return "The server sent no onboarding.\n".to_owned();
    };
    let (people, locale) = (context.people().await, locale(context).await);
    let heading = format!("{} {}", onboarding.account_display_name, onboarding.product);
    let mut card = Card::new(heading);
    let state = onboarding.state();
    let version = if onboarding.latest_template_version > onboarding.template_version {
        format!(
            "version {} ({} is the newest)",
            onboarding.template_version, onboarding.latest_template_version
        )
    } else {
        format!("version {}", onboarding.template_version)
    };
    card.field("id", format::id(&onboarding.name))
        .field(
            "state",
            format::enum_name(state.as_str_name(), "ONBOARDING_STATE_"),
        )
        .field("standing", progress(onboarding))
        .field("missing", missing(onboarding, &locale))
        .field("owner", named(&people, &onboarding.owner))
        .field("specialist", named(&people, &onboarding.specialist))
        .field("tier", onboarding.tier.as_str())
        .field("began", format::date(onboarding.start_date.as_ref()))
        .field("won", format::date(onboarding.won_date.as_ref()))
        .field("salesperson", named(&people, &onboarding.salesperson))
        .field("template", version)
        .field("handed over", hand_off(onboarding))
        .field("not handed over", onboarding.hand_off_missing.join(", "))
        .field("kickoff", kickoff(onboarding))
        .field("closing gap", gap(onboarding.closing_gap.as_ref()))
        .field("held", holds(onboarding))
        .field("goals", goals(onboarding))
        .field("stalled", stalls(onboarding))
        .field("handed back", handed_back(onboarding))
        .field("relaunched", relaunches(onboarding))
        .field("ended", format::date(onboarding.end_date.as_ref()))
        .field("moved", moves(&onboarding.steps));
    if let Some(completion) = &onboarding.completion {
        let evidence = completion.evidence.clone().unwrap_or_default();
        card.field("completed", format::date(completion.date.as_ref()))
            .field("issue set", evidence.issue_set)
            .field("used", evidence.product_used)
            .field("effect", evidence.effect_felt);
    }
    let mut text = card.render();
    text.push('\n');
    text.push_str(&phases(onboarding, &locale).render(context.style));
    text
}

/// What is missing before the present phase may be left.
pub(super) fn missing(onboarding: &Onboarding, locale: &str) -> String {
    unmet(&onboarding.phases, &onboarding.unmet_criteria, locale)
}

/// Titles of the tasks that criteria ask for.
pub(in crate::cli) fn unmet(
    phases: &[PhaseProgress],
    criteria: &[ExitCriterion],
    locale: &str,
) -> String {
    let tasks = || phases.iter().flat_map(|phase| &phase.tasks);
    let titles = criteria
        .iter()
        .filter_map(|criterion| match &criterion.criterion {
            Some(Criterion::Task(key)) => {
                let task = tasks().find(|task| task.key == *key)?;
                Some(title(task.title.as_ref(), locale))
            }
            None => None,
        });
    titles.collect::<Vec<_>>().join("; ")
}

/// How it gets on, in a word.
pub(super) fn standing(progress: &Progress) -> String {
    format::enum_name(progress.standing().as_str_name(), "STANDING_")
}

/// How it gets on, and why.
fn progress(onboarding: &Onboarding) -> String {
    let Some(progress) = &onboarding.progress else {
        return String::new();
    };
    let contact = match &progress.last_contact_date {
        Some(date) => format!("last two-way contact {}", format::date(Some(date))),
        None => "no two-way contact since it began".to_owned(),
    };
    format!(
        "{}: {contact}, {} working days ago (stalled from {}); unreachable from {}",
        standing(progress),
        progress.quiet_working_days,
        progress.stalled_from_working_days,
        format::date(progress.unreachable_from_date.as_ref())
    )
}

fn hand_off(onboarding: &Onboarding) -> String {
    let Some(form) = &onboarding.hand_off else {
        return String::new();
    };
    let temperature = format::enum_name(form.temperature().as_str_name(), "TEMPERATURE_");
    let fields = [
        ("bought because", &form.why_bought),
        ("expects", &form.expectations),
        ("temperature", &temperature),
    ];
    let answers = form
        .answers
        .iter()
        .map(|answer| (answer.question.as_str(), &answer.answer));
    let lines = fields
        .into_iter()
        .chain(answers)
        .filter(|(_, text)| !text.is_empty());
    let lines = lines.map(|(label, text)| format!("{label}: {text}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn kickoff(onboarding: &Onboarding) -> String {
    let Some(kickoff) = &onboarding.kickoff else {
        return String::new();
    };
    let mut text = format!(
        "{} wants: {}\ngap {}",
        format::date(kickoff.date.as_ref()),
        kickoff.confirmed_wants,
        gap(kickoff.gap.as_ref())
    );
    if !kickoff.override_reason.is_empty() {
        text.push_str("\nbefore the hand-off was complete: ");
        text.push_str(&kickoff.override_reason);
    }
    text
}

fn gap(gap: Option<&ExpectationGap>) -> String {
    gap.map_or_else(String::new, |gap| format!("{} {}", gap.rating, gap.note))
}

fn holds(onboarding: &Onboarding) -> String {
    let lines = onboarding.holds.iter().map(|hold| {
        format!(
            "{} to {}: {}",
            format::date(hold.from_date.as_ref()),
            format::date(hold.until_date.as_ref()),
            hold.reason
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What the customer wants to use by when, and what was found.
fn goals(onboarding: &Onboarding) -> String {
    let lines = onboarding.goals.iter().map(|goal| {
        let wanted = goal.declaration.clone().unwrap_or_default();
        let by = format::date(wanted.due_date.as_ref());
        let found = match &goal.review {
            None => "open".to_owned(),
            Some(review) if review.met => format!("met: {}", review.r#use),
            Some(review) => format!(
                "not met: {}; next {} by {}",
                review.r#use,
                review.next_action,
                format::date(review.next_action_date.as_ref())
            ),
        };
        format!("{} by {by}, {found} ({})", wanted.feature, goal.goal_id)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn stalls(onboarding: &Onboarding) -> String {
    let lines = onboarding.stalls.iter().map(|stall| {
        let cause = format::enum_name(stall.cause().as_str_name(), "STALL_CAUSE_");
        let from = format::date(stall.date.as_ref());
        match &stall.end_date {
            Some(end) => format!("{from} to {}: {cause}", format::date(Some(end))),
            None => format!("since {from}: {cause}"),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn handed_back(onboarding: &Onboarding) -> String {
    let Some(hand_back) = &onboarding.hand_back else {
        return String::new();
    };
    let to = format::enum_name(hand_back.destination().as_str_name(), "DESTINATION_");
    format!("{} to {to}", format::date(hand_back.date.as_ref()))
}

fn relaunches(onboarding: &Onboarding) -> String {
    let lines = onboarding.relaunches.iter().map(|relaunch| {
        let date = format::date(relaunch.date.as_ref());
        format!("{date}: {}", relaunch.reason)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Phases that were skipped or gone back to, a line each.
pub(in crate::cli) fn moves(steps: &[PhaseStep]) -> String {
    let with_reason = steps.iter().filter(|step| !step.reason.is_empty());
    let lines = with_reason.map(|step| {
        let how = format::enum_name(step.r#move().as_str_name(), "PHASE_MOVE_");
        let date = format::date(step.date.as_ref());
        format!(
            "{date} {how} from {} to {}: {}",
            step.from, step.to, step.reason
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Phases and their tasks, a line each.
fn phases(onboarding: &Onboarding, locale: &str) -> Table {
    let mut table = Table::new(["", "Phase, task", "Key", "Who", "Due", "Done", ">Days"]);
    for phase in &onboarding.phases {
        let is_present = phase.key == onboarding.phase && onboarding.completion.is_none();
        table.row(phase_row(phase, is_present, locale));
        for task in &phase.tasks {
            table.row(task_row(task, locale));
        }
    }
    if !onboarding.coached_tasks.is_empty() {
        let mut heading = [const { String::new() }; 7];
        "Coaching".clone_into(&mut heading[1]);
        table.row(heading);
        for task in &onboarding.coached_tasks {
            table.row(task_row(task, locale));
        }
    }
    table
}

/// A phase that goes on, or does not, a cell each.
pub(in crate::cli) fn phase_row(
    phase: &PhaseProgress,
    is_present: bool,
    locale: &str,
) -> [String; 7] {
    [
        if is_present { ">" } else { "" }.to_owned(),
        title(phase.title.as_ref(), locale).to_owned(),
        phase.key.clone(),
        String::new(),
        format::date(phase.enter_date.as_ref()),
        format::date(phase.leave_date.as_ref()),
        if phase.enter_date.is_some() {
            format!("{} of {} wd", phase.days, phase.expected_working_days)
        } else {
            String::new()
        },
    ]
}

/// A task under its phase, a cell each.
pub(in crate::cli) fn task_row(task: &TaskProgress, locale: &str) -> [String; 7] {
    let who = match task.party() {
        TaskParty::Unspecified => "",
        TaskParty::Customer => "customer",
        TaskParty::Csm => "CSM",
        TaskParty::Specialist => "specialist",
        TaskParty::Member => "member",
        TaskParty::Mentor => "mentor",
        TaskParty::Lead => "lead",
    };
    [
        String::new(),
        format!(
            "  {}{}",
            title(task.title.as_ref(), locale),
            if task.required { " *" } else { "" }
        ),
        task.key.clone(),
        who.to_owned(),
        format::date(task.due_date.as_ref()),
        format::date(task.done_date.as_ref()),
        String::new(),
    ]
}
