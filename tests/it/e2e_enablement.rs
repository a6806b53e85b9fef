//! Programmes for new members on the command line, with the real binary (ONB-10).

use std::path::Path;

use keizoku_testkit::Deployment;
use tempfile::TempDir;

const MEMBER: &str = "田中 誠";

/// What the binary prints when it succeeds.
async fn told(server: &Deployment, arguments: &[&str]) -> String {
    let output = server.run(arguments.iter().copied()).await;
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

/// What it complains about when it does not.
async fn refused(server: &Deployment, arguments: &[&str]) -> String {
    let output = server.run(arguments.iter().copied()).await;
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// `keizoku enablement VERB 田中 …`
async fn enablement(server: &Deployment, verb: &str, rest: &[&str]) -> String {
    told(server, &[&["enablement", verb, "田中"], rest].concat()).await
}

#[track_caller]
fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is not in\n{text}");
    }
}

#[tokio::test]
async fn onb_10_a_new_member_goes_through_the_three_months_on_the_command_line() {
    goes_through_the_three_months(Deployment::whole).await;
}

#[tokio::test]
async fn onb_10_a_new_member_goes_through_the_three_months_on_the_command_line_by_processes() {
    goes_through_the_three_months(Deployment::split).await;
}

async fn goes_through_the_three_months(start: fn(&Path) -> Deployment) {
    let folder = TempDir::new().unwrap();
    let mut server = start(folder.path());
    told(&server, &["team", "define", "SMB"]).await;
    for (name, email) in [
        ("木村 葵", "aoi@example.com"),
        ("佐藤 健", "ken@example.com"),
        (MEMBER, "makoto@example.com"),
    ] {
        let register = ["user", "register", "--name", name, "--email", email];
        told(&server, &[&register[..], &["--team", "SMB"]].concat()).await;
    }
    starts(&server).await;
    shows_what_is_to_be_done(&server).await;
    moves_on(&server).await;
    comes_to_its_end(&server).await;
    keeps_templates(&server, folder.path()).await;
    server.stop().await;
}

async fn starts(server: &Deployment) {
    let unknown = ["enablement", "show", "田中"];
    let none = refused(server, &unknown).await;
    has(&none, &["has no programme", "keizoku enablement start"]);
    let people = ["--mentor", "木村", "--lead", "佐藤"];
    let started = [&people[..], &["--date", "2026-01-05"]].concat();
    let started = enablement(server, "start", &started).await;
    let expected = [
        MEMBER,
        "IN_PROGRESS",
        "木村 葵",
        "佐藤 健",
        "new_member, version 1",
        "1か月目",
        "2か月面談を行う",
        "2026-03-05",
    ];
    has(&started, &expected);
}

async fn shows_what_is_to_be_done(server: &Deployment) {
    let tasks = ["enablement", "tasks"];
    let mentors = told(server, &[&tasks[..], &["--mentor", "木村"]].concat()).await;
    has(&mentors, &["overdue", MEMBER, "3か月の目標をすり合わせる"]);
    has(&mentors, &["製品の基本操作", "2か月面談を行う"]);
    let places = ["agree_goals", "learn_product", "interview"];
    let places = places.map(|key| mentors.find(key).unwrap());
    assert!(places.is_sorted(), "by due date:\n{mentors}");
    let own = told(server, &[&tasks[..], &["--who", "木村"]].concat()).await;
    has(&own, &["agree_goals", "review_month_1"]);
    assert!(!own.contains("learn_product"), "{own}");
    let soon = [&tasks[..], &["--due-by", "2026-01-09"]].concat();
    let soon = told(server, &soon).await;
    has(&soon, &["agree_goals"]);
    assert!(!soon.contains("learn_product"), "{soon}");
    let list = ["enablement", "list", "--member", "SMB", "--overdue"];
    has(&told(server, &list).await, &[MEMBER, "new_member"]);
}

async fn moves_on(server: &Deployment) {
    let early = refused(server, &["enablement", "advance", "田中"]).await;
    has(&early, &["agree_goals, learn_product, review_month_1"]);
    for task in ["agree_goals", "learn_product", "review_month_1"] {
        enablement(server, "done", &[task, "--date", "2026-02-02"]).await;
    }
    let why = ["learn_product", "--reason", "管理画面がまだ"];
    enablement(server, "reopen", &why).await;
    let early = refused(server, &["enablement", "advance", "田中"]).await;
    has(&early, &["not done yet: learn_product"]);
    enablement(server, "done", &["learn_product"]).await;
    let date = ["--date", "2026-02-03"];
    let second = enablement(server, "advance", &date).await;
    has(&second, &["2026-02-03"]);
    let back = ["--to", "month_1", "--reason", "復習"];
    let back = enablement(server, "move", &back).await;
    has(&back, &["BACK from month_2 to month_1: 復習"]);
    let note = ["interview", "--note", "提案に自信がついた"];
    enablement(server, "done", &note).await;
    let json = enablement(server, "show", &["--json"]).await;
    has(&json, &["提案に自信がついた"]);
    let skipped = ["--to", "month_3", "--reason", "前職で経験済み"];
    let skipped = enablement(server, "move", &skipped).await;
    has(&skipped, &["SKIPPED from month_1 to month_3"]);
    let assigned = enablement(server, "assign", &["--mentor", "佐藤"]).await;
    assert!(!assigned.contains("木村"), "{assigned}");
}

async fn comes_to_its_end(server: &Deployment) {
    for task in ["take_over_accounts", "final_review"] {
        enablement(server, "done", &[task]).await;
    }
    let result = ["--result", "一人で担当できる"];
    let completed = enablement(server, "complete", &result).await;
    has(&completed, &["COMPLETED", "一人で担当できる"]);
    let closed = refused(server, &["enablement", "done", "田中", "file_risks"]).await;
    has(&closed, &["completed or ended"]);
    let none = told(server, &["enablement", "list"]).await;
    has(&none, &["No programme fits"]);
    let all = told(server, &["enablement", "list", "--all"]).await;
    has(&all, &[MEMBER, "COMPLETED"]);
    let nothing = told(server, &["enablement", "tasks"]).await;
    has(&nothing, &["Nothing is to be done"]);
    // Nothing of it is among what customers go through.
    let customers = told(server, &["onboarding", "list", "--all"]).await;
    has(&customers, &["No onboarding fits"]);
}

async fn keeps_templates(server: &Deployment, folder: &Path) {
    let example = told(server, &["enablement", "template", "--example"]).await;
    let file = folder.join("mine.toml");
    let longer = example.replacen(
        "expected_working_days = 20",
        "expected_working_days = 25",
        1,
    );
    std::fs::write(&file, longer).unwrap();
    let file = file.to_str().unwrap();
    for (key, version) in [
        ("new_member", "new_member, version 2 of 2"),
        ("career_changer", "career_changer, version 1 of 1"),
    ] {
        let publish = ["enablement", "publish-template", file, "--template", key];
        has(&told(server, &publish).await, &[version, "25"]);
    }
    let templates = told(server, &["enablement", "templates"]).await;
    has(&templates, &["career_changer", "new_member"]);
    let first = ["enablement", "template", "new_member", "--version", "1"];
    has(&told(server, &first).await, &["version 1 of 2", "2 months"]);
    let people = ["--mentor", "木村", "--lead", "佐藤"];
    let other = [&people[..], &["--template", "career_changer"]].concat();
    enablement(server, "start", &other).await;
    let other = enablement(server, "show", &[]).await;
    has(&other, &["career_changer, version 1"]);
    let example = told(server, &["onboarding", "template", "--example"]).await;
    std::fs::write(file, example).unwrap();
    let customers = [
        "enablement",
        "publish-template",
        file,
        "--template",
        "wrong",
    ];
    let customers = refused(server, &customers).await;
    has(&customers, &["questions are of customers' hand-offs"]);
    let end = ["--reason", "営業部へ異動"];
    let ended = enablement(server, "end", &end).await;
    has(&ended, &["ENDED", "営業部へ異動"]);
    let many = refused(server, &["enablement", "show", "田中"]).await;
    has(&many, &["several programmes", "career_changer"]);
}
