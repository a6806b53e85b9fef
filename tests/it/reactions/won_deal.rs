//! The first won deal of an account and product requests the hand-off (RX-1).

use keizoku_proto::accounts::import_records_request::Record;
use keizoku_proto::accounts::{
    Account, AccountFields, Deal, DealTerms, FactKind, ImportRecordsRequest, ImportedDeal,
    RecordDealRequest, User, WinDealRequest,
};
use keizoku_proto::common::ImportOutcome;
use keizoku_proto::onboarding::{
    ListOnboardingsRequest, Onboarding, OnboardingFilter, OnboardingState,
    RelaunchOnboardingRequest, StartOnboardingRequest,
};
use keizoku_testkit::{Cluster, Scene, logs, yen};
use tokio_stream::StreamExt as _;

use super::{ends, forget_model, on, wait_for};

const BEFORE: &str = "2026-11-25T11:59[Asia/Tokyo]";
const NOW: &str = "2026-11-25T12:00[Asia/Tokyo]";

struct World {
    cluster: Cluster,
    scene: Scene,
    csm: User,
    sales: User,
}

impl World {
    async fn new(name: &str) -> Self {
        let cluster = Cluster::at(BEFORE).await;
        cluster.set(NOW);
        let scene = Scene::new(name, cluster.api("ops").await);
        let team = scene.team("Enterprise East").await;
        let csm = scene.user("木村", &team).await;
        let sales = scene.user("佐藤", &team).await;
        Self {
            cluster,
            scene,
            csm,
            sales,
        }
    }

    async fn account(&self, name: &str) -> Account {
        let owned = |account: &mut AccountFields| {
            account.tier = "SMB".to_owned();
            account.owner = self.csm.name.clone();
            account.external_ids = vec![format!("crm:{name}")];
        };
        self.scene.account(name, owned).await
    }

    async fn deal(&self, account: &Account, product: &str, won: bool) -> Deal {
        let request = RecordDealRequest {
            parent: account.name.clone(),
            display_name: format!("{product} 導入"),
            close_date: Some(on(11, 20)),
            amount: Some(yen(1_440_000)),
            product: product.to_owned(),
            salesperson: self.sales.name.clone(),
            won,
            request_id: self.scene.ids.fresh(),
            ..RecordDealRequest::default()
        };
        let recorded = self.scene.api.accounts().record_deal(request).await;
        recorded.unwrap().into_inner().deal.unwrap()
    }

    async fn win(&self, deal: &Deal) -> Deal {
        let request = WinDealRequest {
            name: deal.name.clone(),
            stage: "受注".to_owned(),
            etag: deal.etag.clone(),
            request_id: self.scene.ids.fresh(),
            ..WinDealRequest::default()
        };
        let won = self.scene.api.accounts().win_deal(request).await.unwrap();
        won.into_inner().deal.unwrap()
    }

    /// The onboardings of an account, done or not, once there are so many.
    async fn onboardings(&self, account: &Account, count: usize) -> Vec<Onboarding> {
        let ask = async || listed(&self.scene, account).await;
        wait_for(ask, |found| found.len() == count).await
    }
}

async fn listed(scene: &Scene, account: &Account) -> Vec<Onboarding> {
    let request = ListOnboardingsRequest {
        filter: Some(OnboardingFilter {
            account: account.name.clone(),
            include_completed: true,
            ..OnboardingFilter::default()
        }),
        ..ListOnboardingsRequest::default()
    };
    let listed = scene.api.onboardings().list_onboardings(request).await;
    listed.unwrap().into_inner().onboardings
}

#[tokio::test]
async fn rx_1_the_first_won_deal_of_an_account_and_product_requests_the_hand_off_once() {
    let world = World::new("won").await;
    let account = world.account("緑川印刷").await;
    let deal = world.deal(&account, "Core", false).await;
    assert!(!deal.won);
    let won = world.win(&deal).await;
    assert_eq!((won.won, &*won.stage), (true, "受注"));
    let started = world.onboardings(&account, 1).await.remove(0);
    assert_eq!(started.deal, deal.name);
    assert_eq!(started.product, "Core");
    assert_eq!(started.tier, "SMB");
    assert_eq!(started.won_date, Some(on(11, 20)));
    assert_eq!(started.start_date, Some(on(11, 25)));
    assert_eq!(started.owner, world.csm.name);
    assert_eq!(started.salesperson, world.sales.name);
    assert!(started.hand_off_missing.contains(&"why_bought".to_owned()));

    // A second deal of the product is none of its business; another product's first one is.
    world.deal(&account, "Core", true).await;
    world.deal(&account, "", true).await;
    world.deal(&account, "Option", true).await;
    world.onboardings(&account, 2).await;

    // Everything is read anew.
    let World {
        cluster,
        scene,
        csm,
        sales,
    } = world;
    drop(scene);
    let forget = |folder: &std::path::Path, _: &mut _| forget_model(folder, "onboarding");
    let cluster = cluster.restart_after(forget).await;
    let scene = Scene::new("again", cluster.api("ops").await);
    let world = World {
        cluster,
        scene,
        csm,
        sales,
    };
    // Facts are dealt with in order: once this one is, all before it have been.
    let other = world.account("みなと食品").await;
    world.deal(&other, "Core", true).await;
    world.onboardings(&other, 1).await;
    assert_eq!(listed(&world.scene, &account).await.len(), 2);
    drop(world.scene);
    let folder = world.cluster.stop().await;
    let count = |kind| logs::count(folder.path(), "onboarding", kind);
    assert_eq!(count("hand_off_requested"), 3);
    assert_eq!(count("onboarding_started"), 3);
}

#[tokio::test]
async fn rx_1_an_onboarding_that_was_started_before_learns_of_its_deal() {
    let world = World::new("before").await;
    let account = world.account("緑川印刷").await;
    let start = StartOnboardingRequest {
        parent: account.name.clone(),
        product: "Core".to_owned(),
        start_date: Some(on(11, 16)),
        request_id: world.scene.ids.fresh(),
        consistency_tokens: world.scene.account_tokens(),
        ..StartOnboardingRequest::default()
    };
    let mut client = world.scene.api.onboardings();
    client.start_onboarding(start).await.unwrap();
    let deal = world.deal(&account, "Core", true).await;
    let ask = async || listed(&world.scene, &account).await;
    let knows = |found: &Vec<Onboarding>| found.first().is_some_and(|one| !one.deal.is_empty());
    let found = wait_for(ask, knows).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].deal, deal.name);
    assert_eq!(found[0].salesperson, world.sales.name);
    assert_eq!(found[0].start_date, Some(on(11, 16)), "it keeps its start");
    assert_eq!(found[0].won_date, Some(on(11, 20)));
}

#[tokio::test]
async fn rx_1_rx_8_imported_deals_cause_none_and_are_the_first_all_the_same() {
    let world = World::new("imported").await;
    let account = world.account("緑川印刷").await;
    let row = ImportRecordsRequest {
        row: 1,
        record: Some(Record::Deal(ImportedDeal {
            external_id: "crm:d1".to_owned(),
            account_external_id: "crm:緑川印刷".to_owned(),
            terms: Some(DealTerms {
                product: "Core".to_owned(),
                ..DealTerms::default()
            }),
            won: true,
            ..ImportedDeal::default()
        })),
    };
    let mut accounts = world.scene.api.accounts();
    let answers = accounts.import_records(tokio_stream::iter([row])).await;
    let answer = answers.unwrap().into_inner().next().await.unwrap().unwrap();
    assert_eq!(answer.outcome(), ImportOutcome::Created, "{answer:?}");
    world.deal(&account, "Core", true).await;
    // Facts are dealt with in order: once this one is, those before it have been.
    let other = world.account("みなと食品").await;
    world.deal(&other, "Core", true).await;
    world.onboardings(&other, 1).await;
    assert_eq!(listed(&world.scene, &account).await, Vec::new());
}

#[tokio::test]
async fn rx_5_the_onboardings_of_an_account_that_churns_end() {
    let world = World::new("churned").await;
    let account = world.account("緑川印刷").await;
    let subscription = world.scene.subscription(&account, 1_200_000, |_| ()).await;
    world.deal(&account, "Core", true).await;
    let started = world.onboardings(&account, 1).await.remove(0);
    ends(&world.scene, &subscription, FactKind::Churned, on(11, 26)).await;
    world.cluster.set("2026-11-26T00:00[Asia/Tokyo]");
    let ask = async || listed(&world.scene, &account).await;
    let is_ended = |found: &Vec<Onboarding>| found[0].state() == OnboardingState::Ended;
    let ended = wait_for(ask, is_ended).await.remove(0);
    assert_eq!(ended.end_date, Some(on(11, 26)));
    assert_eq!(ended.progress, None);
    // It leaves the list of those that go on, which may be a little behind.
    let running = async || {
        let request = ListOnboardingsRequest::default();
        let mut client = world.scene.api.onboardings();
        let listed = client.list_onboardings(request).await;
        listed.unwrap().into_inner().onboardings
    };
    wait_for(running, Vec::is_empty).await;
    let mut client = world.scene.api.onboardings();
    // The customer is back.
    let relaunch = RelaunchOnboardingRequest {
        name: started.name.clone(),
        reason: "契約の再開".to_owned(),
        request_id: world.scene.ids.fresh(),
        ..RelaunchOnboardingRequest::default()
    };
    let relaunched = client.relaunch_onboarding(relaunch).await.unwrap();
    let relaunched = relaunched.into_inner().onboarding.unwrap();
    assert_eq!(relaunched.state(), OnboardingState::InProgress);
    assert_eq!(relaunched.start_date, started.start_date);
}
