//! Which services there are, and where a server keeps their files.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use keizoku_proto::{
    StoredEvent as _, UnreadableEvent, accounts, healthscore, notification, onboarding, risk,
};

use super::Refusal;
use super::log_file::LogFile;
use crate::server::log_path;

/// A service that has a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Service {
    /// Accounts, contracts, deals and the directory.
    Accounts,
    /// Churn risks.
    Risk,
    /// Who is told about what, and every message.
    Notification,
    /// Onboardings and their templates.
    Onboarding,
    /// Signals and scorecards.
    Healthscore,
}

/// The data directory, as an argument.
#[derive(Debug, Clone, clap::Args)]
pub struct DataDirectory {
    /// Directory of the server's data
    #[arg(
        long = "data",
        value_name = "DIR",
        env = "KEIZOKU__DATA_DIR",
        default_value = "data"
    )]
    pub path: PathBuf,
}

impl Service {
    /// All of them. A log comes before those that refer to it.
    pub const ALL: [Self; 5] = [
        Self::Accounts,
        Self::Risk,
        Self::Notification,
        Self::Onboarding,
        Self::Healthscore,
    ];

    /// The name that its files bear.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accounts => keizoku_accounts::SOURCE,
            Self::Risk => keizoku_risk::SOURCE,
            Self::Notification => keizoku_notification::SOURCE,
            Self::Onboarding => keizoku_onboarding::SOURCE,
            Self::Healthscore => keizoku_healthscore::SOURCE,
        }
    }

    /// The service of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }

    /// Its log in a data directory or backup.
    pub(super) fn log(self, directory: &Path) -> PathBuf {
        log_path(directory, self.name())
    }

    /// Full name of the message that its log stores.
    pub(super) fn event_message(self) -> String {
        format!("keizoku.{}.v1.Event", self.name())
    }

    /// Reads an event's bytes and writes them again: its kind, and what it would be stored as now.
    pub(super) fn reencoded(self, data: &[u8]) -> Result<(&'static str, Vec<u8>), UnreadableEvent> {
        match self {
            Self::Accounts => accounts::event::Kind::from_bytes(data)
                .map(|event| (event.type_name(), event.to_bytes())),
            Self::Risk => risk::event::Kind::from_bytes(data)
                .map(|event| (event.type_name(), event.to_bytes())),
            Self::Notification => notification::event::Kind::from_bytes(data)
                .map(|event| (event.type_name(), event.to_bytes())),
            Self::Onboarding => onboarding::event::Kind::from_bytes(data)
                .map(|event| (event.type_name(), event.to_bytes())),
            Self::Healthscore => healthscore::event::Kind::from_bytes(data)
                .map(|event| (event.type_name(), event.to_bytes())),
        }
    }
}

impl DataDirectory {
    /// The files of the logs that are there: of one service, or of all.
    pub(super) fn logs(&self, service: Option<Service>) -> Result<Vec<Service>, Refusal> {
        logs_in(&self.path, service)
    }

    /// The same, opened for reading.
    pub(super) fn open(&self, service: Option<Service>) -> Result<Vec<LogFile>, Refusal> {
        let open = |service: Service| LogFile::open(service, service.log(&self.path));
        self.logs(service)?.into_iter().map(open).collect()
    }
}

/// The services that have a log in a directory, in the order of [`Service::ALL`].
pub(super) fn logs_in(directory: &Path, service: Option<Service>) -> Result<Vec<Service>, Refusal> {
    const ADVICE: &str = "name the server's data directory with --data";
    if !directory.is_dir() {
        return Err(Refusal::no_directory(directory).advising(ADVICE));
    }
    let wanted = Service::ALL
        .into_iter()
        .filter(|candidate| service.is_none_or(|service| service == *candidate));
    let found: Vec<Service> = wanted
        .filter(|service| service.log(directory).exists())
        .collect();
    if found.is_empty() {
        let whose = service.map_or_else(String::new, |service| format!(" of {}", service.name()));
        let what = format!("there is no log{whose} in {}", directory.display());
        return Err(Refusal::unusable(what).advising(ADVICE));
    }
    Ok(found)
}
