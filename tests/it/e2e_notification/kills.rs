//! A hundred kills of the notifier between planning, sending and recording, against a peer that
//! counts: nothing is lost, and there are no more copies than ambiguous attempts are listed (NTF-4).

use std::collections::HashMap;

use keizoku_proto::accounts::{Account, DefineTeamRequest, Team};
use keizoku_proto::notification::{Delivery, DeliveryState, ListDeliveriesRequest};
use keizoku_proto::risk::{LeadsToChurn, OpenRiskRequest};
use keizoku_testkit::peer::SlackPeer;
use keizoku_testkit::{Process, Scene, Serve};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::serve;

/// Channels, so that a message need not wait until another one's second is over.
const CHANNELS: usize = 10;
/// Deaths at each of [`POINTS`].
const AT_EACH_POINT: usize = 15;
/// Points between planning and recording. The process ends there as a kill would end it.
const POINTS: [&str; 4] = [
    "notification.plan.after",
    "notification.send.before",
    "notification.send.after",
    "command.append.after",
];
/// Kills at whatever moment, on each of two deployments.
const AT_ANY_MOMENT: usize = 20;
const KILLS: usize = AT_EACH_POINT * POINTS.len() + 2 * AT_ANY_MOMENT;

/// One deployment that is killed over and over, its peer, and everything that was asked of it.
struct Victim {
    data: TempDir,
    secrets: TempDir,
    slack: SlackPeer,
    accounts: Vec<Account>,
    asked: Vec<OpenRiskRequest>,
}

impl Victim {
    /// Set up in peace: accounts of teams that have a channel each.
    async fn new() -> Self {
        let (data, secrets) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let slack = SlackPeer::start().await;
        let process = serve(data.path(), secrets.path(), &slack).start();
        let scene = Scene::new("setup", process.api("ops").await);
        let mut accounts = Vec::new();
        for number in 0..CHANNELS {
            let team = Team {
                display_name: format!("チーム{number}"),
                slack_channel: format!("#team-{number}"),
                ..Team::default()
            };
            let request = DefineTeamRequest {
                team: Some(team),
                request_id: scene.ids.fresh(),
            };
            let team = scene.api.directory().define_team(request).await.unwrap();
            let team = team.into_inner().team.unwrap();
            let owned = scene.account("緑川印刷", |account| account.pool = team.name);
            accounts.push(owned.await);
        }
        process.stop().await;
        Self {
            data,
            secrets,
            slack,
            accounts,
            asked: Vec::new(),
        }
    }

    fn serve(&self) -> Serve {
        serve(self.data.path(), self.secrets.path(), &self.slack)
    }

    /// Asks for one more risk; whoever is asked may die of it.
    async fn ask(&mut self, process: &Process) {
        let number = self.asked.len();
        let Some(api) = process.try_api("ops").await else {
            return; // dead already, of what was left to do
        };
        let request = OpenRiskRequest {
            parent: self.accounts[number % CHANNELS].name.clone(),
            display_name: format!("リスク{number}"),
            leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
            request_id: keizoku_core::derive_id("kill", &[&number.to_be_bytes()]).to_string(),
            ..OpenRiskRequest::default()
        };
        self.asked.push(request.clone());
        drop(api.risks().open_risk(request).await);
    }

    /// Lives that end at a point, again and again.
    async fn die_at(mut self, point: &str) -> usize {
        for life in 0..AT_EACH_POINT {
            let times = match point {
                // The fact on which the life before died is planned again: the next one counts.
                "notification.plan.after" => 1 + usize::from(life > 0),
                // Each of the appends that a message costs.
                "command.append.after" => 1 + life % 4,
                _ => 1,
            };
            let doomed = self.serve().crashing_at(&format!("{point}:{times}"));
            let ended = match doomed.try_start() {
                Ok(process) => {
                    self.ask(&process).await;
                    process.exited().await
                }
                Err(ended) => ended,
            };
            assert!(ended.signal().is_some(), "{point}, life {life}: {ended:?}");
        }
        self.account_for(point).await;
        AT_EACH_POINT
    }

    /// Lives that end when the risk is answered, when its message is read, or when that is recorded.
    async fn die_at_any_moment(mut self) -> usize {
        let mut process = self.serve().start();
        for life in 0..AT_ANY_MOMENT {
            let before = self.slack.got().len();
            self.ask(&process).await;
            match life % 3 {
                0 => {}
                1 => drop(self.slack.wait_for(before + 1).await),
                _ => {
                    let delivered = found_where(&process, |found| {
                        let delivered = found.iter().filter(|found| is_delivered(found));
                        let name = format!("「リスク{life}」");
                        delivered
                            .into_iter()
                            .any(|found| title(found).contains(&name))
                    });
                    drop(delivered.await);
                }
            }
            process.kill();
            process = self.serve().start();
        }
        drop(process);
        self.account_for("any moment").await;
        AT_ANY_MOMENT
    }

    /// In peace again: clients repeat what they asked for, and every copy is accounted for.
    async fn account_for(self, place: &str) {
        let process = self.serve().start();
        let api = process.api("ops").await;
        for request in &self.asked {
            api.risks().open_risk(request.clone()).await.unwrap();
        }
        let is_open = |found: &Delivery| {
            matches!(
                found.state(),
                DeliveryState::Pending | DeliveryState::Attempting
            )
        };
        let asked = self.asked.len();
        let found = found_where(&process, |found| {
            found.len() >= asked && !found.iter().any(is_open)
        });
        let found = found.await;
        assert_eq!(found.len(), asked, "{place}: each is planned once");
        let mut copies: HashMap<String, u32> = HashMap::new();
        for posted in self.slack.got() {
            let text = posted.text();
            let (_, name) = text.split_once('「').unwrap();
            let (name, _) = name.split_once('」').unwrap();
            *copies.entry(name.to_owned()).or_default() += 1;
        }
        for number in 0..asked {
            let name = format!("リスク{number}");
            let of_risk = |found: &&Delivery| title(found).contains(&format!("「{name}」"));
            let listed = found.iter().find(of_risk).unwrap();
            let copies = copies.get(&name).copied().unwrap_or(0);
            let (ambiguous, arrived) = (listed.ambiguous_attempts, is_delivered(listed));
            let all = format!("{place}, {name}: {copies} copies, {listed:?}");
            // One that died over and over while it was sent is for people to look at.
            assert!(
                arrived || listed.state() == DeliveryState::Ambiguous,
                "{all}"
            );
            assert!(copies >= u32::from(arrived), "lost at {all}");
            assert!(copies <= u32::from(arrived) + ambiguous, "hidden at {all}");
        }
        process.stop().await;
    }
}

fn is_delivered(found: &Delivery) -> bool {
    found.state() == DeliveryState::Delivered
}

fn title(found: &Delivery) -> &str {
    let message = found.message.as_ref();
    message.map_or("", |message| message.title.as_str())
}

/// All deliveries, once `is_so` holds for them.
async fn found_where(process: &Process, is_so: impl Fn(&[Delivery]) -> bool) -> Vec<Delivery> {
    let api = process.api("ops").await;
    loop {
        let request = ListDeliveriesRequest {
            page_size: 1_000,
            ..ListDeliveriesRequest::default()
        };
        let answer = api.notifications().list_deliveries(request).await;
        let found = answer.unwrap().into_inner().deliveries;
        if is_so(&found) {
            return found;
        }
    }
}

/// Deployments side by side: most of a life is waiting for the disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn ntf_4_a_hundred_kills_lose_no_message_and_hide_no_copy() {
    let mut victims = JoinSet::new();
    for point in POINTS {
        victims.spawn(async move { Victim::new().await.die_at(point).await });
    }
    for _ in 0..2 {
        victims.spawn(async { Victim::new().await.die_at_any_moment().await });
    }
    let kills: usize = victims.join_all().await.into_iter().sum();
    assert_eq!((kills, KILLS), (100, 100));
}
