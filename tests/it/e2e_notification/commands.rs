//! The commands for people (NTF-5).

use std::process::Output;

use keizoku_testkit::peer::{SlackAnswer, SlackPeer};
use keizoku_testkit::{Process, run};
use serde_json::Value;
use tempfile::TempDir;

use super::serve;

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
    let rules = words(&told(&process, &["notification", "rule", "list"]).await);
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
        "rule",
        "change",
        "weekly-digest",
        "--schedule",
        "tue 08:30",
        "--audience",
        "organisation",
        "--locale",
        "en",
    ];
    words(&told(&process, &edit).await);
    words(&told(&process, &["notification", "rule", "disable", "churned"]).await);
    let rules = words(&told(&process, &["notification", "rule", "list", "--json"]).await);
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
    let refused = told(&process, &["notification", "rule", "enable", "nothing"]).await;
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

#[tokio::test]
async fn ntf_2_people_make_try_out_show_and_retire_rules() {
    let (data, secrets) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let slack = SlackPeer::start().await;
    let process = serve(data.path(), secrets.path(), &slack).start();
    let rule = async |arguments: &[&str]| {
        let all = ["notification", "rule"].iter().chain(arguments).copied();
        told(&process, &all.collect::<Vec<_>>()).await
    };
    let fields = words(&rule(&["fields", "--trigger", "churned"]).await);
    assert!(
        fields.contains("contract.mrr_lost") && !fields.contains("risk.name"),
        "{fields}"
    );
    let draft = ["--trigger", "risk-opened", "--audience", "organisation"];
    let tried = words(&rule(&[&["try", "--if", "account.mrr > 0"], &draft[..]].concat()).await);
    assert!(
        tried.contains("Nothing was recorded in that time"),
        "{tried}"
    );
    let bad = rule(
        &[
            &["create", "bad-rule", "--if", "account.arr > 0"],
            &draft[..],
        ]
        .concat(),
    )
    .await;
    assert_eq!(bad.status.code(), Some(1));
    let said = String::from_utf8_lossy(&bad.stderr).into_owned();
    assert!(
        said.contains("`account.arr`") && said.contains("account.mrr"),
        "{said}"
    );
    let create = [
        &["create", "big-customers", "--if", "account.mrr >= 1000000"],
        &draft[..],
        &[
            "--title",
            "{{account.name}}",
            "--hours",
            "working-days 09:00-18:30",
            "--group",
            "15",
        ],
    ];
    let made = words(&rule(&create.concat()).await);
    assert!(made.contains("big-customers is made, and on"), "{made}");
    let shown = words(&rule(&["show", "big-customers"]).await);
    for said in [
        "account.mrr >= 1000000",
        "{{account.name}}",
        "working-days 09:00-18:30",
        "within 15 min",
        "organisation",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    words(&rule(&["change", "big-customers", "--hours", "", "--group", "0"]).await);
    words(&rule(&["change", "big-customers", "--note", "部長へ"]).await);
    let shown = words(&rule(&["show", "big-customers"]).await);
    assert!(
        !shown.contains("09:00") && shown.contains("{{account.name}}"),
        "{shown}"
    );
    words(&rule(&["retire", "big-customers"]).await);
    let listed = words(&rule(&["list"]).await);
    assert!(!listed.contains("big-customers"), "{listed}");
    let listed = words(&rule(&["list", "--all"]).await);
    assert!(listed.contains("retired"), "{listed}");
    process.stop().await;
}
