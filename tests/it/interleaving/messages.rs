//! NTF-4 through whole services: three notifiers hear of every fact, each in an order of its own, and
//! compete on one log; each fact is told once.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use keizoku_bus::{Bus, BusError, LocalBus, Source, Subscription};
use keizoku_cli::server::config::Config;
use keizoku_core::{ManualClock, Position, SystemEntropy};
use keizoku_log::EventLog;
use keizoku_log::sqlite::{SqliteLog, SqliteOptions};
use keizoku_notification::{SOURCE, Service};
use keizoku_proto::StoredEvent as _;
use keizoku_proto::accounts::{FactKind, RecordContractFactRequest};
use keizoku_proto::notification::event::Kind;
use keizoku_runtime::read_model::rusqlite::{Connection, OpenFlags};
use keizoku_runtime::{Calendar, Deps, Lifecycle, Token};
use keizoku_testkit::peer::{SlackPeer, SmtpPeer};
use keizoku_testkit::{Cluster, Scene, day};
use tempfile::TempDir;
use tokio::sync::watch;

use super::bus::PacedBus;
use super::world::Logs;
use crate::notification::world::{configure, team};
use crate::random::Random;

const SOURCES: [&str; 3] = [
    keizoku_accounts::SOURCE,
    keizoku_risk::SOURCE,
    keizoku_onboarding::SOURCE,
];
const NOTIFIERS: usize = 3;
/// Orders that are tried, each from its number.
const ORDERS: u64 = 8;
/// Facts of each of the two services.
const FACTS: usize = 4;

fn at(text: &str) -> Timestamp {
    let zoned: Zoned = text.parse().unwrap();
    zoned.timestamp()
}

/// The own log as it is, all others as far as the test lets it.
struct OwnBeside {
    own: Arc<LocalBus>,
    others: Arc<PacedBus>,
}

#[tonic::async_trait]
impl Bus for OwnBeside {
    async fn source(&self, source: &str) -> Result<Source, BusError> {
        if source == SOURCE {
            self.own.source(source).await
        } else {
            self.others.source(source).await
        }
    }

    async fn subscribe(&self, source: &str, after: Position) -> Result<Subscription, BusError> {
        if source == SOURCE {
            self.own.subscribe(source, after).await
        } else {
            self.others.subscribe(source, after).await
        }
    }
}

/// Facts to tell: risks and announced cancellations, each of a team with a channel of its own.
async fn record() -> TempDir {
    let cluster = Cluster::at("2026-11-25T12:00[Asia/Tokyo]").await;
    let scene = Scene::new("messages", cluster.api("csm").await);
    for number in 0..2 * FACTS {
        let team = team(&scene, "チーム", &format!("#team-{number}")).await;
        let owned = scene.account("緑川印刷", |account| account.pool = team.name);
        let account = owned.await;
        if number % 2 == 0 {
            scene.risk(&account, "担当者が退職", |_| {}).await;
            continue;
        }
        let subscription = scene.subscription(&account, 300_000, |_| {}).await;
        let announced = RecordContractFactRequest {
            name: subscription.name,
            kind: FactKind::CancellationAnnounced.into(),
            effective_date: Some(day(2026, 12, 31)),
            reason_code: "price".to_owned(),
            reason: "予算の削減".to_owned(),
            request_id: scene.ids.fresh(),
            ..RecordContractFactRequest::default()
        };
        let mut accounts = scene.api.accounts();
        accounts.record_contract_fact(announced).await.unwrap();
    }
    drop(scene);
    cluster.stop().await
}

/// One that plans and sends, and what lets it hear of more.
struct Notifier {
    service: Service,
    paces: BTreeMap<&'static str, watch::Sender<Position>>,
    model: PathBuf,
}

/// Several of them on one log of their own, each with models of its own.
struct Notifiers<'l> {
    logs: &'l Logs,
    own: Arc<dyn EventLog>,
    all: Vec<Notifier>,
    lifecycle: Lifecycle,
    _folder: TempDir,
}

impl<'l> Notifiers<'l> {
    /// Activated before anything was recorded.
    async fn over(logs: &'l Logs, config: &Config) -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Arc::new(ManualClock::at(at("2026-11-25T11:59[Asia/Tokyo]")));
        let path = folder.path().join("own.log.sqlite");
        let options = SqliteOptions::new(path, Arc::clone(&clock) as _, Arc::new(SystemEntropy));
        let own: Arc<dyn EventLog> = Arc::new(SqliteLog::open(options).unwrap());
        let calendar = Calendar::new(
            Arc::clone(&clock) as _,
            TimeZone::get("Asia/Tokyo").unwrap(),
        );
        let local = SOURCES.iter().fold(LocalBus::new(), |bus, source| {
            bus.with(source, Arc::clone(logs.log(source)))
        });
        let local = Arc::new(local.with(SOURCE, Arc::clone(&own)));
        let lifecycle = Lifecycle::new();
        let bus = Arc::clone(&local) as Arc<dyn Bus>;
        let deps = Deps::new(bus, calendar, Arc::new(SystemEntropy), lifecycle.clone());
        let mut all = Vec::new();
        for number in 0..NOTIFIERS {
            let (others, paces) = PacedBus::new(Arc::clone(&local), &SOURCES);
            let bus = OwnBeside {
                own: Arc::clone(&local),
                others,
            };
            let deps = Deps {
                bus: Arc::new(bus),
                ..deps.clone()
            };
            let place = folder.path().join(number.to_string());
            std::fs::create_dir(&place).unwrap();
            let config = config.notification.clone();
            let service = keizoku_notification::build(deps, Arc::clone(&own), config, &place).await;
            let service = service.unwrap();
            service.freshness().ready().await;
            all.push(Notifier {
                service,
                paces,
                model: place.join("notification.model.sqlite"),
            });
        }
        clock.set(at("2026-11-25T12:10[Asia/Tokyo]"));
        Self {
            logs,
            own,
            all,
            lifecycle,
            _folder: folder,
        }
    }

    /// Lets each hear of everything, in an order that follows from `seed`.
    async fn hear_everything(&self, seed: u64) {
        let mut random = Random::of(seed);
        let ends = SOURCES.map(|source| self.logs.log(source).head().borrow().position.0);
        let mut readings: Vec<(usize, usize, u64)> = (0..NOTIFIERS)
            .flat_map(|notifier| (0..SOURCES.len()).map(move |source| (notifier, source, 0)))
            .collect();
        while !readings.is_empty() {
            let chosen = usize::try_from(random.below(readings.len() as u64)).unwrap();
            let (notifier, source, read) = &mut readings[chosen];
            *read += 1 + random.below(ends[*source] - *read);
            let (to, name) = (Position(*read), SOURCES[*source]);
            self.all[*notifier].paces[name].send_replace(to);
            // Nobody waits for what says itself what it is about.
            if name != keizoku_onboarding::SOURCE {
                let token = Token::of(self.logs.log(name).log_id(), to).encode();
                let heard = self.all[*notifier].service.freshness().wait(&[token]).await;
                heard.unwrap_or_else(|failure| panic!("{}", tonic::Status::from(failure)));
            }
            if *read == ends[*source] {
                readings.swap_remove(chosen);
            }
        }
    }

    /// Waits until none of them has a fact left to plan.
    async fn planned_everything(&self) {
        for notifier in &self.all {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
            let model = Connection::open_with_flags(&notifier.model, flags).unwrap();
            let count = || model.query_row("SELECT count(*) FROM facts", [], |row| row.get(0));
            while count().is_ok_and(|facts: u32| facts > 0) {
                tokio::task::yield_now().await;
            }
        }
    }

    /// What they recorded, in the end.
    async fn stop(self) -> Vec<Kind> {
        self.lifecycle.stop();
        assert!(self.lifecycle.drained().await, "something goes on");
        let events = self.own.read_all(Position::START, 1_000).await.unwrap();
        self.own.close().await;
        let kinds = events.iter().map(|event| Kind::from_bytes(&event.data));
        kinds.collect::<Result<_, _>>().unwrap()
    }
}

#[tokio::test]
async fn ntf_4_what_three_notifiers_hear_of_in_any_order_is_told_once() {
    let folder = record().await;
    let logs = Logs::of(folder.path(), at("2026-11-25T12:10[Asia/Tokyo]"));
    let secrets = TempDir::new().unwrap();
    for order in 0..ORDERS {
        let (slack, smtp) = (SlackPeer::start().await, SmtpPeer::plain().await);
        let mut config = Config::default();
        configure(&mut config, secrets.path(), &slack, &smtp);
        let notifiers = Notifiers::over(&logs, &config).await;
        notifiers.hear_everything(order).await;
        notifiers.planned_everything().await;
        slack.arrived(2 * FACTS).await;
        let recorded = notifiers.stop().await;
        let count = |is_so: fn(&Kind) -> bool| recorded.iter().filter(|kind| is_so(kind)).count();
        let counts = [
            count(|kind| matches!(kind, Kind::FactRouted(_))),
            count(|kind| matches!(kind, Kind::DeliveryPlanned(_))),
            count(|kind| matches!(kind, Kind::AttemptStarted(_))),
            count(|kind| matches!(kind, Kind::Delivered(_))),
        ];
        assert_eq!(counts, [2 * FACTS; 4], "order {order}");
        let mut channels: Vec<String> = slack
            .got()
            .iter()
            .map(|posted| posted.channel().to_owned())
            .collect();
        channels.sort();
        let expected: Vec<String> = (0..2 * FACTS)
            .map(|number| format!("#team-{number}"))
            .collect();
        assert_eq!(channels, expected, "order {order}");
    }
    logs.close().await;
}
