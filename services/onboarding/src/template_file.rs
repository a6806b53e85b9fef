//! Templates as files that people write: the format of the one that comes with Keizoku.

use config::{Config, ConfigError, File, FileFormat};
use keizoku_proto::onboarding::exit_criterion::Criterion;
use keizoku_proto::onboarding::{
    ExitCriterion, LocalizedText, TaskParty, TemplatePhase, TemplateTask,
};
use serde::Deserialize;

/// The template that comes with Keizoku; it documents every key.
pub const SHIPPED: &str = include_str!("default-template.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Phases {
    phase: Vec<Phase>,
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
    due: u32,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Party {
    Customer,
    Csm,
    Specialist,
}

/// Reads a template's phases from TOML.
///
/// # Errors
/// When it is no TOML, or keys are missing or unknown.
pub fn read(text: &str) -> Result<Vec<TemplatePhase>, ConfigError> {
    let file = File::from_str(text, FileFormat::Toml);
    let read: Phases = Config::builder()
        .add_source(file)
        .build()?
        .try_deserialize()?;
    Ok(read.phase.into_iter().map(TemplatePhase::from).collect())
}

/// The phases of the template that comes with Keizoku (ONB-2).
///
/// # Errors
/// As [`read`]; a test reads it.
pub fn shipped() -> Result<Vec<TemplatePhase>, ConfigError> {
    read(SHIPPED)
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
        };
        Self {
            key: task.key,
            title: Some(LocalizedText {
                ja: task.ja,
                en: task.en,
            }),
            party: party.into(),
            due_working_days: task.due,
        }
    }
}
