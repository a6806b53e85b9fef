//! Who calls, on the command line, with the real binary (ACC-6, GEN-6).

use std::path::Path;

use keizoku_testkit::Deployment;
use tempfile::TempDir;

/// What the binary printed when it succeeded, or else what it complained of.
async fn keizoku(server: &Deployment, arguments: &[&str]) -> Result<String, String> {
    let output = server.run(arguments.iter().copied()).await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(text(output.stderr))
    }
}

async fn told(server: &Deployment, arguments: &[&str]) -> String {
    keizoku(server, arguments).await.unwrap()
}

#[tokio::test]
async fn gen_6_acc_6_whoever_calls_is_shown_as_the_person_and_finds_what_is_theirs() {
    knows_who_calls(Deployment::whole).await;
}

#[tokio::test]
async fn gen_6_acc_6_whoever_calls_is_shown_as_the_person_by_processes() {
    knows_who_calls(Deployment::split).await;
}

async fn knows_who_calls(start: fn(&Path) -> Deployment) {
    let folder = TempDir::new().unwrap();
    let mut server = start(folder.path());
    let register = [
        "user",
        "register",
        "--name",
        "木村 葵",
        "--email",
        "aoi@example.com",
    ];
    told(&server, &register).await;
    let create = [
        "account",
        "create",
        "--name",
        "緑川印刷",
        "--owner",
        "aoi@example.com",
    ];
    told(&server, &create).await;
    let open = [
        "risk",
        "open",
        "--account",
        "緑川印刷",
        "--name",
        "担当者が退職",
        "--leads-to-churn",
        "leads",
    ];
    told(&server, &open).await;

    let unknown = told(&server, &["user", "me"]).await;
    assert!(unknown.contains("nobody in the directory"), "{unknown}");
    let refusal = keizoku(&server, &["risk", "list", "--owner", "me"])
        .await
        .unwrap_err();
    assert!(refusal.contains("keizoku user me"), "{refusal}");

    let caller = told(&server, &["user", "me", "--json"]).await;
    let caller: serde_json::Value = serde_json::from_str(&caller).unwrap();
    let subject = caller["actor"]
        .as_str()
        .unwrap()
        .strip_prefix("user:")
        .unwrap();
    told(
        &server,
        &["user", "update", "aoi@example.com", "--subject", subject],
    )
    .await;
    let known = told(&server, &["user", "me"]).await;
    assert!(known.contains("木村 葵"), "{known}");
    let mine = told(&server, &["risk", "list", "--owner", "me", "--json"]).await;
    let mine: serde_json::Value = serde_json::from_str(&mine).unwrap();
    let risk = mine["risks"][0]["name"].as_str().unwrap().to_owned();
    let others = [
        "user",
        "register",
        "--name",
        "佐藤 太郎",
        "--email",
        "taro@example.com",
    ];
    told(&server, &others).await;

    // What was recorded before is hers as well.
    let history = told(&server, &["risk", "history", &risk]).await;
    assert!(
        history.contains("木村 葵") && !history.contains("user:"),
        "{history}"
    );
    server.stop().await;
}
