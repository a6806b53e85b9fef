//! The example's accounts and risks, recorded over the API on 2026-11-22 in Tokyo.

use std::collections::BTreeMap;

use keizoku_proto::accounts::{Account, FactKind, RecordContractFactRequest, Subscription, Team};
use keizoku_proto::common::AsOf;
use keizoku_proto::forecast::{
    Basis, ForecastFilter, GetForecastRequest, GetForecastResponse, Scenario,
};
use keizoku_proto::google::r#type::Date;
use keizoku_proto::risk::{
    AssessRiskRequest, CloseRiskRequest, Completion, GetRiskRequest, LeadsToChurn, Risk,
};
use keizoku_testkit::{Cluster, Scene, day, yen};

/// The morning on which everything is recorded.
pub(crate) const MORNING: &str = "2026-11-22T09:00[Asia/Tokyo]";
pub(crate) const NOON: &str = "2026-11-22T12:00[Asia/Tokyo]";

pub(crate) struct Example {
    pub(crate) cluster: Cluster,
    pub(crate) scene: Scene,
    pub(crate) east: Team,
    pub(crate) subscriptions: BTreeMap<&'static str, Subscription>,
    pub(crate) risks: BTreeMap<&'static str, Risk>,
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
    pub(crate) async fn recorded() -> Self {
        let cluster = Cluster::at(MORNING).await;
        let scene = Scene::new("worked example", cluster.api("csm").await);
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
        let mut risks = BTreeMap::new();
        for (key, account, flag) in RISKS {
            let account = &accounts[account];
            let open = scene.risk(account, key, |risk| risk.leads_to_churn = flag.into());
            risks.insert(key, open.await);
        }
        let example = Self {
            cluster,
            scene,
            east,
            subscriptions,
            risks,
        };
        example.close("R8").await;
        example
    }

    pub(crate) async fn close(&self, risk: &str) {
        let request = CloseRiskRequest {
            name: self.risks[risk].name.clone(),
            completion: Completion::Completed.into(),
            completion_date: Some(day(2026, 11, 22)),
            result: "担当者と合意した".to_owned(),
            request_id: self.scene.ids.fresh(),
            ..CloseRiskRequest::default()
        };
        let closed = self.scene.api.risks().close_risk(request).await;
        let closed = closed.unwrap().into_inner();
        self.scene.changed_risks(closed.consistency_token);
    }

    pub(crate) async fn assess(&self, risk: &str, flag: LeadsToChurn) {
        let request = AssessRiskRequest {
            name: self.risks[risk].name.clone(),
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
            name: self.risks[risk].name.clone(),
            consistency_tokens: self.scene.tokens(),
            ..GetRiskRequest::default()
        };
        let answer = self.scene.api.risks().get_risk(request).await;
        answer.unwrap().into_inner().risk.unwrap()
    }

    pub(crate) fn forecast(&self) -> Question<'_> {
        Question {
            example: self,
            request: GetForecastRequest {
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

    pub(crate) fn known_at(mut self, instant: &str) -> Self {
        let instant: jiff::Zoned = instant.parse().unwrap();
        self.as_of().known_at = Some(keizoku_proto::timestamp(instant.timestamp()));
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
