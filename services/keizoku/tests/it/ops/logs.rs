//! `keizoku log`: tail, export and verify.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::Arc;

use keizoku_cli::ops::{Service, verify};
use keizoku_core::{NewEvent, Revision, StreamId, SystemClock, SystemEntropy};
use keizoku_log::EventLog as _;
use keizoku_log::sqlite::{SqliteLog, SqliteOptions};
use keizoku_proto::common::EventMetadata;
use prost::Message as _;
use serde_json::{Value, json};
use tempfile::tempdir;
use uuid::Uuid;

use super::{Running, argument, command, fill, fill_settled, told};

fn lines(json_lines: &str) -> Vec<Value> {
    json_lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn an_export_beside_a_running_server_holds_every_event() {
    let data = tempdir().unwrap();
    let server = Running::start(data.path()).await;
    let (account, token) = server.account("緑川印刷").await;
    server.risk(&account, &token, "担当者が退職").await;
    let directory = argument(data.path());

    let (status, out, err) = told(&["log", "export", "--data", directory]).await;
    assert_eq!(status, 0, "{err}");
    let events = lines(&out);
    let of = |service: &str| -> Vec<&Value> {
        let events = events.iter();
        events.filter(|event| event["service"] == service).collect()
    };
    let (accounts, risks) = (of("accounts"), of("risk"));
    // Each of these logs begins with since when its service reacts to each of its sources.
    assert_eq!((accounts.len(), risks.len()), (2, 4));
    assert!(err.contains("accounts: 2 events; the next export goes on with --after 2"));
    for begun in &risks[..3] {
        assert_eq!(begun["type"], "reactions_advanced");
    }
    let opened = risks[3];
    assert_eq!(opened["type"], "risk_opened");
    assert_eq!(opened["position"], 4);
    assert_eq!(opened["revision"], 1);
    assert_eq!(opened["metadata"]["actor"], "user:sato");
    assert_eq!(opened["metadata"]["origin"], "user");
    let request: uuid::Uuid =
        serde_json::from_value(opened["metadata"]["requestId"].clone()).unwrap();
    assert_eq!(request.get_version_num(), 5);
    assert_eq!(opened["data"]["description"]["displayName"], "担当者が退職");
    assert_eq!(
        opened["data"]["leadsToChurn"],
        "LEADS_TO_CHURN_UNKNOWN_AT_PRESENT"
    );
    assert!(account.ends_with(opened["data"]["accountId"].as_str().unwrap()));
    assert!(opened["recordedAt"].as_str().unwrap().ends_with('Z'));
    assert!(opened.get("raw").is_none());

    // Later exports go on where the last one ended.
    server.account("北山製作所").await;
    let after = [
        "log", "export", "accounts", "--data", directory, "--after", "2",
    ];
    let (_, out, _) = told(&after).await;
    assert_eq!(lines(&out).len(), 1);
    assert_eq!(
        lines(&out)[0]["data"]["profile"]["displayName"],
        "北山製作所"
    );
    server.stop().await;
}

#[tokio::test]
async fn an_export_to_a_file_overwrites_nothing() {
    let data = tempdir().unwrap();
    fill(data.path()).await;
    let directory = argument(data.path());
    let file = data.path().join("events.jsonl");
    let export = [
        "log",
        "export",
        "--data",
        directory,
        "--output",
        argument(&file),
    ];
    assert_eq!(told(&export).await.0, 0);
    let first = fs::read_to_string(&file).unwrap();
    assert_eq!(lines(&first).len(), 11);
    let (status, _, err) = told(&export).await;
    assert_eq!(status, 1);
    assert!(
        err.contains("exists already\n  try: choose another name"),
        "{err}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), first);

    let full = [
        "log",
        "export",
        "--data",
        directory,
        "--output",
        "/dev/full",
    ];
    let (status, _, err) = told(&full).await;
    assert_eq!(status, 1);
    assert!(err.contains("try: make room"), "{err}");
    let unplaced = ["log", "export", "--data", directory, "--after", "1"];
    assert_eq!(told(&unplaced).await.0, 2, "positions belong to one log");
    let no_position = ["log", "export", "risk", "--data", directory, "--after", "x"];
    assert_eq!(told(&no_position).await.0, 2);
}

#[tokio::test]
async fn a_tail_shows_what_matches_in_the_organisations_zone() {
    let data = tempdir().unwrap();
    fill(data.path()).await;
    let directory = argument(data.path());
    let tail = |arguments: &'static [&'static str]| {
        let arguments = [&["log", "tail", "--data", directory], arguments].concat();
        async move { told(&arguments).await }
    };

    let (status, out, err) = tail(&[]).await;
    assert_eq!(status, 0, "{err}");
    assert!(out.starts_with("Recorded (Asia/Tokyo)"), "{out}");
    assert_eq!(out.lines().count(), 1 + 11);
    let heading = out.lines().next().unwrap();
    let column = heading.find("Kind").unwrap();
    for line in out.lines().skip(1) {
        let by = match &line[column..] {
            kind if kind.starts_with("account_opened") => "user:sato",
            kind if kind.starts_with("risk_opened") => "user:sato",
            kind if kind.starts_with("reactions_advanced") => "service:",
            other => panic!("{other}"),
        };
        assert!(line.contains(by), "{line}");
    }
    assert!(
        out.lines().last().unwrap().contains("display_name=price"),
        "{out}"
    );

    let (_, out, _) = tail(&["-n", "1", "--kind", "account_opened"]).await;
    assert!(
        out.lines().count() == 2 && out.contains("北山製作所"),
        "{out}"
    );
    let (_, out, _) = tail(&["--stream", "risk-", "--json"]).await;
    let risks = lines(&out);
    assert_eq!(risks.len(), 2);
    // Ids are accepted as they are written elsewhere.
    let id = risks[0]["data"]["riskId"].as_str().unwrap();
    let stream = format!("risk-{id}");
    let one = [
        "log", "tail", "--data", directory, "--json", "--stream", &stream,
    ];
    assert_eq!(lines(&told(&one).await.1), risks[..1]);

    let (status, _, err) = tail(&["--kind", "risk_opend"]).await;
    assert_eq!(status, 2);
    assert!(err.contains("--kind risk_opened"), "{err}");
    let (status, _, err) = told(&["log", "tail", "--data", "nowhere"]).await;
    assert_eq!(status, 2);
    assert!(
        err.contains("there is no directory nowhere\n  try: name"),
        "{err}"
    );
}

#[tokio::test]
async fn a_follower_sees_what_comes_and_ends_when_interrupted() {
    let data = tempdir().unwrap();
    let server = Running::start(data.path()).await;
    server.account("before").await;
    let directory = argument(data.path());
    let mut follower = command(&["log", "tail", "--data", directory, "--follow", "--json"]);
    let mut follower = follower.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut next = || {
        loop {
            let line = lines.next().unwrap().unwrap();
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["type"] != "reactions_advanced" {
                return event["data"].to_string();
            }
        }
    };
    assert!(next().contains("before"));
    for name in ["first", "second"] {
        let (account, token) = server.account(name).await;
        assert!(next().contains(name));
        server
            .risk(&account, &token, &format!("risk of {name}"))
            .await;
        assert!(next().contains("risk of"));
    }
    let interrupted = std::process::Command::new("kill")
        .args(["-INT", &follower.id().to_string()])
        .status();
    assert!(interrupted.unwrap().success());
    assert_eq!(follower.wait().unwrap().code(), Some(0));
    server.stop().await;
}

#[tokio::test]
async fn a_sound_log_is_found_sound_beside_its_server() {
    let data = tempdir().unwrap();
    let server = Running::start(data.path()).await;
    server.account("緑川印刷").await;
    let verify = ["log", "verify", "--data", argument(data.path())];
    let (status, out, err) = told(&verify).await;
    assert_eq!(status, 0, "{out}{err}");
    assert!(out.contains("accounts: nothing is wrong; 2 events in 2 streams, up to position 2"));
    assert!(out.contains("risk: nothing is wrong; 3 events in 3 streams"));
    server.stop().await;
}

/// Replaces the last occurrence of `from` in the file of the accounts log.
fn replace(data: &std::path::Path, from: &[u8], to: &[u8]) {
    let path = data.join("accounts.log.sqlite");
    let mut bytes = fs::read(&path).unwrap();
    let place = bytes
        .windows(from.len())
        .rposition(|window| window == from)
        .unwrap();
    bytes[place..place + to.len()].copy_from_slice(to);
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_flipped_byte_is_found() {
    let data = tempdir().unwrap();
    fill_settled(data.path()).await;
    let directory = argument(data.path());
    let verify = ["log", "verify", "accounts", "--data", directory];
    let file = data.path().join("accounts.log.sqlite");
    let sound = fs::read(&file).unwrap();

    // The kind no longer fits the bytes of the event.
    replace(data.path(), b"account_opened", b"account_opemed");
    let (status, out, err) = told(&verify).await;
    assert_eq!(status, 1, "{out}");
    assert!(
        out.contains("accounts: 1 finding; 4 events in 4 streams"),
        "{out}"
    );
    assert!(
        out.contains("account_opemed in account-")
            && out.contains("its bytes are a account_opened"),
        "{out}"
    );
    assert!(err.contains("restore the newest backup"), "{err}");

    // The structure of the database.
    let mut bytes = sound.clone();
    for byte in &mut bytes[4096..4200] {
        *byte ^= 0x5a;
    }
    fs::write(&file, &bytes).unwrap();
    let (status, out, _) = told(&verify).await;
    assert_eq!(status, 1, "{out}");
    assert!(out.contains("accounts: "), "{out}");

    // Cut in the middle, overwritten, gone.
    fs::write(&file, &sound[..sound.len() / 2]).unwrap();
    let (status, out, _) = told(&verify).await;
    assert_eq!(status, 1, "{out}");
    fs::write(&file, "no database at all, only text that goes on and on").unwrap();
    let (status, out, _) = told(&verify).await;
    assert_eq!(status, 1);
    assert!(out.contains("is not a database"), "{out}");
    let (status, _, err) = told(&["log", "tail", "--data", directory]).await;
    assert_eq!(status, 2);
    assert!(err.contains("is not a database"), "{err}");
    fs::remove_file(&file).unwrap();
    let (status, _, err) = told(&verify).await;
    assert_eq!(status, 2);
    assert!(err.contains("there is no log of accounts in"), "{err}");
}

#[tokio::test]
async fn events_of_a_newer_version_are_told_as_such() {
    let data = tempdir().unwrap();
    let directory = argument(data.path());
    let path = data.path().join("risk.log.sqlite");
    let options = SqliteOptions::new(path, Arc::new(SystemClock), Arc::new(SystemEntropy));
    let log = SqliteLog::open(options).unwrap();
    let metadata = EventMetadata {
        actor: "user:sato".to_owned(),
        schema_version: 2,
        ..EventMetadata::default()
    };
    let event = |id: u128, kind: &'static str, data: &[u8]| NewEvent {
        id: Uuid::from_u128(id),
        kind,
        data: data.to_owned(),
        metadata: metadata.encode_to_vec(),
    };
    // Field 900 of the envelope; field 900 within a risk that was opened again.
    let events = vec![
        event(1, "risk_teleported", &[0xa2, 0x38, 0x00]),
        event(2, "risk_reopened", &[0x42, 0x03, 0xa0, 0x38, 0x01]),
    ];
    let stream = StreamId::new("risk", Uuid::from_u128(3));
    log.append(&stream, Revision::NONE, events).await.unwrap();
    log.close().await;

    let (status, out, err) = told(&["log", "verify", "--data", directory]).await;
    assert_eq!(status, 1);
    assert!(
        out.contains("risk: 2 findings; 2 events in 1 stream,"),
        "{out}"
    );
    let newer = "written by a newer version: this version does not know such an event";
    assert!(
        out.contains(&format!("position 1, risk_teleported in {stream}: {newer}")),
        "{out}"
    );
    assert!(
        out.contains("it has fields that this version does not know"),
        "{out}"
    );
    assert!(
        err.contains("try: the version of Keizoku that wrote it"),
        "{err}"
    );

    let (status, out, err) = told(&["log", "export", "--data", directory]).await;
    assert_eq!(status, 0);
    let events = lines(&out);
    assert_eq!(
        (&events[0]["data"], &events[0]["raw"]),
        (&Value::Null, &"a23800".into())
    );
    assert_eq!(
        (&events[1]["data"], &events[1]["raw"]),
        (&json!({}), &"4203a03801".into())
    );
    assert!(
        err.contains("risk: 2 of them not known to this version in full"),
        "{err}"
    );
    // Nothing is known of an organisation here.
    let (_, out, _) = told(&["log", "tail", "--data", directory]).await;
    assert!(
        out.starts_with("Recorded (UTC)") && out.contains("(not known to this version"),
        "{out}"
    );
}

#[tokio::test]
async fn whatever_byte_is_flipped_the_check_ends() {
    let data = tempdir().unwrap();
    fill_settled(data.path()).await;
    let file = data.path().join("accounts.log.sqlite");
    let sound = fs::read(&file).unwrap();
    let mut found = 0;
    for place in (0..sound.len()).step_by(61) {
        let mut bytes = sound.clone();
        bytes[place] ^= 0xff;
        fs::write(&file, bytes).unwrap();
        let report = verify::check(Service::Accounts, data.path(), |_| {});
        found += u32::from(!report.is_sound());
    }
    // Much of so small a database is empty space.
    assert!(found > 0);
}
