//! The real binary: what follows by itself, as people see it, and killed in between (RX-5 to RX-8).

use std::collections::BTreeMap;
use std::path::Path;

use keizoku_proto::accounts::{
    AddContactRequest, ContactFields, ContactRole, FactKind, MarkContactDepartedRequest,
    RecordContractFactRequest, RecordDealRequest,
};
use keizoku_proto::onboarding::{
    ListOnboardingsRequest, Onboarding, OnboardingFilter, OnboardingState, StartOnboardingRequest,
};
use keizoku_proto::risk::{GetRiskRequest, ListSuggestionsRequest};
use keizoku_testkit::{Deployment, Scene, Serve, day, logs};
use tempfile::TempDir;

/// Points between what happens and the note that it was dealt with.
const POINTS: [&str; 4] = [
    "churn.recorded.after",
    "onboarding.observed.after",
    "reaction.done.after",
    "command.append.after",
];

/// What the binary prints when it succeeds.
async fn told(server: &Deployment, arguments: &[&str]) -> String {
    let output = server.run(arguments.iter().copied()).await;
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

/// What it prints, once these words are in it.
async fn comes_to(server: &Deployment, arguments: &[&str], words: &[&str]) {
    loop {
        let text = told(server, arguments).await;
        if words.iter().all(|word| text.contains(word)) {
            return;
        }
    }
}

#[tokio::test]
async fn rx_5_rx_6_rx_7_what_follows_by_itself_is_seen_on_the_command_line() {
    follows_by_itself(Deployment::whole).await;
}

#[tokio::test]
async fn rx_5_rx_6_rx_7_what_follows_by_itself_is_seen_on_the_command_line_by_processes() {
    follows_by_itself(Deployment::split).await;
}

async fn follows_by_itself(start: fn(&Path) -> Deployment) {
    const ACCOUNT: &str = "緑川印刷";
    let folder = TempDir::new().unwrap();
    let mut server = start(folder.path());
    told(&server, &["account", "create", "--name", ACCOUNT]).await;
    let scene = Scene::new("contract", server.api("ops").await);
    let account = account_named(&scene, ACCOUNT).await;
    let subscription = scene.subscription(&account, 1_200_000, |_| ()).await;
    let risk = [
        "risk",
        "open",
        "--account",
        ACCOUNT,
        "--name",
        "予算削減",
        "--leads-to-churn",
        "leads",
    ];
    told(&server, &risk).await;
    let people = ["account", "contact", "add", ACCOUNT, "--name", "山田 花子"];
    told(
        &server,
        &[&people[..], &["--role", "decision-maker"]].concat(),
    )
    .await;

    told(
        &server,
        &["account", "contact", "departed", ACCOUNT, "山田"],
    )
    .await;
    let suggestions = ["risk", "suggestions", "--account", ACCOUNT];
    comes_to(&server, &suggestions, &["意思決定者の離任", ACCOUNT]).await;
    announce(&scene, &subscription.name).await.unwrap();
    let show = ["account", "show", ACCOUNT];
    comes_to(&server, &show, &["churned", "CHURNED", "service:accounts"]).await;
    let list = ["risk", "list", "--account", ACCOUNT];
    comes_to(&server, &list, &["予算削減", "open, asks for closure"]).await;
    let id = told(&server, &[&list[..], &["--json"]].concat()).await;
    let id: serde_json::Value = serde_json::from_str(&id).unwrap();
    let name = id["risks"][0]["name"].as_str().unwrap();
    let shown = told(&server, &["risk", "show", name]).await;
    let proposes = "to be closed as FAILED: the account churned on";
    assert!(shown.contains(proposes), "{shown}");
    assert!(shown.contains("--completion failed"), "{shown}");
    onboarding_follows(&server).await;
    drop(scene);
    server.stop().await;
}

/// A won deal starts an onboarding, and silence hands one back.
async fn onboarding_follows(server: &Deployment) {
    const ACCOUNT: &str = "みなと食品";
    told(server, &["account", "create", "--name", ACCOUNT]).await;
    let deal = ["deal", "record", ACCOUNT, "新規導入", "--product", "Core"];
    let recorded = told(server, &[&deal[..], &["--json"]].concat()).await;
    let recorded: serde_json::Value = serde_json::from_str(&recorded).unwrap();
    let name = recorded["deal"]["name"].as_str().unwrap();
    let won = told(server, &["deal", "win", name, "--close", "2026-01-05"]).await;
    assert!(won.contains("2026-01-05") && won.contains("yes"), "{won}");
    let list = ["onboarding", "list", "--account", ACCOUNT];
    comes_to(server, &list, &[ACCOUNT, "Core"]).await;
    let show = ["onboarding", "show", ACCOUNT];
    let shown = told(server, &show).await;
    assert!(
        shown.contains("won") && shown.contains("why_bought"),
        "{shown}"
    );
    let start = ["onboarding", "start", ACCOUNT, "--product", "Option"];
    told(server, &[&start[..], &["--date", "2026-01-05"]].concat()).await;
    comes_to(server, &list, &["RETURNED"]).await;
    let returned = ["onboarding", "list", "--state", "returned", "--json"];
    let returned = told(server, &returned).await;
    let returned: serde_json::Value = serde_json::from_str(&returned).unwrap();
    let name = returned["onboardings"][0]["name"].as_str().unwrap();
    let relaunch = ["onboarding", "relaunch", name, "--reason", "新しい担当者"];
    let relaunched = told(server, &relaunch).await;
    assert!(relaunched.contains("新しい担当者"), "{relaunched}");
    let times = told(server, &["onboarding", "lead-times"]).await;
    assert!(times.contains("won to end of closing"), "{times}");
    let json = told(server, &["onboarding", "lead-times", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["groups"].as_array().unwrap().len(), 1, "{json}");
}

async fn account_named(scene: &Scene, name: &str) -> keizoku_proto::accounts::Account {
    let request = keizoku_proto::accounts::ListAccountsRequest::default();
    let listed = scene.api.accounts().list_accounts(request).await.unwrap();
    let mut found = listed.into_inner().accounts.into_iter();
    found.find(|account| account.display_name == name).unwrap()
}

/// Announces the end of a subscription for today.
async fn announce(scene: &Scene, subscription: &str) -> Result<(), tonic::Status> {
    let request = RecordContractFactRequest {
        name: subscription.to_owned(),
        kind: FactKind::CancellationAnnounced.into(),
        reason_code: "budget".to_owned(),
        reason: "予算削減".to_owned(),
        request_id: "00000000-0000-4000-8000-000000000001".to_owned(),
        ..RecordContractFactRequest::default()
    };
    let recorded = scene.api.accounts().record_contract_fact(request).await;
    recorded.map(drop)
}

async fn departs(scene: &Scene, contact: &str) -> Result<(), tonic::Status> {
    let request = MarkContactDepartedRequest {
        name: contact.to_owned(),
        request_id: "00000000-0000-4000-8000-000000000002".to_owned(),
        ..MarkContactDepartedRequest::default()
    };
    let departed = scene.api.contacts().mark_contact_departed(request).await;
    departed.map(drop)
}

/// Wins a deal, and starts an onboarding of another product whose customer nobody has reached for long.
async fn onboards(scene: &Scene, account: &str) -> Result<(), tonic::Status> {
    let deal = RecordDealRequest {
        parent: account.to_owned(),
        display_name: "新規導入".to_owned(),
        product: "Core".to_owned(),
        won: true,
        request_id: "00000000-0000-4000-8000-000000000003".to_owned(),
        ..RecordDealRequest::default()
    };
    let recorded = scene.api.accounts().record_deal(deal).await?.into_inner();
    let start = StartOnboardingRequest {
        parent: account.to_owned(),
        product: "Option".to_owned(),
        start_date: Some(day(2026, 1, 5)),
        request_id: "00000000-0000-4000-8000-000000000004".to_owned(),
        consistency_tokens: vec![recorded.consistency_token],
        ..StartOnboardingRequest::default()
    };
    let started = scene.api.onboardings().start_onboarding(start).await;
    started.map(drop)
}

/// States of an account's onboardings, by product.
async fn onboarding_states(scene: &Scene, account: &str) -> BTreeMap<String, OnboardingState> {
    let request = ListOnboardingsRequest {
        filter: Some(OnboardingFilter {
            account: account.to_owned(),
            ..OnboardingFilter::default()
        }),
        ..ListOnboardingsRequest::default()
    };
    let listed = scene.api.onboardings().list_onboardings(request).await;
    let listed = listed.unwrap().into_inner().onboardings.into_iter();
    let state = |one: Onboarding| (one.product.clone(), one.state());
    listed.map(state).collect()
}

#[tokio::test]
async fn rx_8_no_kill_in_between_loses_or_repeats_what_follows() {
    for point in POINTS {
        for times in 1..=3 {
            killed_at(&format!("{point}:{times}")).await;
        }
    }
}

async fn killed_at(point: &str) {
    let data = TempDir::new().unwrap();
    let process = Serve::on(data.path()).start();
    let scene = Scene::new("setup", process.api("ops").await);
    let account = scene.account("緑川印刷", |_| ()).await;
    let subscription = scene.subscription(&account, 100_000, |_| ()).await;
    let risk = scene.risk(&account, "予算削減", |_| ()).await;
    let other = scene.account("みなと食品", |_| ()).await;
    let add = AddContactRequest {
        parent: account.name.clone(),
        contact: Some(ContactFields {
            display_name: "山田 花子".to_owned(),
            roles: vec![ContactRole::DecisionMaker.into()],
            ..ContactFields::default()
        }),
        request_id: scene.ids.fresh(),
        ..AddContactRequest::default()
    };
    let added = scene.api.contacts().add_contact(add).await.unwrap();
    let contact = added.into_inner().contact.unwrap().name;
    drop(scene);
    process.stop().await;

    let doomed = Serve::on(data.path()).crashing_at(point).start();
    let scene = Scene::new("doomed", doomed.api("ops").await);
    // The process may die of either.
    drop(departs(&scene, &contact).await);
    drop(announce(&scene, &subscription.name).await);
    drop(onboards(&scene, &other.name).await);
    if point.ends_with(":1") {
        assert!(doomed.exited().await.signal().is_some(), "{point}");
    } else {
        drop(doomed);
    }
    // The client tries again, with the same request ids.
    let process = Serve::on(data.path()).start();
    let scene = Scene::new("again", process.api("ops").await);
    departs(&scene, &contact).await.unwrap();
    announce(&scene, &subscription.name).await.unwrap();
    onboards(&scene, &other.name).await.unwrap();
    let onboarded = BTreeMap::from([
        ("Core".to_owned(), OnboardingState::InProgress),
        ("Option".to_owned(), OnboardingState::Returned),
    ]);
    loop {
        let states = onboarding_states(&scene, &other.name).await;
        let request = ListSuggestionsRequest::default();
        let suggested = scene.api.risks().list_suggestions(request).await.unwrap();
        let request = GetRiskRequest {
            name: risk.name.clone(),
            ..GetRiskRequest::default()
        };
        let asked = scene.api.risks().get_risk(request).await.unwrap();
        let asked = asked.into_inner().risk.unwrap().closure_request;
        let suggested = !suggested.into_inner().suggestions.is_empty();
        if suggested && asked.is_some() && states == onboarded {
            break;
        }
    }
    drop(scene);
    process.stop().await;
    for (service, kind) in [
        ("accounts", "subscription_churned"),
        ("accounts", "account_churned"),
        ("risk", "risk_suggested"),
        ("risk", "risk_closure_requested"),
        ("onboarding", "hand_off_requested"),
        ("onboarding", "onboarding_returned"),
    ] {
        let count = logs::count(data.path(), service, kind);
        assert_eq!(count, 1, "{point}: {kind}");
    }
}
