//! The real binary: its notifications killed between planning, sending and recording, against a
//! peer that counts (NTF-4); and the commands for people.

use std::path::Path;
use std::process::Output;

use keizoku_proto::notification::{DeliveryState, ListDeliveriesRequest};
use keizoku_testkit::peer::{SlackAnswer, SlackPeer};
use keizoku_testkit::{Process, Scene, Serve, run};
use serde_json::Value;
use tempfile::TempDir;

/// Points between planning and recording.
const POINTS: [&str; 4] = [
    "notification.plan.after",
    "notification.send.before",
    "notification.send.after",
    "command.append.after",
];

fn serve(data: &Path, secrets: &Path, slack: &SlackPeer) -> Serve {
    let webhook = secrets.join("webhook");
    std::fs::write(&webhook, slack.url("/services/T0/B0/secret")).unwrap();
    let config = secrets.join("keizoku.toml");
    let text = format!(
        "[notification]\nallow_private_addresses = true\ntimeout_seconds = 1\n\
         [notification.slack]\nwebhooks = {{ default = \"file:{}\" }}\n",
        webhook.display()
    );
    std::fs::write(&config, text).unwrap();
    Serve::on(data).arg("--config").arg(config)
}

/// What became of every message, once nothing is left to be done.
async fn outcomes(process: &Process) -> Vec<keizoku_proto::notification::Delivery> {
    let api = process.api("ops").await;
    loop {
        let request = ListDeliveriesRequest {
            page_size: 1_000,
            ..ListDeliveriesRequest::default()
        };
        let answer = api.notifications().list_deliveries(request).await;
        let found = answer.unwrap().into_inner().deliveries;
        let is_open = |state| matches!(state, DeliveryState::Pending | DeliveryState::Attempting);
        if !found.is_empty() && !found.iter().any(|found| is_open(found.state())) {
            return found;
        }
    }
}

#[tokio::test]
async fn ntf_4_no_kill_between_plan_and_record_loses_or_hides_a_copy() {
    for point in POINTS {
        for times in 1..=3 {
            let (data, secrets) = (TempDir::new().unwrap(), TempDir::new().unwrap());
            let slack = SlackPeer::start().await;
            // Set up in peace: a team-less account, so that the default webhook takes the message.
            let process = serve(data.path(), secrets.path(), &slack).start();
            let scene = Scene::new("setup", process.api("ops").await);
            let account = scene.account("緑川印刷", |_| {}).await;
            process.stop().await;

            let doomed = serve(data.path(), secrets.path(), &slack)
                .crashing_at(&format!("{point}:{times}"))
                .start();
            let scene = Scene::new("doomed", doomed.api("ops").await);
            let mut request = keizoku_proto::risk::OpenRiskRequest {
                parent: account.name.clone(),
                display_name: "担当者が退職".to_owned(),
                leads_to_churn: 1,
                request_id: scene.ids.fresh(),
                ..Default::default()
            };
            // The process may die of it.
            drop(scene.api.risks().open_risk(request.clone()).await);
            if !matches!(point, "command.append.after") && times == 1 {
                assert!(doomed.exited().await.signal().is_some(), "{point}");
            } else {
                drop(doomed);
            }
            // The client tries again, with the same request id.
            let process = serve(data.path(), secrets.path(), &slack).start();
            let api = process.api("ops").await;
            request.consistency_tokens.clear();
            api.risks().open_risk(request).await.unwrap();
            let found = outcomes(&process).await;
            let place = format!("{point}:{times}");
            assert_eq!(found.len(), 1, "{place}: planned once: {found:#?}");
            assert_eq!(found[0].state(), DeliveryState::Delivered, "{place}");
            let copies = u32::try_from(slack.got().len()).unwrap();
            assert!(copies >= 1, "{place}: nothing is lost");
            assert!(
                copies <= 1 + found[0].ambiguous_attempts,
                "{place}: {copies} copies, {found:#?}"
            );
            process.stop().await;
        }
    }
}

/// Killed at whatever moment: when the risk is answered, when the message is read, when it is known
/// to be delivered.
#[tokio::test]
async fn ntf_4_kill_after_kill_every_copy_is_accounted_for() {
    const KILLS: usize = 24;
    let (data, secrets) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let slack = SlackPeer::start().await;
    let mut process = serve(data.path(), secrets.path(), &slack).start();
    let scene = Scene::new("setup", process.api("ops").await);
    let account = scene.account("緑川印刷", |_| {}).await;
    for kill in 0..KILLS {
        let scene = Scene::new(&format!("kill {kill}"), process.api("ops").await);
        let before = slack.got().len();
        scene.risk(&account, &format!("リスク{kill}"), |_| {}).await;
        match kill % 3 {
            0 => {}
            1 => drop(slack.wait_for(before + 1).await),
            _ => drop(outcomes(&process).await),
        }
        process.kill();
        process = serve(data.path(), secrets.path(), &slack).start();
    }
    let found = outcomes(&process).await;
    assert_eq!(found.len(), KILLS, "each planned once");
    assert!(
        found
            .iter()
            .all(|found| found.state() == DeliveryState::Delivered)
    );
    let posted = slack.got();
    for kill in 0..KILLS {
        let name = format!("「リスク{kill}」");
        let copies = posted
            .iter()
            .filter(|posted| posted.text().contains(&name))
            .count();
        let listed = found.iter().find(|found| {
            let message = found.message.as_ref();
            message.is_some_and(|message| message.title.contains(&name))
        });
        let ambiguous = listed.map_or(0, |found| found.ambiguous_attempts);
        assert!(copies >= 1, "{name} is lost");
        assert!(
            copies <= 1 + ambiguous as usize,
            "{name}: {copies} copies, {ambiguous} listed"
        );
    }
    process.stop().await;
}

async fn told(process: &Process, arguments: &[&str]) -> Output {
    let endpoint = process.endpoint();
    let arguments: Vec<String> = arguments
        .iter()
        .map(|&argument| argument.to_owned())
        .collect();
    tokio::task::spawn_blocking(move || run(&endpoint, arguments))
        .await
        .unwrap()
}

fn words(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn ntf_5_people_list_switch_try_out_and_redrive() {
    let (data, secrets) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let slack = SlackPeer::start().await;
    let process = serve(data.path(), secrets.path(), &slack).start();
    let rules = words(&told(&process, &["notification", "rules"]).await);
    assert!(
        rules.contains("risk-opened") && rules.contains("Configured: SLACK"),
        "{rules}"
    );

    slack.answer_next_with([SlackAnswer::Http(404, "", "no_service")]);
    let sent = words(
        &told(
            &process,
            &[
                "notification",
                "test-send",
                "--webhook",
                "default",
                "--json",
            ],
        )
        .await,
    );
    let sent: Value = serde_json::from_str(&sent).unwrap();
    assert_eq!(sent["delivery"]["state"], "DELIVERY_STATE_GIVEN_UP");
    let letters = words(&told(&process, &["notification", "dead-letters"]).await);
    assert!(
        letters.contains("HTTP 404: no_service") && letters.contains("webhook default"),
        "{letters}"
    );

    let again = words(&told(&process, &["notification", "redrive", "--dead-letters"]).await);
    assert_eq!(again, "1 message is sent again.\n");
    slack.wait_for(2).await;
    let id = sent["delivery"]["name"].as_str().unwrap();
    let shown = words(&told(&process, &["notification", "show", id]).await);
    assert!(shown.contains("webhook default"), "{shown}");

    let edit = [
        "notification",
        "edit-rule",
        "weekly-digest",
        "--schedule",
        "tue 08:30",
        "--audience",
        "organisation",
        "--locale",
        "en",
    ];
    words(&told(&process, &edit).await);
    words(&told(&process, &["notification", "disable", "churned"]).await);
    let rules = words(&told(&process, &["notification", "rules", "--json"]).await);
    let rules: Value = serde_json::from_str(&rules).unwrap();
    let rule = |name: &str| {
        let all = rules["rules"].as_array().unwrap();
        all.iter()
            .find(|rule| rule["name"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(rule("rules/weekly-digest")["schedule"]["weekday"], 2);
    assert_eq!(rule("rules/churned")["enabled"], false);
    let refused = told(&process, &["notification", "enable", "nothing"]).await;
    assert_eq!(refused.status.code(), Some(1));
    let unreachable = told(
        &process,
        &["notification", "test-send", "--email", "a@example.com"],
    )
    .await;
    let said = String::from_utf8_lossy(&unreachable.stderr).into_owned();
    assert!(said.contains("nothing in the configuration"), "{said}");
    process.stop().await;
}
