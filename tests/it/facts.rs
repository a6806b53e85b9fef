//! What is told of every contract fact besides the fact (GEN-6).

use futures::StreamExt as _;
use keizoku_proto::accounts::{
    AccountFields, ContractFact, FactKind, GetAccountRequest, ImportRecordsRequest,
    ImportedSubscription, RecordContractFactRequest, VoidContractFactRequest,
    import_records_request::Record,
};
use keizoku_proto::common::{ImportOutcome, Origin};
use keizoku_testkit::{Cluster, Scene, day, yen};

const NOW: &str = "2026-11-22T09:00[Asia/Tokyo]";

/// Kind, who and how, when (seconds); the same of the void.
type Told<'a> = (FactKind, &'a str, Origin, i64, &'a str, Origin);

fn told(fact: &ContractFact) -> Told<'_> {
    let recorded = fact.create_time.as_ref().unwrap().seconds;
    (
        fact.kind(),
        &fact.actor,
        fact.origin(),
        recorded,
        &fact.void_actor,
        fact.void_origin(),
    )
}

async fn facts(scene: &Scene, account: &str, tokens: Vec<String>) -> Vec<ContractFact> {
    let request = GetAccountRequest {
        name: account.to_owned(),
        consistency_tokens: tokens,
        ..GetAccountRequest::default()
    };
    let answer = scene.api.accounts().get_account(request).await.unwrap();
    let account = answer.into_inner().account.unwrap();
    account.subscriptions[0].facts.clone()
}

/// Asked right away, when the fold is remembered, and after a start, when it is read from the log.
#[tokio::test]
async fn gen_6_a_contract_fact_says_who_recorded_it_how_and_when() {
    let cluster = Cluster::at(NOW).await;
    let csm = Scene::new("csm", cluster.api("csm").await);
    let ops = Scene::new("ops", cluster.api("ops").await);
    let account = csm.account("あおば製作所", |_| ()).await;
    let subscription = csm.subscription(&account, 1_000, |_| ()).await;
    cluster.set("2026-11-22T10:00[Asia/Tokyo]");
    let expand = RecordContractFactRequest {
        name: subscription.name.clone(),
        kind: FactKind::Expanded.into(),
        mrr: Some(yen(2_000)),
        request_id: ops.ids.fresh(),
        ..RecordContractFactRequest::default()
    };
    let expanded = ops.api.accounts().record_contract_fact(expand).await;
    let expanded = expanded.unwrap().into_inner().subscription.unwrap();
    let void = VoidContractFactRequest {
        name: expanded.facts[1].name.clone(),
        reason: "金額の入力誤り".to_owned(),
        request_id: csm.ids.fresh(),
        ..VoidContractFactRequest::default()
    };
    let voided = csm.api.accounts().void_contract_fact(void).await.unwrap();
    let token = voided.into_inner().consistency_token;

    let nobody = ("", Origin::Unspecified);
    let expected = [
        (
            FactKind::Started,
            "user:csm",
            Origin::User,
            1_795_305_600,
            nobody.0,
            nobody.1,
        ),
        (
            FactKind::Expanded,
            "user:ops",
            Origin::User,
            1_795_309_200,
            "user:csm",
            Origin::User,
        ),
    ];
    let known = facts(&csm, &account.name, vec![token.clone()]).await;
    assert_eq!(known.iter().map(told).collect::<Vec<_>>(), expected);
    drop((csm, ops));
    let cluster = cluster.restart().await;
    let csm = Scene::new("csm again", cluster.api("csm").await);
    assert_eq!(facts(&csm, &account.name, vec![token]).await, known);
}

#[tokio::test]
async fn gen_6_an_imported_fact_says_so() {
    let cluster = Cluster::at(NOW).await;
    let scene = Scene::new("import", cluster.api("ops").await);
    let known_as = |fields: &mut AccountFields| fields.external_ids = vec!["crm:1".to_owned()];
    let account = scene.account("あおば製作所", known_as).await;
    let subscription = ImportedSubscription {
        external_id: "crm:s1".to_owned(),
        account_external_id: "crm:1".to_owned(),
        product: "Core".to_owned(),
        start_date: Some(day(2025, 4, 1)),
        mrr: 1_000,
        ..ImportedSubscription::default()
    };
    let row = ImportRecordsRequest {
        row: 1,
        record: Some(Record::Subscription(subscription)),
    };
    let mut accounts = scene.api.accounts();
    let answers = accounts.import_records(tokio_stream::iter([row])).await;
    let answer = answers.unwrap().into_inner().next().await.unwrap().unwrap();
    assert_eq!(answer.outcome(), ImportOutcome::Created, "{answer:?}");
    let facts = facts(&scene, &account.name, vec![answer.consistency_token]).await;
    let shown: Vec<_> = facts.iter().map(told).collect();
    let nobody = ("", Origin::Unspecified);
    let expected = (
        FactKind::Started,
        "user:ops",
        Origin::Import,
        1_795_305_600,
        nobody.0,
        nobody.1,
    );
    assert_eq!(shown, [expected]);
}
