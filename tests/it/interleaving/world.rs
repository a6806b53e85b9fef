//! Every service of a deployment over logs that others filled, on a bus that the test paces.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_bus::LocalBus;
use keizoku_cli::client::{Caller, Connection, Endpoints};
use keizoku_cli::server::log_path;
use keizoku_core::{ManualClock, Position, SystemEntropy};
use keizoku_log::EventLog;
use keizoku_log::sqlite::{SqliteLog, SqliteOptions};
use keizoku_runtime::{Calendar, Deps, Freshness, Lifecycle, Token, server};
use tempfile::TempDir;
use tokio::sync::watch;
use tonic::service::RoutesBuilder;

use super::bus::PacedBus;
use super::schedule::Step;

const ACCOUNTS: &str = keizoku_accounts::SOURCE;
const RISK: &str = keizoku_risk::SOURCE;
const ONBOARDING: &str = keizoku_onboarding::SOURCE;
const HEALTH: &str = keizoku_healthscore::SOURCE;

/// A read model, and the source that it follows here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reader {
    Book,
    Accounts,
    RisksOfRisks,
    RisksOfAccounts,
    RisksOfOnboardings,
    RisksOfHealth,
    OnboardingsOfOnboardings,
    OnboardingsOfAccounts,
    HealthOfHealth,
    HealthOfAccounts,
    HealthOfOnboardings,
    Board,
    OnboardingBoard,
    HealthBoard,
    Names,
}

pub(crate) const READERS: [Reader; 15] = [
    Reader::Book,
    Reader::Accounts,
    Reader::RisksOfRisks,
    Reader::RisksOfAccounts,
    Reader::RisksOfOnboardings,
    Reader::RisksOfHealth,
    Reader::OnboardingsOfOnboardings,
    Reader::OnboardingsOfAccounts,
    Reader::HealthOfHealth,
    Reader::HealthOfAccounts,
    Reader::HealthOfOnboardings,
    Reader::Board,
    Reader::OnboardingBoard,
    Reader::HealthBoard,
    Reader::Names,
];

impl Reader {
    pub(crate) fn source(self) -> &'static str {
        match self {
            Self::Book
            | Self::Accounts
            | Self::RisksOfAccounts
            | Self::OnboardingsOfAccounts
            | Self::HealthOfAccounts
            | Self::Names => ACCOUNTS,
            Self::RisksOfRisks | Self::Board => RISK,
            Self::RisksOfOnboardings
            | Self::OnboardingsOfOnboardings
            | Self::HealthOfOnboardings
            | Self::OnboardingBoard => ONBOARDING,
            Self::RisksOfHealth | Self::HealthOfHealth | Self::HealthBoard => HEALTH,
        }
    }

    /// In how many parts it takes its source at most: a model in SQLite gathers before it writes.
    pub(crate) fn parts(self) -> u64 {
        match self {
            Self::Book | Self::Board | Self::OnboardingBoard | Self::HealthBoard => 40,
            Self::Accounts
            | Self::RisksOfRisks
            | Self::RisksOfAccounts
            | Self::RisksOfOnboardings
            | Self::RisksOfHealth
            | Self::OnboardingsOfOnboardings
            | Self::OnboardingsOfAccounts
            | Self::HealthOfHealth
            | Self::HealthOfAccounts
            | Self::HealthOfOnboardings
            | Self::Names => 6,
        }
    }

    /// Whether what it reads is facts to react to only: no answer waits for it.
    fn is_for_facts(self) -> bool {
        matches!(self, Self::RisksOfOnboardings | Self::RisksOfHealth)
    }
}

/// Logs that are full, and the time at which they are read.
pub(crate) struct Logs {
    accounts: Arc<dyn EventLog>,
    risk: Arc<dyn EventLog>,
    onboarding: Arc<dyn EventLog>,
    health: Arc<dyn EventLog>,
    /// The same as files, with what had yet to be moved from one to the other. While it hears of one log late, the healthscore service may say of a band what
    /// another log makes otherwise (ADR 0021): so each world has a copy that is its own.
    health_files: [(PathBuf, Vec<u8>); 2],
    now: Timestamp,
}

fn open(folder: &Path, source: &str, now: Timestamp) -> Arc<dyn EventLog> {
    let path = log_path(folder, source);
    let clock = Arc::new(ManualClock::at(now));
    let options = SqliteOptions::new(path, clock, Arc::new(SystemEntropy));
    Arc::new(SqliteLog::open(options).expect("the log is there and free"))
}

impl Logs {
    /// What a deployment left in `folder`.
    pub(crate) fn of(folder: &Path, now: Timestamp) -> Self {
        let path = log_path(folder, HEALTH);
        let name = PathBuf::from(path.file_name().expect("the log is a file"));
        let wal = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
        let health_files = [(path.clone(), name.clone()), (wal(&path), wal(&name))]
            .map(|(path, name)| (name, std::fs::read(path).unwrap_or_default()));
        let open = |source| open(folder, source, now);
        Self {
            accounts: open(ACCOUNTS),
            risk: open(RISK),
            onboarding: open(ONBOARDING),
            health: open(HEALTH),
            health_files,
            now,
        }
    }

    pub(crate) fn log(&self, source: &str) -> &Arc<dyn EventLog> {
        match source {
            ACCOUNTS => &self.accounts,
            ONBOARDING => &self.onboarding,
            HEALTH => &self.health,
            _ => &self.risk,
        }
    }

    /// How many events a reader's source has.
    pub(crate) fn length(&self, reader: Reader) -> u64 {
        self.log(reader.source()).head().borrow().position.0
    }

    pub(crate) async fn close(self) {
        self.accounts.close().await;
        self.risk.close().await;
        self.onboarding.close().await;
        self.health.close().await;
    }

    /// The healthscore log once more, in another folder.
    fn copy_of_health(&self, folder: &Path) -> Arc<dyn EventLog> {
        for (name, bytes) in &self.health_files {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
        let copy = open(folder, HEALTH, self.now);
        let ends = [&copy, &self.health].map(|log| log.head().borrow().position);
        assert_eq!(ends[0], ends[1], "the copy is whole");
        copy
    }
}

/// Fresh read models over full logs; nothing has been read yet.
pub(crate) struct World<'a> {
    logs: &'a Logs,
    pub(crate) api: Connection,
    paces: BTreeMap<Reader, (watch::Sender<Position>, Freshness)>,
    health: Arc<dyn EventLog>,
    lifecycle: Lifecycle,
    _folder: TempDir,
}

impl<'a> World<'a> {
    /// Wired as the binary does it, but with a view of the bus for each read model.
    pub(crate) async fn over(logs: &'a Logs) -> Self {
        let folder = TempDir::new().unwrap();
        let lifecycle = Lifecycle::new();
        let clock = Arc::new(ManualClock::at(logs.now));
        let calendar = Calendar::new(clock, TimeZone::get("Asia/Tokyo").unwrap());
        let health_log = logs.copy_of_health(folder.path());
        let local = LocalBus::new()
            .with(ACCOUNTS, Arc::clone(&logs.accounts))
            .with(RISK, Arc::clone(&logs.risk))
            .with(ONBOARDING, Arc::clone(&logs.onboarding))
            .with(HEALTH, Arc::clone(&health_log));
        let local = Arc::new(local);
        let view = |sources| PacedBus::new(Arc::clone(&local), sources);

        let (bus, mut book_paces) = view(&[ACCOUNTS]);
        let deps = Deps::new(bus, calendar, Arc::new(SystemEntropy), lifecycle.clone());
        let book_freshness = deps.book_freshness.clone();
        let on = |bus: Arc<PacedBus>| Deps {
            bus,
            ..deps.clone()
        };

        let (bus, mut accounts_paces) = view(&[ACCOUNTS]);
        let log = Arc::clone(&logs.accounts);
        let accounts = keizoku_accounts::build(on(bus), log, folder.path()).await;
        let accounts = accounts.unwrap();

        let (bus, mut risk_paces) = view(&[ACCOUNTS, RISK, ONBOARDING, HEALTH]);
        let log = Arc::clone(&logs.risk);
        let risk = keizoku_risk::build(on(bus), log, folder.path())
            .await
            .unwrap();

        let (bus, mut onboarding_paces) = view(&[ACCOUNTS, ONBOARDING]);
        let log = Arc::clone(&logs.onboarding);
        let config = keizoku_onboarding::config::Config::default();
        let onboarding = keizoku_onboarding::build(on(bus), log, config, folder.path())
            .await
            .unwrap();

        let (bus, mut health_paces) = view(&[ACCOUNTS, ONBOARDING, HEALTH]);
        let log = Arc::clone(&health_log);
        let health = keizoku_healthscore::build(on(bus), log, folder.path())
            .await
            .unwrap();

        let (bus, mut forecast_paces) = view(&[ACCOUNTS, RISK, ONBOARDING, HEALTH]);
        let forecast = keizoku_forecast::build(on(bus), folder.path()).unwrap();

        let mut routes = RoutesBuilder::default();
        accounts.serve(&mut routes);
        risk.serve(&mut routes);
        onboarding.serve(&mut routes);
        health.serve(&mut routes);
        forecast.serve(&mut routes);
        let paces = READERS.map(|reader| {
            let (paces, freshness) = match reader {
                Reader::Book => (&mut book_paces, book_freshness.clone()),
                Reader::Accounts => (&mut accounts_paces, accounts.freshness()),
                Reader::RisksOfRisks
                | Reader::RisksOfAccounts
                | Reader::RisksOfOnboardings
                | Reader::RisksOfHealth => (&mut risk_paces, risk.freshness()),
                Reader::HealthOfHealth | Reader::HealthOfAccounts => {
                    (&mut health_paces, health.freshness())
                }
                Reader::HealthOfOnboardings => (&mut health_paces, health.whole_freshness()),
                Reader::OnboardingBoard | Reader::HealthBoard => {
                    (&mut forecast_paces, forecast.whole_freshness())
                }
                Reader::OnboardingsOfOnboardings | Reader::OnboardingsOfAccounts => {
                    (&mut onboarding_paces, onboarding.freshness())
                }
                Reader::Board => (&mut forecast_paces, forecast.freshness()),
                Reader::Names => (&mut forecast_paces, forecast.names_freshness()),
            };
            (reader, (paces.remove(reader.source()).unwrap(), freshness))
        });
        for (_, (_, freshness)) in &paces {
            freshness.ready().await;
        }
        Self {
            logs,
            api: serve(routes, &lifecycle).await,
            paces: paces.into(),
            health: health_log,
            lifecycle,
            _folder: folder,
        }
    }

    /// Lets a reader go on, and waits until it has taken in what it may.
    pub(crate) async fn step(&self, step: Step) {
        let (pace, freshness) = &self.paces[&step.reader];
        let to = Position(step.to);
        pace.send_replace(to);
        if step.reader.is_for_facts() {
            return;
        }
        let log_id = self.logs.log(step.reader.source()).log_id();
        let waited = freshness.wait(&[Token::of(log_id, to).encode()]).await;
        waited.unwrap_or_else(|failure| panic!("{step:?}: {}", tonic::Status::from(failure)));
    }

    /// Lets the healthscore service hear of what it said of bands itself, here.
    pub(crate) fn hears_of_its_bands(&self) {
        let (pace, _) = &self.paces[&Reader::HealthOfHealth];
        pace.send_replace(self.health.head().borrow().position);
    }

    pub(crate) async fn stop(self) {
        self.lifecycle.stop();
        drop(self.api);
        assert!(self.lifecycle.drained().await, "something goes on");
        self.health.close().await;
    }
}

async fn serve(routes: RoutesBuilder, lifecycle: &Lifecycle) -> Connection {
    let listener = server::listen(
        SocketAddr::from(([127, 0, 0, 1], 0)),
        &server::Settings::default(),
    )
    .await;
    let listener = listener.unwrap();
    let address = listener.local_addr().unwrap();
    let until_stop = lifecycle.clone();
    lifecycle.track(async move {
        server::serve(
            listener,
            routes,
            Vec::new(),
            server::Settings::default(),
            &until_stop,
        )
        .await
    });
    let caller = Caller::new(None, Some("csm")).unwrap_or_else(|e| panic!("{}", e.explain()));
    let endpoints = Endpoints::all_at(format!("http://{address}"));
    let connection = Connection::open(&endpoints, caller).await;
    connection.unwrap_or_else(|e| panic!("{}", e.explain()))
}
