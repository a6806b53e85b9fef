//! Templates as files that people write: the format of the one that comes with Keizoku.

use ::config::{Config, ConfigError, File, FileFormat};
use keizoku_proto::onboarding::exit_criterion::Criterion;
use keizoku_proto::onboarding::{
    ExitCriterion, HandOffQuestion, LocalizedText, TaskKind, TaskParty, TemplatePhase, TemplateTask,
};
use serde::Deserialize;

/// The template that comes with Keizoku; it documents every key.
pub const SHIPPED: &str = include_str!("default-template.toml");

/// The programme for new members that comes with Keizoku; it documents every key (ONB-10).
pub const SHIPPED_PROGRAMME: &str = include_str!("default-programme.toml");
/// Key of that programme.
pub const NEW_MEMBER: &str = "new_member";

/// What a file says.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateFile {
    /// The phases, in order.
    pub phases: Vec<TemplatePhase>,
    /// What the hand-off must answer.
    pub questions: Vec<HandOffQuestion>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    #[serde(default)]
    question: Vec<Question>,
    phase: Vec<Phase>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    key: String,
    #[serde(default)]
    ja: String,
    #[serde(default)]
    en: String,
    #[serde(default)]
    tiers: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Phase {
    key: String,
    #[serde(default)]
    ja: String,
    #[serde(default)]
    en: String,
    expected_working_days: u32,
    #[serde(default)]
    closing: bool,
    #[serde(default)]
    exit: Vec<String>,
    #[serde(default)]
    task: Vec<Task>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Task {
    key: String,
    #[serde(default)]
    ja: String,
    #[serde(default)]
    en: String,
    party: Party,
    due: Option<u32>,
    #[serde(default)]
    due_months: u32,
    #[serde(default)]
    kind: Kind,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Plain,
    Kickoff,
    ClosingReview,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Party {
    Customer,
    Csm,
    Specialist,
    Member,
    Mentor,
    Lead,
}

/// Reads a template from TOML.
///
/// # Errors
/// When it is no TOML, or keys are missing or unknown.
pub fn read(text: &str) -> Result<TemplateFile, ConfigError> {
    let file = File::from_str(text, FileFormat::Toml);
    let read: Contents = Config::builder()
        .add_source(file)
        .build()?
        .try_deserialize()?;
    let mut tasks = read.phase.iter().flat_map(|phase| &phase.task);
    if let Some(task) = tasks.find(|task| task.due.is_none() && task.due_months == 0) {
        let lacking = format!("the task `{}` lacks `due`, or `due_months`", task.key);
        return Err(ConfigError::Message(lacking));
    }
    Ok(TemplateFile {
        phases: read.phase.into_iter().map(TemplatePhase::from).collect(),
        questions: read
            .question
            .into_iter()
            .map(HandOffQuestion::from)
            .collect(),
    })
}

/// The template that comes with Keizoku (ONB-2).
///
/// # Errors
/// As [`read`]; a test reads it.
pub fn shipped() -> Result<TemplateFile, ConfigError> {
    read(SHIPPED)
}

/// The programme for new members that comes with Keizoku (ONB-10).
///
/// # Errors
/// As [`read`]; a test reads it.
pub fn shipped_programme() -> Result<TemplateFile, ConfigError> {
    read(SHIPPED_PROGRAMME)
}

impl From<Question> for HandOffQuestion {
    fn from(question: Question) -> Self {
        Self {
            key: question.key,
            title: Some(LocalizedText {
                ja: question.ja,
                en: question.en,
            }),
            tiers: question.tiers,
        }
    }
}

impl From<Phase> for TemplatePhase {
    fn from(phase: Phase) -> Self {
        let criterion = |task| ExitCriterion {
            criterion: Some(Criterion::Task(task)),
        };
        Self {
            key: phase.key,
            title: Some(LocalizedText {
                ja: phase.ja,
                en: phase.en,
            }),
            expected_working_days: phase.expected_working_days,
            tasks: phase.task.into_iter().map(TemplateTask::from).collect(),
            exit_criteria: phase.exit.into_iter().map(criterion).collect(),
            closing: phase.closing,
        }
    }
}

impl From<Task> for TemplateTask {
    fn from(task: Task) -> Self {
        let party = match task.party {
            Party::Customer => TaskParty::Customer,
            Party::Csm => TaskParty::Csm,
            Party::Specialist => TaskParty::Specialist,
            Party::Member => TaskParty::Member,
            Party::Mentor => TaskParty::Mentor,
            Party::Lead => TaskParty::Lead,
        };
        Self {
            key: task.key,
            title: Some(LocalizedText {
                ja: task.ja,
                en: task.en,
            }),
            party: party.into(),
            due_working_days: task.due.unwrap_or_default(),
            due_months: task.due_months,
            kind: match task.kind {
                Kind::Plain => TaskKind::Unspecified,
                Kind::Kickoff => TaskKind::Kickoff,
                Kind::ClosingReview => TaskKind::ClosingReview,
            }
            .into(),
        }
    }
}
