//! A deployment with an account and its CSM, and short words for what is done to an onboarding.

use jiff::Timestamp;
use keizoku_proto::accounts::{Account, User};
use keizoku_proto::common::ImportOutcome;
use keizoku_proto::google::r#type::Date;
use keizoku_proto::healthscore::{IngestSignalsRequest, Signal, SignalKind};
use keizoku_proto::onboarding::{
    AdvanceOnboardingRequest, CompleteTaskRequest, GetOnboardingRequest, ListOnboardingsRequest,
    MoveOnboardingRequest, Onboarding, OnboardingFilter, PublishTemplateRequest,
    RecordKickoffRequest, StartOnboardingRequest, Template, TemplatePhase,
};
use keizoku_testkit::{Cluster, Scene, day};
use tonic::Status;

pub(super) const NOW: &str = "2026-11-24T09:00[Asia/Tokyo]";

pub(super) struct World {
    pub(super) cluster: Cluster,
    pub(super) scene: Scene,
    pub(super) account: Account,
    pub(super) csm: User,
}

impl World {
    pub(super) async fn new(name: &str) -> Self {
        let cluster = Cluster::at(NOW).await;
        let scene = Scene::new(name, cluster.api("csm").await);
        let team = scene.team("Enterprise East").await;
        let csm = scene.user("木村", &team).await;
        let account = scene
            .account("緑川印刷", |account| {
                account.tier = "Enterprise".to_owned();
                account.owner = csm.name.clone();
            })
            .await;
        Self {
            cluster,
            scene,
            account,
            csm,
        }
    }

    /// A new request id.
    pub(super) fn id(&self) -> String {
        self.scene.ids.fresh()
    }

    /// A signal about a customer, which is taken; the token of the change.
    pub(super) async fn tells(
        &self,
        account: &Account,
        (kind, subject): (SignalKind, &str),
        value: i64,
        at: Timestamp,
    ) -> String {
        let signal = Signal {
            account: account.name.clone(),
            kind: kind.into(),
            subject: subject.to_owned(),
            value,
            occur_time: Some(keizoku_proto::timestamp(at)),
            source: "app".to_owned(),
            key: self.id(),
            ..Signal::default()
        };
        let batch = IngestSignalsRequest {
            signals: vec![signal],
            consistency_tokens: self.scene.account_tokens(),
        };
        let mut api = self.scene.api.health_scores();
        let answers = api.ingest_signals(tokio_stream::iter([batch])).await;
        let answer = answers.unwrap().into_inner().message().await.unwrap();
        let answer = answer.unwrap();
        let outcome = answer.results[0].outcome();
        assert_eq!(outcome, ImportOutcome::Created, "{:?}", answer.results);
        answer.consistency_token
    }

    /// Starts the onboarding of `Core` on 2 November, and what `change` does to it.
    pub(super) async fn start(
        &self,
        account: &Account,
        change: impl FnOnce(&mut StartOnboardingRequest),
    ) -> Onboarding {
        let mut request = StartOnboardingRequest {
            parent: account.name.clone(),
            product: "Core".to_owned(),
            start_date: Some(day(2026, 11, 2)),
            request_id: self.id(),
            consistency_tokens: self.scene.account_tokens(),
            ..StartOnboardingRequest::default()
        };
        change(&mut request);
        let mut client = self.scene.api.onboardings();
        let started = client.start_onboarding(request).await.unwrap();
        started.into_inner().onboarding.unwrap()
    }

    pub(super) async fn done(&self, onboarding: &Onboarding, task: &str) -> Onboarding {
        self.note(onboarding, task).await;
        self.get(onboarding).await
    }

    /// Says that a task was done; the token of the change.
    pub(super) async fn note(&self, onboarding: &Onboarding, task: &str) -> String {
        let request = CompleteTaskRequest {
            name: onboarding.name.clone(),
            task: task.to_owned(),
            request_id: self.id(),
            ..CompleteTaskRequest::default()
        };
        let mut client = self.scene.api.onboardings();
        let done = client.complete_task(request).await.unwrap();
        done.into_inner().consistency_token
    }

    /// Records the kickoff, for which the hand-off need not be complete.
    pub(super) async fn kickoff(&self, onboarding: &Onboarding) -> Onboarding {
        let request = RecordKickoffRequest {
            name: onboarding.name.clone(),
            confirmed_wants: "申請の紙をなくす".to_owned(),
            gap: Some(2),
            override_reason: "先方の希望日".to_owned(),
            request_id: self.id(),
            ..RecordKickoffRequest::default()
        };
        let mut client = self.scene.api.onboardings();
        let kickoff = client.record_kickoff(request).await.unwrap();
        kickoff.into_inner().onboarding.unwrap()
    }

    pub(super) async fn advance(&self, onboarding: &Onboarding) -> Result<Onboarding, Status> {
        let request = AdvanceOnboardingRequest {
            name: onboarding.name.clone(),
            request_id: self.id(),
            ..AdvanceOnboardingRequest::default()
        };
        let mut client = self.scene.api.onboardings();
        let answer = client.advance_onboarding(request).await?;
        Ok(answer.into_inner().onboarding.unwrap())
    }

    pub(super) async fn move_to(
        &self,
        onboarding: &Onboarding,
        phase: &str,
        date: Option<Date>,
    ) -> Onboarding {
        let request = MoveOnboardingRequest {
            name: onboarding.name.clone(),
            phase: phase.to_owned(),
            reason: "アドレスは収集済み".to_owned(),
            date,
            request_id: self.id(),
            ..MoveOnboardingRequest::default()
        };
        let mut client = self.scene.api.onboardings();
        let moved = client.move_onboarding(request).await.unwrap();
        moved.into_inner().onboarding.unwrap()
    }

    pub(super) async fn get(&self, onboarding: &Onboarding) -> Onboarding {
        let request = GetOnboardingRequest {
            name: onboarding.name.clone(),
            ..GetOnboardingRequest::default()
        };
        let mut client = self.scene.api.onboardings();
        let got = client.get_onboarding(request).await.unwrap();
        got.into_inner().onboarding.unwrap()
    }

    /// Products of the onboardings that fit, in the order of the list, once it includes `token`.
    pub(super) async fn list(&self, token: &str, filter: OnboardingFilter) -> Vec<String> {
        let request = ListOnboardingsRequest {
            filter: Some(filter),
            consistency_tokens: vec![token.to_owned()],
            ..ListOnboardingsRequest::default()
        };
        let mut client = self.scene.api.onboardings();
        let list = client.list_onboardings(request).await.unwrap().into_inner();
        let products = list.onboardings.into_iter().map(|one| one.product);
        products.collect()
    }

    pub(super) async fn publish(
        &self,
        product: &str,
        tier: &str,
        phases: Vec<TemplatePhase>,
    ) -> Template {
        let request = PublishTemplateRequest {
            product: product.to_owned(),
            tier: tier.to_owned(),
            phases,
            request_id: self.id(),
            ..PublishTemplateRequest::default()
        };
        let mut client = self.scene.api.onboardings();
        let published = client.publish_template(request).await.unwrap();
        published.into_inner().template.unwrap()
    }
}
