//! The binary as a process: started on a directory, and ended by its own handle.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use keizoku_cli::client::{Caller, Connection, Endpoints};
use keizoku_cli::error::Failure;

use crate::keizoku;

/// A start that takes longer hangs: a debug build on a busy machine takes a second.
const START: Duration = Duration::from_mins(1);
/// The line that says that every question is answered from now on.
const READY: &str = "Keizoku is ready.";

/// How to start `keizoku serve`.
#[derive(Debug)]
pub struct Serve(Command);

/// A running server; killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Behind a lock, so that tests on several threads may share a process.
    lines: Mutex<Receiver<String>>,
    stderr: Option<JoinHandle<String>>,
    /// Everything that it printed so far, as far as somebody waited for it.
    stdout: String,
    address: SocketAddr,
}

/// How a process ended.
#[derive(Debug)]
pub struct Exited {
    /// Its status.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Exited {
    /// The exit code, when it ended by itself.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The signal that ended it.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }
}

impl Serve {
    /// On `data`, at a port that is free. Nothing of the caller's own configuration counts.
    #[must_use]
    pub fn on(data: &Path) -> Self {
        let mut serve = Self(command());
        serve.0.arg("serve").arg("--data").arg(data);
        serve.0.stdin(Stdio::null());
        serve.0.stdout(Stdio::piped()).stderr(Stdio::piped());
        serve.listening("127.0.0.1:0")
    }

    /// At this address instead.
    #[must_use]
    pub fn listening(self, address: &str) -> Self {
        // Told in the environment so that a later call, or `--listen`, wins.
        self.env("KEIZOKU__LISTEN", address)
    }

    /// With one more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.0.arg(argument);
        self
    }

    /// With a variable in its environment.
    #[must_use]
    pub fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(key, value);
        self
    }

    /// Dying where a named point is reached: `log.commit.before:17`.
    #[must_use]
    pub fn crashing_at(self, point: &str) -> Self {
        self.env("KEIZOKU_CRASH_AT", point)
    }

    /// Starts it and waits until it is ready.
    #[must_use]
    pub fn start(self) -> Process {
        match self.try_start() {
            Ok(process) => process,
            Err(exited) => panic!("the server ended before it was ready: {exited:?}"),
        }
    }

    /// Starts it and waits until it is ready or ends.
    ///
    /// # Errors
    /// How it ended.
    pub fn try_start(self) -> Result<Process, Exited> {
        let mut process = self.spawn();
        let deadline = Instant::now() + START;
        let mut is_ready = false;
        while let Some(line) = process.next_line(deadline) {
            is_ready |= line == READY;
            let address = line.split_once("://").map(|(_, rest)| rest);
            let address = address.and_then(|rest| rest.split(' ').next()?.parse().ok());
            if let Some(address) = address.filter(|_| is_ready) {
                process.address = address;
                return Ok(process);
            }
        }
        Err(process.wait())
    }

    /// Starts it without waiting for anything.
    fn spawn(mut self) -> Process {
        let mut child = self.0.spawn().expect("the binary can be started");
        let stdout = child.stdout.take().expect("its output is piped");
        let mut stderr = child.stderr.take().expect("its errors are piped");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            // The end of the output is the end of the process.
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                drop(sender.send(line));
            }
        });
        let stderr = std::thread::spawn(move || {
            let mut text = Vec::new();
            drop(stderr.read_to_end(&mut text));
            String::from_utf8_lossy(&text).into_owned()
        });
        Process {
            child,
            lines: Mutex::new(lines),
            stderr: Some(stderr),
            stdout: String::new(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        }
    }
}

impl Process {
    /// Where its API is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its API as `http://127.0.0.1:1234`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Clients of it, calling as `user`.
    pub async fn api(&self, user: &str) -> Connection {
        connect(&self.endpoints(), user).await
    }

    fn endpoints(&self) -> Endpoints {
        Endpoints::all_at(self.endpoint())
    }

    /// The same; `None` when nobody answers, because it has died.
    pub async fn try_api(&self, user: &str) -> Option<Connection> {
        open(&self.endpoints(), user).await.ok()
    }

    /// Sends it a signal by name: `TERM`, `INT`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.id().to_string())
            .status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -{name}");
    }

    /// Ends it as a power cut would: nothing of it runs any more.
    pub fn kill(&mut self) {
        self.child.kill().expect("the process is ours");
        self.child.wait().expect("the process is ours");
    }

    /// Asks it to stop and waits until it has.
    pub async fn stop(self) -> Exited {
        self.signal("TERM");
        self.exited().await
    }

    /// Waits until it has ended by itself. Clients of this runtime go on meanwhile: they have a
    /// part in closing their connections.
    pub async fn exited(self) -> Exited {
        let waiting = tokio::task::spawn_blocking(|| self.wait());
        waiting.await.expect("waiting for a process does not fail")
    }

    fn wait(mut self) -> Exited {
        let deadline = Instant::now() + START;
        while self.next_line(deadline).is_some() {}
        let status = self.child.wait().expect("the process is ours");
        let stderr = self.stderr.take().map(JoinHandle::join);
        Exited {
            status,
            stdout: std::mem::take(&mut self.stdout),
            stderr: stderr.and_then(Result::ok).unwrap_or_default(),
        }
    }

    /// The next line of its output; `None` when it has ended.
    fn next_line(&mut self, deadline: Instant) -> Option<String> {
        let left = deadline.saturating_duration_since(Instant::now());
        let lines = self.lines.get_mut().unwrap_or_else(PoisonError::into_inner);
        match lines.recv_timeout(left) {
            Ok(line) => {
                self.stdout.push_str(&line);
                self.stdout.push('\n');
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                drop(self.child.kill());
                panic!("the server hangs; so far it printed\n{}", self.stdout)
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Neither is possible once it has ended, and then neither is needed.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Runs the binary with `arguments` against the server at `endpoint`, to its end.
pub fn run<A: Into<OsString>>(endpoint: &str, arguments: impl IntoIterator<Item = A>) -> Output {
    run_at(&Endpoints::all_at(endpoint.to_owned()), arguments)
}

/// The same against services that may be in several places.
pub fn run_at<A: Into<OsString>>(
    endpoints: &Endpoints,
    arguments: impl IntoIterator<Item = A>,
) -> Output {
    let mut command = command();
    command
        .args(arguments.into_iter().map(Into::into))
        .env("KEIZOKU_ENDPOINT", &endpoints.all)
        .stdin(Stdio::null());
    let own = [
        ("KEIZOKU_ACCOUNTS_ENDPOINT", &endpoints.accounts),
        ("KEIZOKU_RISK_ENDPOINT", &endpoints.risk),
        ("KEIZOKU_FORECAST_ENDPOINT", &endpoints.forecast),
        ("KEIZOKU_NOTIFICATION_ENDPOINT", &endpoints.notification),
        ("KEIZOKU_ONBOARDING_ENDPOINT", &endpoints.onboarding),
        ("KEIZOKU_HEALTHSCORE_ENDPOINT", &endpoints.healthscore),
    ];
    for (variable, endpoint) in own {
        if let Some(endpoint) = endpoint {
            command.env(variable, endpoint);
        }
    }
    command.output().expect("the binary can be started")
}

pub(crate) async fn connect(endpoints: &Endpoints, user: &str) -> Connection {
    match open(endpoints, user).await {
        Ok(connection) => connection,
        Err(failure) => panic!("{}", failure.explain()),
    }
}

async fn open(endpoints: &Endpoints, user: &str) -> Result<Connection, Failure> {
    Connection::open(endpoints, Caller::new(None, Some(user))?).await
}

fn command() -> Command {
    let mut command = Command::new(keizoku());
    let ours = std::env::vars_os().map(|(key, _)| key);
    for key in ours.filter(|key| key.to_string_lossy().starts_with("KEIZOKU")) {
        command.env_remove(key);
    }
    command
}
