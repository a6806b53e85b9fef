//! A real nats-server with JetStream, on a free port and a store of its own.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tempfile::TempDir;

/// A start that takes longer hangs.
const START: Duration = Duration::from_mins(1);
/// What operators start from.
const DEPLOYED: &str = include_str!("../../../deploy/nats/nats.conf");
const LISTENING: &str = "Listening for client connections on ";
const READY: &str = "Server is ready";

/// A running nats-server; killed when dropped.
#[derive(Debug)]
pub struct NatsServer {
    folder: TempDir,
    /// What its configuration says besides where it is.
    extra: String,
    port: u16,
    child: Option<Child>,
}

impl NatsServer {
    /// One that asks nobody who they are.
    #[must_use]
    pub fn start() -> Self {
        Self::configured("")
    }

    /// One with more in its configuration, such as `authorization { token: secret }`.
    #[must_use]
    pub fn configured(extra: &str) -> Self {
        let mut server = Self {
            folder: TempDir::new().expect("there is a place for temporary files"),
            extra: extra.to_owned(),
            port: 0,
            child: None,
        };
        server.begin();
        server
    }

    /// Where it is: `nats://127.0.0.1:1234`. The same after a restart.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Starts it again where it was.
    pub fn begin(&mut self) {
        let (child, port) = spawn(&self.configuration(), &self.store());
        self.port = port;
        self.child = Some(child);
    }

    /// Ends it at once, as a power cut would.
    pub fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("the process is ours");
            child.wait().expect("the process is ours");
        }
    }

    /// Stops it from doing anything, without ending it: it answers nobody and closes nothing.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let child = self.child.as_ref().expect("it runs");
        let id = child.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -{name}");
    }

    /// Forgets everything; only while it does not run.
    pub fn forget(&self) {
        assert!(self.child.is_none(), "a running server keeps its store");
        let _ = fs::remove_dir_all(self.store());
    }

    /// Copies what it holds, for [`put_back`](Self::put_back); only while it does not run.
    #[must_use]
    pub fn copy(&self) -> TempDir {
        assert!(self.child.is_none(), "a running server writes its store");
        let copy = TempDir::new().expect("there is a place for temporary files");
        copy_all(&self.store(), copy.path());
        copy
    }

    /// Goes back to a copy; only while it does not run.
    pub fn put_back(&self, copy: &TempDir) {
        self.forget();
        copy_all(copy.path(), &self.store());
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn configuration(&self) -> PathBuf {
        // -1 takes a free port.
        let port = match self.port {
            0 => "-1".to_owned(),
            port => port.to_string(),
        };
        let text = DEPLOYED.replace("port: 4222", &format!("port: {port}"));
        assert_ne!(text, DEPLOYED, "the configuration says where it listens");
        let text = format!("{text}\n{}", self.extra);
        let file = self.folder.path().join("nats.conf");
        fs::write(&file, text).expect("the directory is ours");
        file
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.end();
    }
}

/// Starts it and waits until it is ready; the answer is where it listens.
fn spawn(configuration: &Path, store: &Path) -> (Child, u16) {
    let mut child = Command::new("nats-server")
        .env("PATH", path())
        .env("NATS_STORE", store)
        .arg("-c")
        .arg(configuration)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("nats-server can be started; `./dev tools` installs it");
    let stderr = child.stderr.take().expect("its log is piped");
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        // Read to its end, or the server would wait for somebody to read.
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            drop(sender.send(line));
        }
    });
    let port = port(&lines);
    (child, port)
}

fn port(lines: &Receiver<String>) -> u16 {
    let mut told = String::new();
    let mut port = None;
    while let Ok(line) = lines.recv_timeout(START) {
        if let Some((_, address)) = line.split_once(LISTENING) {
            let found = address.rsplit_once(':').map(|(_, port)| port.trim());
            port = found.and_then(|port| port.parse().ok());
        }
        if line.contains(READY) {
            return port.unwrap_or_else(|| panic!("nats-server does not listen:\n{told}"));
        }
        told.push_str(&line);
        told.push('\n');
    }
    panic!("nats-server did not start:\n{told}")
}

/// Debian puts servers where only root looks for programs.
fn path() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin");
    path
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the directory is ours");
    for entry in fs::read_dir(from).expect("the store can be read") {
        let path = entry.expect("its entries too").path();
        let target = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            copy_all(&path, &target);
        } else {
            fs::copy(&path, &target).expect("its files too");
        }
    }
}
