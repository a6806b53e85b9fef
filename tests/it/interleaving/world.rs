//! Every service of a deployment over logs that others filled, on a bus that the test paces.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
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

/// A read model, and the source that it follows here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reader {
    Book,
    Accounts,
    RisksOfRisks,
    RisksOfAccounts,
    RisksOfOnboardings,
    OnboardingsOfOnboardings,
    OnboardingsOfAccounts,
    Board,
    OnboardingBoard,
    Names,
}

pub(crate) const READERS: [Reader; 10] = [
    Reader::Book,
    Reader::Accounts,
    Reader::RisksOfRisks,
    Reader::RisksOfAccounts,
    Reader::RisksOfOnboardings,
    Reader::OnboardingsOfOnboardings,
    Reader::OnboardingsOfAccounts,
    Reader::Board,
    Reader::OnboardingBoard,
    Reader::Names,
];

impl Reader {
    pub(crate) fn source(self) -> &'static str {
        match self {
            Self::Book
            | Self::Accounts
            | Self::RisksOfAccounts
            | Self::OnboardingsOfAccounts
            | Self::Names => ACCOUNTS,
            Self::RisksOfRisks | Self::Board => RISK,
            Self::RisksOfOnboardings | Self::OnboardingsOfOnboardings | Self::OnboardingBoard => {
                ONBOARDING
            }
        }
    }

    /// In how many parts it takes its source at most: a model in SQLite gathers before it writes.
    pub(crate) fn parts(self) -> u64 {
        match self {
            Self::Book | Self::Board | Self::OnboardingBoard => 40,
            Self::Accounts
            | Self::RisksOfRisks
            | Self::RisksOfAccounts
            | Self::RisksOfOnboardings
            | Self::OnboardingsOfOnboardings
            | Self::OnboardingsOfAccounts
            | Self::Names => 6,
        }
    }
}

/// Logs that are full, and the time at which they are read.
pub(crate) struct Logs {
    accounts: Arc<dyn EventLog>,
    risk: Arc<dyn EventLog>,
    onboarding: Arc<dyn EventLog>,
    now: Timestamp,
}

impl Logs {
    /// What a deployment left in `folder`.
    pub(crate) fn of(folder: &Path, now: Timestamp) -> Self {
        let open = |source| -> Arc<dyn EventLog> {
            let path = log_path(folder, source);
            let clock = Arc::new(ManualClock::at(now));
            let options = SqliteOptions::new(path, clock, Arc::new(SystemEntropy));
            Arc::new(SqliteLog::open(options).expect("the log is there and free"))
        };
        Self {
            accounts: open(ACCOUNTS),
            risk: open(RISK),
            onboarding: open(ONBOARDING),
            now,
        }
    }

    pub(crate) fn log(&self, source: &str) -> &Arc<dyn EventLog> {
        match source {
            ACCOUNTS => &self.accounts,
            ONBOARDING => &self.onboarding,
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
    }
}

/// Fresh read models over full logs; nothing has been read yet.
pub(crate) struct World<'a> {
    logs: &'a Logs,
    pub(crate) api: Connection,
    paces: BTreeMap<Reader, (watch::Sender<Position>, Freshness)>,
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
        let local = LocalBus::new()
            .with(ACCOUNTS, Arc::clone(&logs.accounts))
            .with(RISK, Arc::clone(&logs.risk))
            .with(ONBOARDING, Arc::clone(&logs.onboarding));
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

        let (bus, mut risk_paces) = view(&[ACCOUNTS, RISK, ONBOARDING]);
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

        let (bus, mut forecast_paces) = view(&[ACCOUNTS, RISK, ONBOARDING]);
        let forecast = keizoku_forecast::build(on(bus), folder.path()).unwrap();

        let mut routes = RoutesBuilder::default();
        accounts.serve(&mut routes);
        risk.serve(&mut routes);
        onboarding.serve(&mut routes);
        forecast.serve(&mut routes);
        let paces = READERS.map(|reader| {
            let (paces, freshness) = match reader {
                Reader::Book => (&mut book_paces, book_freshness.clone()),
                Reader::Accounts => (&mut accounts_paces, accounts.freshness()),
                Reader::RisksOfRisks | Reader::RisksOfAccounts | Reader::RisksOfOnboardings => {
                    (&mut risk_paces, risk.freshness())
                }
                Reader::OnboardingsOfOnboardings | Reader::OnboardingsOfAccounts => {
                    (&mut onboarding_paces, onboarding.freshness())
                }
                Reader::Board => (&mut forecast_paces, forecast.freshness()),
                Reader::OnboardingBoard => {
                    (&mut forecast_paces, forecast.freshness_with(true, false))
                }
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
            lifecycle,
            _folder: folder,
        }
    }

    /// Lets a reader go on, and waits until it has taken in what it may.
    pub(crate) async fn step(&self, step: Step) {
        let (pace, freshness) = &self.paces[&step.reader];
        let to = Position(step.to);
        pace.send_replace(to);
        if step.reader == Reader::RisksOfOnboardings {
            return; // facts only: no answer waits for it
        }
        let log_id = self.logs.log(step.reader.source()).log_id();
        let waited = freshness.wait(&[Token::of(log_id, to).encode()]).await;
        waited.unwrap_or_else(|failure| panic!("{step:?}: {}", tonic::Status::from(failure)));
    }

    pub(crate) async fn stop(self) {
        self.lifecycle.stop();
        drop(self.api);
        assert!(self.lifecycle.drained().await, "something goes on");
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
