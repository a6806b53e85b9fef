//! Two replicas of each service over the same logs: both try, one wins, and it happens once (RX-8).

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_bus::LocalBus;
use keizoku_cli::server::log_path;
use keizoku_core::{ManualClock, NewEvent, Recorded, Revision, StreamId, SystemEntropy};
use keizoku_log::EventLog;
use keizoku_log::sqlite::{SqliteLog, SqliteOptions};
use keizoku_proto::StoredEvent as _;
use keizoku_proto::accounts::ContactDeparted;
use keizoku_proto::accounts::ContactRole;
use keizoku_proto::accounts::event::Kind;
use keizoku_runtime::read_model::rusqlite::{Connection, OpenFlags};
use keizoku_runtime::{Calendar, Deps, Lifecycle};
use keizoku_testkit::{Cluster, Scene, logs};
use tempfile::TempDir;

use super::{announce, contact, on, wait_for};

const BEFORE: &str = "2026-11-25T11:59[Asia/Tokyo]";
const MIDNIGHT: &str = "2026-12-01T00:00:00+09:00";

/// The logs that both read, opened once.
struct Logs {
    accounts: Arc<dyn EventLog>,
    risk: Arc<dyn EventLog>,
    onboarding: Arc<dyn EventLog>,
}

/// Accounts and risk, with models of their own.
struct Replica {
    folder: TempDir,
    lifecycle: Lifecycle,
}

impl Logs {
    fn open(folder: &Path, clock: &Arc<ManualClock>) -> Self {
        let open = |source| -> Arc<dyn EventLog> {
            let path = log_path(folder, source);
            let options = SqliteOptions::new(path, Arc::clone(clock) as _, Arc::new(SystemEntropy));
            Arc::new(SqliteLog::open(options).expect("the log is there and free"))
        };
        Self {
            accounts: open("accounts"),
            risk: open("risk"),
            onboarding: open("onboarding"),
        }
    }
}

impl Replica {
    async fn over(logs: &Logs, clock: &Arc<ManualClock>) -> Self {
        let (folder, lifecycle) = (TempDir::new().unwrap(), Lifecycle::new());
        let zone = TimeZone::get("Asia/Tokyo").unwrap();
        let calendar = Calendar::new(Arc::clone(clock) as _, zone);
        let bus = LocalBus::new()
            .with("accounts", Arc::clone(&logs.accounts))
            .with("risk", Arc::clone(&logs.risk))
            .with("onboarding", Arc::clone(&logs.onboarding));
        let bus = Arc::new(bus);
        let deps = Deps::new(bus, calendar, Arc::new(SystemEntropy), lifecycle.clone());
        let log = Arc::clone(&logs.accounts);
        let accounts = keizoku_accounts::build(deps.clone(), log, folder.path());
        accounts.await.unwrap();
        let log = Arc::clone(&logs.risk);
        let risk = keizoku_risk::build(deps, log, folder.path());
        risk.await.unwrap();
        Self { folder, lifecycle }
    }

    /// Whether everything that the log of accounts has was read and dealt with.
    fn is_done(&self, head: u64, today: u16) -> bool {
        let ask = |model: &str, sql: &str| -> u64 {
            let path = self.folder.path().join(format!("{model}.model.sqlite"));
            let model = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
            let answer = model
                .unwrap()
                .query_row(sql, [], |row| row.get::<_, i64>(0));
            answer.unwrap().unsigned_abs()
        };
        let read = "SELECT position FROM sources WHERE source = 'accounts'";
        let due = format!("SELECT count(*) FROM churn_dates WHERE date <= {today}");
        ask("accounts", read) == head
            && ask("accounts", &due) == 0
            && ask("risk", read) == head
            && ask("risk", "SELECT count(*) FROM facts") == 0
    }
}

/// What a client of the accounts service would have caused.
async fn departs(log: &dyn EventLog, contact: &str, account: &str) {
    let event = Kind::ContactDeparted(ContactDeparted {
        contact_id: contact.to_owned(),
        account_id: account.to_owned(),
        roles: vec![ContactRole::DecisionMaker.into()],
        departure_date: Some(on(12, 31)),
    });
    let new = NewEvent {
        id: uuid::Uuid::from_u128(1),
        kind: event.type_name(),
        data: event.to_bytes(),
        metadata: Vec::new(),
    };
    let stream = StreamId::new("contact", contact.parse().unwrap());
    log.append(&stream, Revision(1), vec![new]).await.unwrap();
}

fn id(name: &str) -> &str {
    name.rsplit('/').next().unwrap()
}

#[tokio::test]
async fn rx_8_of_two_replicas_one_wins_and_everything_happens_once() {
    let cluster = Cluster::at(BEFORE).await;
    let scene = Scene::new("replicas", cluster.api("csm").await);
    cluster.set("2026-11-25T12:00[Asia/Tokyo]");
    let account = scene.account("緑川印刷", |_| ()).await;
    let subscription = scene.subscription(&account, 100_000, |_| ()).await;
    announce(&scene, &subscription, on(12, 1)).await;
    scene.risk(&account, "予算削減", |_| ()).await;
    scene.risk(&account, "担当者が退職", |_| ()).await;
    let decides = contact(&scene, &account, "あ 決裁", ContactRole::DecisionMaker).await;
    drop(scene);
    let data = cluster.stop().await;

    let noon: Timestamp = "2026-11-25T12:30:00+09:00".parse().unwrap();
    let clock = Arc::new(ManualClock::at(noon));
    let logs = Logs::open(data.path(), &clock);
    let replicas = [
        Replica::over(&logs, &clock).await,
        Replica::over(&logs, &clock).await,
    ];
    departs(&*logs.accounts, id(&decides.name), id(&account.name)).await;
    clock.set(MIDNIGHT.parse().unwrap());
    let today: keizoku_core::Day = "2026-12-01".parse().unwrap();
    let are_done = async || {
        tokio::task::yield_now().await;
        let head = || logs.accounts.head().borrow().position.0;
        let read = head();
        let done = |replica: &Replica| replica.is_done(read, today.number());
        replicas.iter().all(done) && head() == read
    };
    wait_for(are_done, |done| *done).await;
    for replica in &replicas {
        replica.lifecycle.stop();
        assert!(replica.lifecycle.drained().await);
    }
    logs.accounts.close().await;
    logs.risk.close().await;
    let accounts = logs::events(data.path(), "accounts").await;
    let risk = logs::events(data.path(), "risk").await;
    let count =
        |events: &[Recorded], kind: &str| events.iter().filter(|event| event.kind == kind).count();
    assert_eq!(count(&accounts, "subscription_churned"), 1);
    assert_eq!(count(&accounts, "account_churned"), 1);
    assert_eq!(count(&risk, "risk_suggested"), 1);
    assert_eq!(count(&risk, "risk_closure_requested"), 2);
}
