//! Initiatives: their charters, and what they have changed (FC-12).

use keizoku_proto::accounts::{
    Account, CharterInitiativeRequest, CharterInitiativeResponse, Cohort, FactKind, Initiative,
    ListInitiativesRequest, RecordContractFactRequest, User,
};
use keizoku_proto::common::AsOf;
use keizoku_proto::forecast::figure::Value;
use keizoku_proto::forecast::{
    GetInitiativeRequest, GetInitiativeResponse, InitiativePeriod, InitiativeStatus,
};
use keizoku_testkit::{Cluster, Scene, day, logs, refused, yen};
use tonic::Code;

const NOVEMBER: &str = "2026-11-22T09:00[Asia/Tokyo]";

async fn owner(scene: &Scene) -> User {
    let team = scene.team("東日本").await;
    scene.user("鈴木", &team).await
}

async fn customer(scene: &Scene, name: &str, region: &str, mrr_since_october: i64) -> Account {
    let account = scene
        .account(name, |account| region.clone_into(&mut account.region))
        .await;
    let subscription = scene.subscription(&account, 100_000, |_| ()).await;
    let expanded = RecordContractFactRequest {
        name: subscription.name,
        kind: FactKind::Expanded.into(),
        effective_date: Some(day(2026, 10, 1)),
        mrr: Some(yen(mrr_since_october)),
        request_id: scene.ids.fresh(),
        ..RecordContractFactRequest::default()
    };
    let recorded = scene.api.accounts().record_contract_fact(expanded).await;
    scene.changed_accounts(recorded.unwrap().into_inner().consistency_token);
    account
}

fn charter(owner: &User, cohort: Cohort) -> Initiative {
    Initiative {
        display_name: "定着支援".to_owned(),
        purpose: "導入三か月で使わなくなる".to_owned(),
        owner: owner.name.clone(),
        first_date: Some(day(2026, 9, 1)),
        last_date: Some(day(2026, 12, 31)),
        cohort: Some(cohort),
        expected_effect: "売上継続率を 95% に".to_owned(),
        ..Initiative::default()
    }
}

fn writing(scene: &Scene, initiative: Initiative) -> CharterInitiativeRequest {
    CharterInitiativeRequest {
        initiative: Some(initiative),
        request_id: scene.ids.fresh(),
    }
}

async fn write(scene: &Scene, initiative: Initiative) -> CharterInitiativeResponse {
    let request = writing(scene, initiative);
    let answer = scene.api.directory().charter_initiative(request).await;
    let answer = answer.unwrap().into_inner();
    scene.changed_accounts(answer.consistency_token.clone());
    answer
}

async fn shown(scene: &Scene, name: &str, as_of: Option<AsOf>) -> GetInitiativeResponse {
    let request = GetInitiativeRequest {
        name: name.to_owned(),
        as_of,
        consistency_tokens: scene.tokens(),
    };
    let answer = scene.api.forecasts().get_initiative(request).await;
    answer.unwrap().into_inner()
}

fn expansion(period: Option<&InitiativePeriod>) -> (i64, i64) {
    let period = period.unwrap();
    let mut metrics = period.metrics.iter();
    let found = metrics.find(|metric| metric.metric == "expansion_mrr");
    let figure = found.unwrap().figure.clone().unwrap();
    let Some(Value::Amount(amount)) = figure.value else {
        panic!("{figure:?}");
    };
    (period.accounts, amount.minor_units)
}

#[tokio::test]
async fn fc_12_a_cohort_s_figures_stand_before_and_since_beside_others() {
    let cluster = Cluster::at(NOVEMBER).await;
    let scene = Scene::new("initiatives", cluster.api("ops").await);
    let owner = owner(&scene).await;
    let one = customer(&scene, "あおば製作所", "関東", 130_000).await;
    customer(&scene, "緑川印刷", "関西", 110_000).await;
    let listed = Cohort {
        accounts: vec![one.name.clone()],
        ..Cohort::default()
    };
    let written = write(&scene, charter(&owner, listed))
        .await
        .initiative
        .unwrap();
    let found = shown(&scene, &written.name, None).await;
    assert_eq!(found.initiative, Some(written.clone()));
    assert_eq!(found.status(), InitiativeStatus::Running);
    assert!(!found.watermarks.is_empty(), "FC-11");
    assert_eq!(found.before_from_date, Some(day(2026, 6, 10)));
    let total = found.total.unwrap();
    let (cohort, others) = (total.cohort.unwrap(), total.others.unwrap());
    assert_eq!(expansion(cohort.before.as_ref()), (1, 0));
    assert_eq!(expansion(cohort.since.as_ref()), (1, 30_000));
    assert_eq!(expansion(others.since.as_ref()), (1, 10_000));
    // Before its first day there is nothing to measure.
    let before = AsOf {
        on: Some(day(2026, 8, 31)),
        ..AsOf::default()
    };
    let ahead = shown(&scene, &written.name, Some(before)).await;
    assert_eq!(ahead.status(), InitiativeStatus::NotBegun);
    assert_eq!((ahead.total, ahead.before_from_date), (None, None));

    // Another cohort, by what was read; then nobody's, by what is old.
    let kanto = Cohort {
        region: "関西".to_owned(),
        ..Cohort::default()
    };
    let changed = Initiative {
        cohort: Some(kanto),
        ..written.clone()
    };
    let changed = write(&scene, changed).await.initiative.unwrap();
    let found = shown(&scene, &written.name, None).await.total.unwrap();
    let since = found.cohort.unwrap().since;
    assert_eq!(expansion(since.as_ref()), (1, 10_000));
    let stale = writing(
        &scene,
        Initiative {
            purpose: "また別の".to_owned(),
            ..written.clone()
        },
    );
    let stale = scene.api.directory().charter_initiative(stale).await;
    assert_eq!(stale.unwrap_err().code(), Code::Aborted);

    let withdrawn = Initiative {
        withdrawal_reason: "人手不足".to_owned(),
        ..changed
    };
    write(&scene, withdrawn).await;
    let list = async |include_withdrawn| {
        let request = ListInitiativesRequest {
            include_withdrawn,
            consistency_tokens: scene.account_tokens(),
            ..ListInitiativesRequest::default()
        };
        let answer = scene.api.directory().list_initiatives(request).await;
        answer.unwrap().into_inner().initiatives.len()
    };
    assert_eq!((list(false).await, list(true).await), (0, 1));
    let found = shown(&scene, &written.name, None).await;
    assert_eq!(found.status(), InitiativeStatus::Withdrawn);
}

#[tokio::test]
async fn fc_12_every_flaw_of_a_charter_is_named() {
    let cluster = Cluster::at(NOVEMBER).await;
    let scene = Scene::new("initiatives", cluster.api("ops").await);
    let owner = owner(&scene).await;
    let heads = logs::heads(cluster.folder());
    let flawed = Initiative {
        name: "initiatives/1".to_owned(),
        owner: "somebody".to_owned(),
        last_date: Some(day(2026, 8, 31)),
        first_date: Some(day(2026, 9, 1)),
        cohort: Some(Cohort {
            accounts: vec!["accounts/1".to_owned()],
            team: "users/1".to_owned(),
            ..Cohort::default()
        }),
        ..Initiative::default()
    };
    let refusal = refused(
        scene
            .api
            .directory()
            .charter_initiative(writing(&scene, flawed))
            .await,
    );
    let named = [
        "cohort.accounts",
        "cohort.accounts[0]",
        "cohort.team",
        "display_name",
        "expected_effect",
        "last_date",
        "name",
        "owner",
        "purpose",
    ];
    assert_eq!(refusal.fields, named.map(|of| format!("initiative.{of}")));
    let everybody = charter(&owner, Cohort::default());
    let everybody = writing(&scene, everybody);
    let refusal = refused(scene.api.directory().charter_initiative(everybody).await);
    assert_eq!(refusal.fields, ["initiative.cohort"]);
    let nobody = "accounts/0197f0a0-0000-7000-8000-000000000003";
    let unknown = charter(
        &owner,
        Cohort {
            accounts: vec![nobody.to_owned()],
            ..Cohort::default()
        },
    );
    let unknown = writing(&scene, unknown);
    let unknown = scene.api.directory().charter_initiative(unknown).await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
    assert_eq!(logs::heads(cluster.folder()), heads);
    let request = GetInitiativeRequest {
        name: "initiatives/0197f0a0-0000-7000-8000-000000000003".to_owned(),
        ..GetInitiativeRequest::default()
    };
    let missing = scene.api.forecasts().get_initiative(request).await;
    assert_eq!(missing.unwrap_err().code(), Code::NotFound);
}
