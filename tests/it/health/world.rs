//! A customer whose contract began on 1 April 2025, and signals about it.

use futures::StreamExt as _;
use keizoku_proto::accounts::{
    Account, AssignAccountRequest, ConfigureOrganisationRequest, MergeAccountsRequest, Organisation,
};
use keizoku_proto::common::ImportOutcome;
use keizoku_proto::healthscore::{
    GetHealthRequest, GetHealthResponse, Health, HealthStep, IngestSignalsRequest,
    ListHealthHistoryRequest, Signal, SignalKind, SignalResult,
};
use keizoku_testkit::{Cluster, Scene, day};

pub(super) const NOW: &str = "2026-11-22T09:00[Asia/Tokyo]";

pub(super) struct World {
    pub(super) cluster: Cluster,
    pub(super) scene: Scene,
    pub(super) account: Account,
}

impl World {
    pub(super) async fn new() -> Self {
        let cluster = Cluster::at(NOW).await;
        let scene = Scene::new("health", cluster.api("ops").await);
        let account = scene
            .account("緑川印刷", |account| account.tier = "Mid".to_owned())
            .await;
        scene.subscription(&account, 100_000, |_| {}).await;
        Self {
            cluster,
            scene,
            account,
        }
    }

    /// A signal about the customer, at an instant.
    pub(super) fn signal(&self, kind: SignalKind, value: i64, at: &str) -> Signal {
        Signal {
            account: self.account.name.clone(),
            kind: kind.into(),
            value,
            occur_time: Some(instant(at)),
            source: "app".to_owned(),
            key: format!("{}-{at}", kind.as_str_name()),
            ..Signal::default()
        }
    }

    /// The same customer, after a restart.
    pub(super) async fn reconnected(self) -> Self {
        let scene = Scene::new("after", self.cluster.api("ops").await);
        Self { scene, ..self }
    }

    /// Sends a batch of good signals.
    pub(super) async fn send_one(&self, signals: Vec<Signal>) {
        let (results, token) = self.send(vec![signals]).await;
        let created = outcomes(&results[0])
            .iter()
            .all(|one| *one == ImportOutcome::Created);
        assert!(created, "{results:?}");
        // The token of the scene that no risk needs here.
        self.scene.changed_risks(token);
    }

    /// The customer's health at an instant; now where it is empty.
    pub(super) async fn health(&self, at: &str) -> Health {
        let time = (!at.is_empty()).then(|| instant(at));
        let answer = self.ask(&self.account.name, time).await;
        answer.unwrap().into_inner().health.unwrap()
    }

    /// Every step of the customer's score so far.
    pub(super) async fn history(&self) -> Vec<HealthStep> {
        let request = ListHealthHistoryRequest {
            account: self.account.name.clone(),
            page_size: 1_000,
            consistency_tokens: self.scene.tokens(),
            ..ListHealthHistoryRequest::default()
        };
        let mut api = self.scene.api.health_scores();
        let answer = api.list_health_history(request).await;
        answer.unwrap().into_inner().steps
    }

    /// Puts the customer into another tier from a date of November 2026 on.
    pub(super) async fn change_tier(&self, tier: &str, of_month: i32) {
        let request = AssignAccountRequest {
            name: self.account.name.clone(),
            tier: Some(tier.to_owned()),
            effective_date: Some(day(2026, 11, of_month)),
            request_id: self.scene.ids.fresh(),
            ..AssignAccountRequest::default()
        };
        let answer = self.scene.api.accounts().assign_account(request).await;
        let token = answer.unwrap().into_inner().consistency_token;
        self.scene.changed_accounts(token);
    }

    /// Moves the organisation to another time zone.
    pub(super) async fn move_to(&self, time_zone: &str) {
        let request = ConfigureOrganisationRequest {
            organisation: Some(Organisation {
                time_zone: time_zone.to_owned(),
                ..Organisation::default()
            }),
            update_mask: vec!["time_zone".to_owned()],
            request_id: self.scene.ids.fresh(),
            ..ConfigureOrganisationRequest::default()
        };
        let mut api = self.scene.api.directory();
        let answer = api.configure_organisation(request).await;
        let token = answer.unwrap().into_inner().consistency_token;
        self.scene.changed_accounts(token);
    }

    /// Merges another account into the customer.
    pub(super) async fn merge(&self, duplicate: &Account) {
        let request = MergeAccountsRequest {
            duplicate: duplicate.name.clone(),
            survivor: self.account.name.clone(),
            request_id: self.scene.ids.fresh(),
        };
        let answer = self.scene.api.accounts().merge_accounts(request).await;
        let token = answer.unwrap().into_inner().consistency_token;
        self.scene.changed_accounts(token);
    }

    /// Asks for an account's health.
    pub(super) async fn ask(
        &self,
        account: &str,
        time: Option<prost_reflect::prost_types::Timestamp>,
    ) -> Result<tonic::Response<GetHealthResponse>, tonic::Status> {
        let request = GetHealthRequest {
            account: account.to_owned(),
            time,
            consistency_tokens: self.scene.tokens(),
        };
        self.scene.api.health_scores().get_health(request).await
    }

    /// Sends batches; the results of each, and the token of the last.
    pub(super) async fn send(&self, batches: Vec<Vec<Signal>>) -> (Vec<Vec<SignalResult>>, String) {
        let tokens = self.scene.account_tokens();
        let batches = batches
            .into_iter()
            .map(move |signals| IngestSignalsRequest {
                signals,
                consistency_tokens: tokens.clone(),
            });
        let mut api = self.scene.api.health_scores();
        let answers = api.ingest_signals(tokio_stream::iter(batches)).await;
        let mut answers = answers.unwrap().into_inner();
        let (mut results, mut token) = (Vec::new(), String::new());
        while let Some(answer) = answers.next().await {
            let answer = answer.unwrap();
            results.push(answer.results);
            token = answer.consistency_token;
        }
        (results, token)
    }
}

pub(super) fn instant(text: &str) -> prost_reflect::prost_types::Timestamp {
    keizoku_proto::timestamp(text.parse().unwrap())
}

pub(super) fn outcomes(results: &[SignalResult]) -> Vec<ImportOutcome> {
    results.iter().map(SignalResult::outcome).collect()
}

pub(super) fn reasons(results: &[SignalResult]) -> Vec<&str> {
    results
        .iter()
        .map(|result| result.reason.as_str())
        .collect()
}
