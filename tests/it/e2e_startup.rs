//! Starting and stopping the real binary: what is in the way is said once, with what to do, and
//! nothing is changed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use keizoku_proto::accounts::{
    GetAccountRequest, ImportRecordsRequest, ImportedUser, ListUsersRequest, UserProfile,
    import_records_request::Record,
};
use keizoku_proto::common::ImportOutcome;
use keizoku_testkit::{Exited, Process, Scene, Serve, SmallDisk, contents, run};
use tempfile::TempDir;

/// How long draining may take.
const DRAIN: Duration = Duration::from_secs(10);
/// What a busy machine may add to it.
const SLACK: Duration = Duration::from_secs(3);
/// Where SQLite keeps `user_version` in a file: four bytes, the most significant first.
const USER_VERSION: u64 = 60;

/// The server must not start: one complaint that says what and what to do.
#[track_caller]
fn complains(serve: Serve, words: &[&str]) -> Exited {
    let exited = serve.try_start().expect_err("it must not start");
    assert_eq!(exited.code(), Some(1), "{exited:?}");
    assert_eq!(exited.stdout, "");
    let told = &exited.stderr;
    assert!(told.starts_with("error: "), "{told}");
    assert_eq!(told.matches("error: ").count(), 1, "said once: {told}");
    for word in words {
        assert!(told.contains(word), "`{word}` is not in {told}");
    }
    exited
}

async fn scene(server: &Process) -> Scene {
    Scene::new("startup", server.api("csm").await)
}

#[tokio::test]
async fn a_port_that_is_taken_leaves_the_data_alone() {
    let folder = TempDir::new().unwrap();
    let server = Serve::on(&folder.path().join("first")).start();
    let second = folder.path().join("second");
    let address = server.address().to_string();
    let serve = Serve::on(&second).arg("--listen").arg(&address);
    complains(serve, &[&address, "--listen"]);
    assert!(!second.exists());
    scene(&server).await.account("あおば製作所", |_| ()).await;
}

#[tokio::test]
async fn a_directory_that_another_process_uses_stays_its_own() {
    let data = TempDir::new().unwrap();
    let server = Serve::on(data.path()).start();
    let account = scene(&server).await.account("あおば製作所", |_| ()).await;
    // The running server may still be writing into its read models.
    let truth = || {
        let mut files = contents(data.path());
        files.retain(|name, _| name.to_string_lossy().contains(".log.sqlite"));
        files
    };
    let before = truth();
    let path = data.path().to_str().unwrap();
    complains(
        Serve::on(data.path()),
        &["in use by another process", "data directory", path],
    );
    assert_eq!(truth(), before);
    let get = GetAccountRequest {
        name: account.name,
        ..GetAccountRequest::default()
    };
    let api = server.api("csm").await;
    assert!(api.accounts().get_account(get).await.is_ok());
}

#[test]
fn a_file_is_no_data_directory() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("data");
    fs::write(&file, "mine").unwrap();
    complains(
        Serve::on(&file),
        &[file.to_str().unwrap(), "choose another"],
    );
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

#[test]
fn a_directory_is_not_made_where_nothing_is() {
    let folder = TempDir::new().unwrap();
    let mistyped = folder.path().join("missing/data");
    let parent = folder.path().join("missing");
    complains(
        Serve::on(&mistyped),
        &[parent.to_str().unwrap(), "create it"],
    );
    assert!(!parent.exists());
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o555)).unwrap();
    // The superuser writes there all the same; a read-only disk stops even that one.
    let everybody_writes = fs::write(data.join("probe"), "").is_ok();
    let disk = everybody_writes.then(|| SmallDisk::mount("1m", ",ro"));
    let data = match &disk {
        None => data.as_path(),
        Some(Ok(disk)) => disk.path(),
        Some(Err(reason)) => {
            println!("skipped: root writes everywhere, and nothing may be mounted: {reason}");
            return;
        }
    };
    complains(
        Serve::on(data),
        &[
            data.to_str().unwrap(),
            "cannot be written",
            "choose another",
        ],
    );
}

#[test]
fn a_key_that_does_not_exist_is_named_with_where_the_keys_are() {
    let folder = TempDir::new().unwrap();
    let (data, file) = (
        folder.path().join("data"),
        folder.path().join("keizoku.toml"),
    );
    let with_file = |text: &str| {
        fs::write(&file, text).unwrap();
        Serve::on(&data).arg("--config").arg(&file)
    };
    let mut complaints = vec![
        complains(with_file("lissten = \"127.0.0.1:0\"\n"), &["lissten"]),
        complains(with_file("[log]\nformt = \"json\"\n"), &["formt"]),
        complains(with_file("[log]\nformat = \"xml\"\n"), &["xml"]),
        complains(with_file("data_dir = \n"), &["line 1"]),
        complains(Serve::on(&data).env("KEIZOKU__LISSTEN", "x"), &["lissten"]),
    ];
    let missing = folder.path().join("nowhere.toml");
    let serve = Serve::on(&data).arg("--config").arg(&missing);
    complaints.push(complains(serve, &["nowhere.toml"]));
    assert!(!data.exists());

    // Each names a command that lists the keys, and that command exists and does.
    for exited in complaints {
        let advice = exited
            .stderr
            .split('`')
            .find_map(|part| part.strip_prefix("keizoku "));
        let advice = advice.unwrap_or_else(|| panic!("no advice in {}", exited.stderr));
        let output = run("", advice.split(' '));
        assert!(output.status.success(), "keizoku {advice}");
        let text = String::from_utf8(output.stdout).unwrap();
        for key in ["listen", "data_dir", "format", "filter"] {
            assert!(
                text.contains(key),
                "`keizoku {advice}` does not tell of {key}"
            );
        }
    }
}

#[tokio::test]
async fn data_of_a_newer_version_is_left_as_it_is() {
    let data = TempDir::new().unwrap();
    let server = Serve::on(data.path()).start();
    let scene = scene(&server).await;
    let account = scene.account("あおば製作所", |_| ()).await;
    scene.risk(&account, "競合", |_| ()).await;
    drop(scene);
    assert_eq!(server.stop().await.code(), Some(0));
    let logs = ["accounts.log.sqlite", "risk.log.sqlite"];
    for log in logs {
        // Whoever stops in order leaves one file that is the whole log.
        let wal = data.path().join(format!("{log}-wal"));
        assert!(!wal.exists(), "{}", wal.display());
    }
    for log in logs {
        let path = data.path().join(log);
        let version = set_user_version(&path, 99);
        let before = stored(data.path());
        complains(
            Serve::on(data.path()),
            &[log, "newer version", "start that version"],
        );
        assert_eq!(stored(data.path()), before, "{log}");
        set_user_version(&path, version);
    }
    let server = Serve::on(data.path()).start();
    let get = GetAccountRequest {
        name: account.name,
        ..GetAccountRequest::default()
    };
    let api = server.api("csm").await;
    assert!(api.accounts().get_account(get).await.is_ok());
}

/// What is in the directory, without the empty files and the index of one that SQLite puts beside
/// a database when it looks into it.
fn stored(data: &Path) -> BTreeMap<PathBuf, (usize, u64)> {
    let mut found = contents(data);
    found.retain(|name, (length, _)| *length > 0 && !name.to_string_lossy().ends_with("-shm"));
    found
}

/// Writes the format's number into a database that nobody has open; the answer is the old one.
fn set_user_version(path: &Path, version: u32) -> u32 {
    let bytes = fs::read(path).unwrap();
    let at = usize::try_from(USER_VERSION).unwrap();
    let before = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let mut file = fs::File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(USER_VERSION)).unwrap();
    file.write_all(&version.to_be_bytes()).unwrap();
    before
}

#[tokio::test]
async fn what_to_try_next_reaches_a_server_on_another_port() {
    let data = TempDir::new().unwrap();
    let server = Serve::on(data.path()).start();
    let export = format!("export KEIZOKU_ENDPOINT={}", server.endpoint());
    let exited = server.stop().await;
    assert!(exited.stdout.contains(&export), "{}", exited.stdout);
}

#[test]
fn a_log_that_is_no_log_is_named_with_what_to_do() {
    let data = TempDir::new().unwrap();
    let log = data.path().join("risk.log.sqlite");
    fs::write(&log, "My holidays. ".repeat(100)).unwrap();
    let before = contents(data.path());
    let told = ["risk.log.sqlite is not a database", "restore a backup"];
    complains(Serve::on(data.path()), &told);
    let log = Path::new("risk.log.sqlite");
    assert_eq!(contents(data.path()).get(log), before.get(log));
}

#[tokio::test]
async fn both_signals_finish_what_was_accepted() {
    let data = TempDir::new().unwrap();
    for signal in ["TERM", "INT"] {
        let server = Serve::on(data.path()).start();
        let name = format!("signal {signal}");
        let scene = Scene::new(&name, server.api("csm").await);
        let account = scene.account(signal, |_| ()).await;
        server.signal(signal);
        let exited = server.exited().await;
        assert_eq!(exited.code(), Some(0), "{exited:?}");
        assert!(exited.stderr.contains("is closed"), "{}", exited.stderr);

        let server = Serve::on(data.path()).start();
        let get = GetAccountRequest {
            name: account.name,
            ..GetAccountRequest::default()
        };
        let api = server.api("csm").await;
        assert!(api.accounts().get_account(get).await.is_ok());
    }
}

/// A client that never lets go: a stream of rows that goes on for ever.
async fn hold(server: &Process) -> impl Sized + use<> {
    let user = ImportedUser {
        external_id: "crm:1".to_owned(),
        profile: Some(UserProfile {
            display_name: "鈴木".to_owned(),
            ..UserProfile::default()
        }),
        active: true,
        ..ImportedUser::default()
    };
    let row = ImportRecordsRequest {
        row: 1,
        record: Some(Record::User(user)),
    };
    let rows = futures::stream::once(async { row });
    let endless = futures::StreamExt::chain(rows, futures::stream::pending());
    let api = server.api("ops").await;
    let answers = api.accounts().import_records(endless).await.unwrap();
    let mut answers = answers.into_inner();
    let answer = answers.message().await.unwrap().unwrap();
    assert_eq!(answer.outcome(), ImportOutcome::Created);
    answers
}

#[tokio::test]
async fn the_first_signal_drains_for_ten_seconds_at_most() {
    let data = TempDir::new().unwrap();
    let server = Serve::on(data.path()).start();
    let held = hold(&server).await;
    let began = Instant::now();
    server.signal("TERM");
    let exited = server.exited().await;
    assert!(began.elapsed() < DRAIN + SLACK, "{:?}", began.elapsed());
    assert_eq!(exited.code(), Some(0), "{exited:?}");
    drop(held);
    assert_eq!(Serve::on(data.path()).start().stop().await.code(), Some(0));
}

#[tokio::test]
async fn the_second_signal_ends_at_once() {
    let data = TempDir::new().unwrap();
    let server = Serve::on(data.path()).start();
    let held = hold(&server).await;
    let began = Instant::now();
    // Two kinds: the same one twice may arrive as one.
    server.signal("INT");
    server.signal("TERM");
    let exited = server.exited().await;
    assert!(began.elapsed() < SLACK, "{:?}", began.elapsed());
    assert_eq!(exited.code(), Some(130), "{exited:?}");
    drop(held);
    let server = Serve::on(data.path()).start();
    let api = server.api("csm").await;
    let listed = api
        .directory()
        .list_users(ListUsersRequest::default())
        .await;
    let users = listed.unwrap().into_inner().users;
    assert_eq!(users.len(), 1, "what was answered is there");
}

/// What one process asks of the kernel, as the kernel says.
fn takes_huge_pages(server: &Process) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("THP_enabled:"));
    line.unwrap().ends_with('1')
}

#[tokio::test]
async fn a_process_takes_no_huge_pages() {
    let folder = TempDir::new().unwrap();
    assert!(!takes_huge_pages(&Serve::on(folder.path()).start()));
}
