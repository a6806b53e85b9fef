//! `keizoku backup`, `restore` and `rebuild`.

use std::fs;
use std::path::Path;

use keizoku_cli::ops::manifest::Manifest;
use serde_json::Value;
use tempfile::tempdir;
use tonic_types::StatusExt as _;

use super::{Running, argument, command, files, fill, fill_settled, told};

#[tokio::test]
async fn a_restored_backup_answers_the_same_and_refuses_old_tokens() {
    let folder = tempdir().unwrap();
    let [data, backup, restored] =
        ["data", "backup", "restored"].map(|name| folder.path().join(name));
    let server = Running::start(&data).await;
    let (account, token) = server.account("緑川印刷").await;
    server.risk(&account, &token, "担当者が退職").await;

    let copy = ["backup", argument(&backup), "--data", argument(&data)];
    let (status, out, err) = told(&copy).await;
    assert_eq!(status, 0, "{err}");
    assert!(
        out.contains("accounts   up to position 2") && out.contains("keizoku restore"),
        "{out}"
    );
    let manifest = Manifest::read(&backup).unwrap();
    assert_eq!(manifest.version, 1);
    assert_eq!(manifest.logs.len(), 5);
    let (later, later_token) = server.account("recorded after the backup").await;
    assert!(server.name_of(&later, &[&later_token]).await.is_ok());
    server.stop().await;

    let verify = ["log", "verify", "--data", argument(&backup)];
    assert_eq!(told(&verify).await.0, 0);
    let restore = ["restore", argument(&backup), "--data", argument(&restored)];
    let (status, out, err) = told(&restore).await;
    assert_eq!(status, 0, "{err}");
    assert!(out.contains("Start it with: keizoku serve --data"), "{out}");

    let server = Running::start(&restored).await;
    assert_eq!(server.name_of(&account, &[]).await.unwrap(), "緑川印刷");
    assert_eq!(
        server.name_of(&later, &[]).await.unwrap_err().code(),
        tonic::Code::NotFound
    );
    let refused = server.name_of(&account, &[&token]).await.unwrap_err();
    assert_eq!(
        refused.get_details_error_info().unwrap().reason,
        "FOREIGN_TOKEN"
    );
    let (_, fresh) = server.account("recorded after the restoration").await;
    assert!(server.name_of(&account, &[&fresh]).await.is_ok());
    server.stop().await;
}

#[tokio::test]
async fn a_backup_overwrites_nothing() {
    let folder = tempdir().unwrap();
    let [data, backup] = ["data", "backup"].map(|name| folder.path().join(name));
    fill_settled(&data).await;
    let copy = ["backup", argument(&backup), "--data", argument(&data)];
    // An empty directory is as good as none.
    fs::create_dir(&backup).unwrap();
    assert_eq!(told(&copy).await.0, 0);
    let before = files(&backup);
    let (status, _, err) = told(&copy).await;
    assert_eq!(status, 1);
    assert!(
        err.contains("is not empty\n  try: name a directory"),
        "{err}"
    );
    assert_eq!(files(&backup), before);

    let nowhere = folder.path().join("no/backup");
    let (status, _, err) = told(&["backup", argument(&nowhere), "--data", argument(&data)]).await;
    assert_eq!(status, 1);
    assert!(err.contains("try: create the directory above it"), "{err}");
    let none = folder.path().join("none");
    let (status, _, err) =
        told(&["backup", argument(&none), "--data", argument(folder.path())]).await;
    assert_eq!(status, 2);
    assert!(
        err.contains("there is no log in") && !none.exists(),
        "{err}"
    );

    // What cannot be copied leaves nothing behind.
    fs::write(data.join("accounts.log.sqlite"), "no database").unwrap();
    let (status, _, err) = told(&["backup", argument(&none), "--data", argument(&data)]).await;
    assert_eq!(status, 2);
    assert!(err.contains("is not a database") && !none.exists(), "{err}");
}

#[tokio::test]
async fn a_restoration_touches_no_data() {
    let folder = tempdir().unwrap();
    let [data, backup] = ["data", "backup"].map(|name| folder.path().join(name));
    fill(&data).await;
    let copied = told(&["backup", argument(&backup), "--data", argument(&data)]).await;
    assert_eq!(copied.0, 0);
    let restore = ["restore", argument(&backup), "--data", argument(&data)];

    let before = files(&data);
    let (status, _, err) = told(&restore).await;
    assert_eq!(status, 1);
    assert!(
        err.contains("is not empty") && err.contains("move its data away"),
        "{err}"
    );
    assert_eq!(files(&data), before);

    let server = Running::start(&data).await;
    let (status, _, err) = told(&restore).await;
    assert_eq!(status, 1);
    assert!(err.contains("is in use by another process"), "{err}");
    server.stop().await;

    let interrupted = folder.path().join("interrupted");
    fs::create_dir_all(interrupted.join(".restoring")).unwrap();
    let again = [
        "restore",
        argument(&backup),
        "--data",
        argument(&interrupted),
    ];
    let (status, _, err) = told(&again).await;
    assert_eq!(status, 1);
    assert!(
        err.contains("a restoration left") && err.contains("try: delete"),
        "{err}"
    );

    // Only the locks of a server that has gone are left.
    for (name, _) in files(&data) {
        let extension = Path::new(&name).extension();
        if extension.is_none_or(|extension| extension != "lock") {
            fs::remove_file(data.join(name)).unwrap();
        }
    }
    let (status, _, err) = told(&restore).await;
    assert_eq!(status, 0, "{err}");
    let names: Vec<String> = files(&data).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "accounts.log.sqlite",
            "accounts.log.sqlite.lock",
            "healthscore.log.sqlite",
            "healthscore.log.sqlite.lock",
            "notification.log.sqlite",
            "notification.log.sqlite.lock",
            "onboarding.log.sqlite",
            "onboarding.log.sqlite.lock",
            "risk.log.sqlite",
            "risk.log.sqlite.lock"
        ]
    );
    assert_eq!(
        told(&["restore", argument(&backup)]).await.0,
        2,
        "--data has no default"
    );
}

#[tokio::test]
async fn only_a_whole_backup_is_restored() {
    let folder = tempdir().unwrap();
    let [data, backup, target] = ["data", "backup", "target"].map(|name| folder.path().join(name));
    fill(&data).await;
    let copied = told(&["backup", argument(&backup), "--data", argument(&data)]).await;
    assert_eq!(copied.0, 0);
    let (manifest, log) = (backup.join("manifest.json"), backup.join("risk.log.sqlite"));
    let (sound_manifest, sound_log) = (fs::read(&manifest).unwrap(), fs::read(&log).unwrap());
    let changed = |pointer: &str, value: Value| {
        let mut json: Value = serde_json::from_slice(&sound_manifest).unwrap();
        *json.pointer_mut(pointer).unwrap() = value;
        serde_json::to_vec(&json).unwrap()
    };
    let mut flipped = sound_log.clone();
    flipped[sound_log.len() - 7] ^= 1;

    let damages = [
        (
            sound_manifest.clone(),
            sound_log[..4096].to_vec(),
            "risk.log.sqlite is truncated: 4096 bytes",
        ),
        (
            sound_manifest.clone(),
            flipped,
            "its SHA-256 is not the manifest's",
        ),
        (
            b"{}".to_vec(),
            sound_log.clone(),
            "is no manifest of a backup",
        ),
        (
            changed("/version", 2.into()),
            sound_log.clone(),
            "has format version 2",
        ),
        (
            changed("/logs", Value::Array(Vec::new())),
            sound_log.clone(),
            "names no log",
        ),
        (
            changed("/logs/1/head", 77.into()),
            sound_log.clone(),
            "is not the log that the manifest describes",
        ),
        (
            changed("/logs/1/service", "health".into()),
            sound_log.clone(),
            "a log of `health`, which is no service",
        ),
        (
            changed("/logs/1/service", "accounts".into()),
            sound_log.clone(),
            "names the log of accounts twice",
        ),
        (
            changed("/logs/1/file", "../risk".into()),
            sound_log.clone(),
            "which its manifest calls ../risk",
        ),
    ];
    let restore = ["restore", argument(&backup), "--data", argument(&target)];
    for (damaged_manifest, damaged_log, expected) in damages {
        fs::write(&manifest, damaged_manifest).unwrap();
        fs::write(&log, damaged_log).unwrap();
        let (status, _, err) = told(&restore).await;
        assert_eq!(status, 2, "{expected}: {err}");
        assert!(err.contains(expected), "{expected}: {err}");
        assert!(!target.exists(), "{expected}");
        let verify = ["log", "verify", "--data", argument(&backup)];
        assert_eq!(
            told(&verify).await.0,
            i32::from(expected != "names no log") | 1,
            "{expected}"
        );
    }
    fs::remove_file(&manifest).unwrap();
    let (status, _, err) = told(&restore).await;
    assert_eq!(status, 2);
    assert!(err.contains("holds no manifest.json"), "{err}");
    let (status, _, err) = told(&["restore", "nowhere", "--data", argument(&target)]).await;
    assert_eq!(status, 2);
    assert!(err.contains("there is no directory nowhere"), "{err}");
}

#[tokio::test]
async fn read_models_are_built_again() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Running::start(&data).await;
    let (account, _) = server.account("緑川印刷").await;
    let rebuild = ["rebuild", "--data", argument(&data)];
    let (status, _, err) = told(&rebuild).await;
    assert_eq!(status, 1);
    assert!(
        err.contains("is in use by another process: stop that process"),
        "{err}"
    );
    assert_eq!(server.name_of(&account, &[]).await.unwrap(), "緑川印刷");
    server.stop().await;

    let (status, out, err) = told(&rebuild).await;
    assert_eq!(status, 0, "{err}");
    assert!(
        out.contains("accounts.model.sqlite") && out.contains("The next start builds them"),
        "{out}"
    );
    let has_models = || {
        files(&data)
            .iter()
            .any(|(name, _)| name.contains(".model."))
    };
    assert!(!has_models());
    assert!(told(&rebuild).await.1.contains("holds no read model"));

    let server = Running::start(&data).await;
    assert_eq!(server.name_of(&account, &[]).await.unwrap(), "緑川印刷");
    server.stop().await;

    // Without its log, a read model may be all that is left.
    fs::remove_file(data.join("accounts.log.sqlite")).unwrap();
    let (status, _, err) = told(&rebuild).await;
    assert_eq!(status, 1);
    assert!(
        err.contains("accounts.model.sqlite has no log beside it"),
        "{err}"
    );
    assert!(has_models());
}

#[test]
fn the_commands_explain_themselves() {
    for arguments in [
        &["backup", "--help"][..],
        &["restore", "--help"],
        &["rebuild", "--help"],
        &["config", "--help"],
        &["log", "tail", "--help"],
        &["log", "export", "--help"],
        &["log", "verify", "--help"],
    ] {
        let output = command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(
            String::from_utf8(output.stdout)
                .unwrap()
                .contains("Examples:"),
            "{arguments:?}"
        );
    }
}
