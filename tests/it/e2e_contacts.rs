//! Contacts on the command line, with the real binary (ACC-11).

use std::path::Path;
use std::process::Output;

use keizoku_testkit::{Deployment, logs};
use tempfile::TempDir;

const ACCOUNT: &str = "緑川印刷";

/// Runs the binary against the server.
async fn keizoku(server: &Deployment, arguments: &[&str]) -> Output {
    server.run(arguments.iter().copied()).await
}

/// What it printed when it succeeded.
async fn told(server: &Deployment, arguments: &[&str]) -> String {
    let output = keizoku(server, arguments).await;
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

/// `keizoku account contact VERB 緑川印刷 …`
async fn contact(server: &Deployment, verb: &str, rest: &[&str]) -> String {
    let mut all = vec!["account", "contact", verb, ACCOUNT];
    all.extend(rest);
    told(server, &all).await
}

#[track_caller]
fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is not in\n{text}");
    }
}

#[tokio::test]
async fn acc_11_people_and_contact_are_kept_on_the_command_line() {
    keeps_people_and_contact(Deployment::whole).await;
}

#[tokio::test]
async fn acc_11_people_and_contact_are_kept_on_the_command_line_by_processes() {
    keeps_people_and_contact(Deployment::split).await;
}

async fn keeps_people_and_contact(start: fn(&Path) -> Deployment) {
    let folder = TempDir::new().unwrap();
    let mut server = start(folder.path());
    told(&server, &["account", "create", "--name", ACCOUNT]).await;
    add_people(&server).await;
    log_contact(&server).await;
    show_the_account(&server).await;
    depart_and_return(&server).await;
    void_an_entry(&server).await;
    server.stop().await;
    personal_data_is_in_contact_streams_only(folder.path()).await;
}

async fn add_people(server: &Deployment) {
    let decides = [
        "--name",
        "山田 花子",
        "--title",
        "総務部長",
        "--role",
        "decision-maker",
        "--role",
        "user",
        "--email",
        "hanako@example.com",
    ];
    let added = contact(server, "add", &decides).await;
    has(&added, &["山田 花子", "総務部長", "decision-maker, user"]);
    let administers = ["--name", "佐藤 太郎", "--role", "administrator"];
    contact(server, "add", &administers).await;
    let listed = contact(server, "list", &["--role", "administrator"]).await;
    has(&listed, &["佐藤 太郎"]);
    assert!(!listed.contains("山田"), "{listed}");
    let phone = ["佐藤", "--phone", "03-0000-0000"];
    let updated = contact(server, "update", &phone).await;
    has(&updated, &["佐藤 太郎", "03-0000-0000", "administrator"]);
}

async fn log_contact(server: &Deployment) {
    let meeting = [
        "--with",
        "hanako@example.com",
        "--with",
        "佐藤",
        "--two-way",
        "--by",
        "meeting",
        "--subject",
        "更新の相談",
        "--text",
        "来期も継続の意向。",
        "--date",
        "2026-01-05",
        "--as",
        "aoi",
    ];
    let logged = contact(server, "log", &meeting).await;
    has(&logged, &["更新の相談", "two-way meeting", "2026-01-05"]);
    has(&logged, &["山田 花子, 佐藤 太郎", "user:aoi"]);
    let mail = [
        "--with",
        "佐藤 太郎",
        "--one-way",
        "--by",
        "email",
        "--subject",
        "案内",
    ];
    contact(server, "log", &mail).await;
}

async fn show_the_account(server: &Deployment) {
    let shown = told(server, &["account", "show", ACCOUNT]).await;
    has(&shown, &["Contacts\n", "decision-maker, user"]);
    has(&shown, &["Last contact: ", "email with 佐藤 太郎: 案内"]);
    let answered = "Last two-way contact: 2026-01-05, two-way meeting with 山田 花子, 佐藤 太郎";
    has(&shown, &[answered]);
    let json = told(server, &["account", "show", ACCOUNT, "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["account"]["displayName"], ACCOUNT);
    let contacts = json["contacts"].as_array().unwrap().iter();
    let mut names: Vec<&str> = contacts.filter_map(|c| c["displayName"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["佐藤 太郎", "山田 花子"]);
    assert_eq!(json["lastContact"]["subject"], "案内");
    let two_way = &json["lastTwoWayContact"]["contactDate"];
    assert_eq!(two_way["year"], 2026);
    let then = ["account", "show", ACCOUNT, "--json", "--on", "2026-12-31"];
    let then: serde_json::Value = serde_json::from_str(&told(server, &then).await).unwrap();
    assert!(then.get("contacts").is_none(), "the list is of now");
}

async fn depart_and_return(server: &Deployment) {
    let leaves = ["佐藤 太郎", "--date", "2026-01-31"];
    let departed = contact(server, "departed", &leaves).await;
    has(&departed, &["departed 2026-01-31"]);
    let listed = contact(server, "list", &[]).await;
    assert!(!listed.contains("佐藤"), "{listed}");
    let all = contact(server, "list", &["--all"]).await;
    has(&all, &["佐藤 太郎", "departed 2026-01-31"]);
    contact(server, "returned", &["佐藤 太郎"]).await;
    has(&contact(server, "list", &[]).await, &["佐藤 太郎"]);

    let nobody = ["account", "contact", "departed", ACCOUNT, "鈴木"];
    let refused = keizoku(server, &nobody).await;
    let complaint = String::from_utf8(refused.stderr).unwrap();
    has(
        &complaint,
        &["there is no contact of the account called `鈴木`"],
    );
}

async fn void_an_entry(server: &Deployment) {
    let answer = contact(server, "history", &["--two-way", "--json"]).await;
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["totalSize"], "1");
    let entry = &answer["entries"][0];
    assert_eq!(entry["direction"], "CONTACT_DIRECTION_TWO_WAY");
    let id = entry["name"].as_str().unwrap().rsplit('/').next().unwrap();
    let void = [
        "account",
        "contact",
        "void",
        id,
        "--reason",
        "別の会社の面談",
    ];
    let voided = told(server, &void).await;
    has(&voided, &["void: 別の会社の面談", "更新の相談"]);
    let history = contact(server, "history", &[]).await;
    assert!(!history.contains("更新の相談"), "{history}");
    let all = contact(server, "history", &["--all", "--with", "山田"]).await;
    has(
        &all,
        &["更新の相談", "来期も継続の意向。", "void: 別の会社の面談"],
    );
}

/// The proto promises it: other streams hold ids.
async fn personal_data_is_in_contact_streams_only(data: &Path) {
    let personal = [
        "山田",
        "佐藤",
        "hanako",
        "03-0000",
        "来期",
        "別の会社",
        "更新の相談",
    ];
    let mut found = 0;
    for event in logs::events(data, "accounts").await {
        let stored = String::from_utf8_lossy(&event.data);
        if personal.iter().any(|text| stored.contains(text)) {
            assert!(event.stream.starts_with("contact-"), "{}", event.stream);
            found += 1;
        }
    }
    // Two people, one of them revised; one entry and its void.
    assert_eq!(found, 5);
}
