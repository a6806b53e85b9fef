//! The example's accounts and risks, recorded over the API.

use std::collections::BTreeMap;

use keizoku_cli::client::Connection;
use keizoku_proto::accounts::{Account, FactKind, RecordContractFactRequest, Subscription, Team};
use keizoku_proto::common::AsOf;
use keizoku_proto::forecast::{
    Basis, ForecastFilter, GetForecastRequest, GetForecastResponse, Scenario,
};
use keizoku_proto::google::r#type::Date;
use keizoku_proto::risk::{
    AssessRiskRequest, CloseRiskRequest, Completion, GetRiskRequest, ImportRisksRequest,
    LeadsToChurn, Risk, RiskDescription,
};
use keizoku_testkit::{Cluster, Deployment, Scene, day, yen};
use prost_reflect::prost_types::Timestamp;
use tempfile::TempDir;

/// The day of the tables, and two instants of it.
pub(crate) const TODAY: Date = day(2026, 11, 22);
const MORNING: &str = "2026-11-22T09:00[Asia/Tokyo]";
const NOON: &str = "2026-11-22T12:00[Asia/Tokyo]";
/// How the closed risks landed.
const RESULT: &str = "担当者と合意した";

pub(crate) struct Example {
    host: Host,
    /// When the tables were complete.
    known: Timestamp,
    pub(crate) scene: Scene,
    pub(crate) east: Team,
    pub(crate) subscriptions: BTreeMap<&'static str, Subscription>,
    pub(crate) risks: BTreeMap<&'static str, String>,
}

/// What answers.
enum Host {
    Cluster(Cluster),
    Binary(Deployment, TempDir),
}

impl Host {
    async fn api(&self) -> Connection {
        match self {
            Self::Cluster(cluster) => cluster.api("csm").await,
            Self::Binary(deployment, _) => deployment.api("csm").await,
        }
    }

    /// Nothing on the virtual clock, so that the defaults are proven too.
    fn as_of(&self) -> AsOf {
        AsOf {
            on: match self {
                Self::Cluster(_) => None,
                Self::Binary(..) => Some(TODAY),
            },
            ..AsOf::default()
        }
    }
}

/// Account, name, group, whether team East looks after it, MRR, next renewal.
type AccountRow = (
    &'static str,
    &'static str,
    &'static str,
    bool,
    i64,
    Option<(i32, i32, i32)>,
);

const ACCOUNTS: [AccountRow; 7] = [
    (
        "A1",
        "あおば製作所",
        "G1",
        true,
        300_000,
        Some((2026, 12, 31)),
    ),
    ("A2", "あおば販売", "G1", true, 200_000, Some((2027, 3, 31))),
    ("A3", "北斗物流", "", false, 500_000, Some((2026, 12, 15))),
    (
        "A4",
        "みなと食品",
        "",
        false,
        1_000_000,
        Some((2027, 3, 31)),
    ),
    ("A5", "こだま商事", "", true, 400_000, Some((2026, 10, 31))),
    ("A6", "すばる設計", "", false, 100_000, None),
    (
        "A7",
        "ひかり印刷",
        "",
        false,
        2_500_000,
        Some((2027, 6, 30)),
    ),
];

const RISKS: [(&str, &str, LeadsToChurn); 8] = [
    ("R1", "A1", LeadsToChurn::LeadsToChurn),
    ("R2", "A1", LeadsToChurn::LeadsToChurn),
    ("R3", "A2", LeadsToChurn::LeadsToChurn),
    ("R4", "A3", LeadsToChurn::UnknownAtPresent),
    ("R5", "A4", LeadsToChurn::LeadsToChurn),
    ("R6", "A5", LeadsToChurn::LeadsToChurn),
    ("R7", "A6", LeadsToChurn::LeadsToChurn),
    ("R8", "A7", LeadsToChurn::LeadsToChurn),
];

impl Example {
    /// On a virtual clock that shows the example's day.
    pub(crate) async fn on_its_day() -> Self {
        Self::recorded(Host::Cluster(Cluster::at(MORNING).await)).await
    }

    /// By the running binary, whatever day it is: every question names the example's day.
    pub(crate) async fn by_the_binary() -> Self {
        let data = TempDir::new().unwrap();
        let whole = Deployment::whole(data.path());
        Self::recorded(Host::Binary(whole, data)).await
    }

    /// The same, by one process for each service.
    pub(crate) async fn by_processes() -> Self {
        let data = TempDir::new().unwrap();
        let split = Deployment::split(data.path());
        Self::recorded(Host::Binary(split, data)).await
    }

    async fn recorded(host: Host) -> Self {
        let scene = Scene::new("worked example", host.api().await);
        let east = scene.team("East").await;
        let west = scene.team("West").await;
        let in_east = scene.user("鈴木", &east).await;
        let in_west = scene.user("佐藤", &west).await;
        let mut accounts: BTreeMap<_, Account> = BTreeMap::new();
        let mut subscriptions = BTreeMap::new();
        for (key, name, group, is_east, mrr, renewal) in ACCOUNTS {
            let owner = if is_east { &in_east } else { &in_west };
            let account = scene
                .account(name, |account| {
                    account.group = group.to_owned();
                    account.owner.clone_from(&owner.name);
                })
                .await;
            let subscription = scene
                .subscription(&account, mrr, |request| {
                    let terms = request.terms.get_or_insert_default();
                    terms.next_renewal_date = renewal.map(|(y, m, d)| day(y, m, d));
                })
                .await;
            accounts.insert(key, account);
            subscriptions.insert(key, subscription);
        }
        let mut example = Self {
            known: Timestamp::default(),
            host,
            scene,
            east,
            subscriptions,
            risks: BTreeMap::new(),
        };
        for (key, account, flag) in RISKS {
            let name = example.open(key, &accounts[account], flag).await;
            example.risks.insert(key, name);
        }
        example.close("R8").await;
        example.known = example.risk("R8").await.update_time.unwrap();
        example
    }

    /// Files a risk on the example's day. On another day that is what an import is for.
    async fn open(&self, key: &str, account: &Account, flag: LeadsToChurn) -> String {
        if let Host::Binary(..) = self.host {
            return self
                .import(key, &account.name, flag, Completion::Unspecified)
                .await;
        }
        let open = self
            .scene
            .risk(account, key, |risk| risk.leads_to_churn = flag.into());
        open.await.name
    }

    async fn import(
        &self,
        key: &str,
        account: &str,
        flag: LeadsToChurn,
        completion: Completion,
    ) -> String {
        let row = ImportRisksRequest {
            external_id: format!("crm:{key}"),
            account: account.to_owned(),
            description: Some(RiskDescription {
                display_name: key.to_owned(),
                ..RiskDescription::default()
            }),
            leads_to_churn: flag.into(),
            open_date: Some(TODAY),
            completion: completion.into(),
            completion_date: Some(TODAY),
            result: RESULT.to_owned(),
            consistency_tokens: self.scene.tokens(),
            ..ImportRisksRequest::default()
        };
        let rows = tokio_stream::once(row);
        let answers = self.scene.api.risks().import_risks(rows).await.unwrap();
        let answer = answers.into_inner().message().await.unwrap().unwrap();
        assert_eq!(answer.message, "");
        self.scene.changed_risks(answer.consistency_token);
        answer.name
    }

    /// A little later on the same day.
    pub(crate) fn later(&self) {
        if let Host::Cluster(cluster) = &self.host {
            cluster.set(NOON);
        }
    }

    /// The same after a restart.
    pub(crate) async fn restarted(mut self) -> Self {
        self.host = match self.host {
            Host::Cluster(cluster) => Host::Cluster(cluster.restart().await),
            Host::Binary(deployment, data) => Host::Binary(deployment.restarted().await, data),
        };
        self.scene.api = self.host.api().await;
        self
    }

    pub(crate) async fn close(&self, risk: &str) {
        let name = self.risks[risk].clone();
        if let Host::Binary(..) = self.host {
            let (account, _) = name.split_once("/risks/").unwrap();
            let flag = LeadsToChurn::LeadsToChurn;
            self.import(risk, account, flag, Completion::Completed)
                .await;
            return;
        }
        let request = CloseRiskRequest {
            name,
            completion: Completion::Completed.into(),
            completion_date: Some(TODAY),
            result: RESULT.to_owned(),
            request_id: self.scene.ids.fresh(),
            ..CloseRiskRequest::default()
        };
        let closed = self.scene.api.risks().close_risk(request).await;
        let closed = closed.unwrap().into_inner();
        self.scene.changed_risks(closed.consistency_token);
    }

    pub(crate) async fn assess(&self, risk: &str, flag: LeadsToChurn) {
        let request = AssessRiskRequest {
            name: self.risks[risk].clone(),
            leads_to_churn: flag.into(),
            request_id: self.scene.ids.fresh(),
            ..AssessRiskRequest::default()
        };
        let assessed = self.scene.api.risks().assess_risk(request).await;
        let assessed = assessed.unwrap().into_inner();
        self.scene.changed_risks(assessed.consistency_token);
    }

    /// A1 pays 100,000 more from `from` on.
    pub(crate) async fn expand_a1(&self, from: Date) {
        let request = RecordContractFactRequest {
            name: self.subscriptions["A1"].name.clone(),
            kind: FactKind::Expanded.into(),
            effective_date: Some(from),
            mrr: Some(yen(400_000)),
            request_id: self.scene.ids.fresh(),
            ..RecordContractFactRequest::default()
        };
        let recorded = self
            .scene
            .api
            .accounts()
            .record_contract_fact(request)
            .await;
        let recorded = recorded.unwrap().into_inner();
        self.scene.changed_accounts(recorded.consistency_token);
    }

    pub(crate) async fn risk(&self, risk: &str) -> Risk {
        let request = GetRiskRequest {
            name: self.risks[risk].clone(),
            as_of: Some(self.host.as_of()),
            consistency_tokens: self.scene.tokens(),
        };
        let answer = self.scene.api.risks().get_risk(request).await;
        answer.unwrap().into_inner().risk.unwrap()
    }

    pub(crate) fn forecast(&self) -> Question<'_> {
        Question {
            example: self,
            request: GetForecastRequest {
                as_of: Some(self.host.as_of()),
                consistency_tokens: self.scene.tokens(),
                ..GetForecastRequest::default()
            },
        }
    }
}

/// A forecast to ask for.
pub(crate) struct Question<'a> {
    example: &'a Example,
    request: GetForecastRequest,
}

impl Question<'_> {
    pub(crate) fn by_group(mut self) -> Self {
        self.request.basis = Basis::Group.into();
        self
    }

    pub(crate) fn scenario(mut self, scenario: Scenario) -> Self {
        self.request.scenario = scenario.into();
        self
    }

    pub(crate) fn team(mut self, team: &Team) -> Self {
        self.request.filter = Some(ForecastFilter {
            team: team.name.clone(),
            ..ForecastFilter::default()
        });
        self
    }

    pub(crate) fn on(mut self, on: Date) -> Self {
        self.as_of().on = Some(on);
        self
    }

    /// As it was known when the tables were complete.
    pub(crate) fn known_then(mut self) -> Self {
        self.as_of().known_at = Some(self.example.known);
        self
    }

    fn as_of(&mut self) -> &mut AsOf {
        self.request.as_of.get_or_insert_default()
    }

    pub(crate) async fn answer(self) -> GetForecastResponse {
        let api = &self.example.scene.api;
        let answer = api.forecasts().get_forecast(self.request).await;
        answer.unwrap().into_inner()
    }

    /// The rows as bucket, MRR and ppm; the total last.
    pub(crate) async fn rows(self) -> Vec<(String, i64, i64)> {
        rows(&self.answer().await)
    }
}

pub(crate) fn rows(answer: &GetForecastResponse) -> Vec<(String, i64, i64)> {
    let buckets = answer.buckets.iter().chain(&answer.total);
    buckets
        .map(|bucket| {
            let mrr = bucket.mrr.as_ref().unwrap().minor_units;
            let rate = bucket.churn_rate.unwrap();
            assert_eq!(rate.numerator, mrr, "{}", bucket.key);
            (bucket.key.clone(), mrr, rate.ppm.unwrap())
        })
        .collect()
}
