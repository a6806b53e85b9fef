//! An operator's work on the files of a real server.

mod copies;
mod logs;
mod settings;

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use keizoku_cli::client::{Caller, Connection, Endpoints};
use keizoku_cli::server::config::Config;
use keizoku_cli::server::{self, Ambient, Roles, Server};
use keizoku_core::{NoProbe, SystemClock, SystemEntropy};
use keizoku_proto::accounts::{AccountFields, CreateAccountRequest, GetAccountRequest};
use keizoku_proto::risk::{LeadsToChurn, OpenRiskRequest};
use tonic::Status;
use uuid::Uuid;

/// A server in this process, and a client of it.
pub(super) struct Running {
    server: Server,
    client: Connection,
}

impl Running {
    pub(super) async fn start(data: &Path) -> Self {
        let config = Config {
            data_dir: data.to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            ..Config::default()
        };
        let ambient = Ambient {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            probe: Arc::new(NoProbe),
        };
        let server = server::start(&config, &Roles::all(), &ambient)
            .await
            .unwrap();
        server.ready().await;
        let endpoints = Endpoints::all_at(format!("http://{}", server.address));
        let caller = Caller::new(None, Some("sato")).unwrap();
        let client = Connection::open(&endpoints, caller).await.unwrap();
        Self { server, client }
    }

    pub(super) async fn stop(self) {
        self.server.lifecycle().stop();
        self.server.run().await.unwrap();
    }

    /// Records an account; the answer is its resource name and the token of the change.
    pub(super) async fn account(&self, display_name: &str) -> (String, String) {
        let request = CreateAccountRequest {
            account: Some(AccountFields {
                display_name: display_name.to_owned(),
                ..AccountFields::default()
            }),
            request_id: Uuid::new_v5(&Uuid::NAMESPACE_OID, display_name.as_bytes()).to_string(),
            ..CreateAccountRequest::default()
        };
        let answer = self.client.accounts().create_account(request).await;
        let answer = answer.unwrap().into_inner();
        (answer.account.unwrap().name, answer.consistency_token)
    }

    /// Files a risk of an account.
    pub(super) async fn risk(&self, account: &str, token: &str, display_name: &str) {
        let request = OpenRiskRequest {
            parent: account.to_owned(),
            display_name: display_name.to_owned(),
            leads_to_churn: LeadsToChurn::UnknownAtPresent.into(),
            request_id: Uuid::new_v5(&Uuid::NAMESPACE_OID, display_name.as_bytes()).to_string(),
            consistency_tokens: vec![token.to_owned()],
            ..OpenRiskRequest::default()
        };
        self.client.risks().open_risk(request).await.unwrap();
    }

    /// The name of an account, in an answer that includes the tokens' changes.
    pub(super) async fn name_of(&self, account: &str, tokens: &[&str]) -> Result<String, Status> {
        let request = GetAccountRequest {
            name: account.to_owned(),
            consistency_tokens: tokens.iter().map(|token| (*token).to_owned()).collect(),
            ..GetAccountRequest::default()
        };
        let answer = self.client.accounts().get_account(request).await?;
        Ok(answer.into_inner().account.unwrap().display_name)
    }
}

/// Fills a data directory with three accounts and two risks; the server is stopped again.
pub(super) async fn fill(data: &Path) {
    let server = Running::start(data).await;
    let (account, token) = server.account("緑川印刷").await;
    server.account("Blue Harbour").await;
    server.account("北山製作所").await;
    server.risk(&account, &token, "担当者が退職").await;
    server.risk(&account, &token, "price").await;
    server.stop().await;
}

/// The same as single files, in which bytes have fixed places: what was written last to a log that
/// was open may still be in its WAL.
pub(super) async fn fill_settled(data: &Path) {
    let before = tempfile::tempdir().unwrap();
    fill(before.path()).await;
    let (status, _, err) =
        told(&["backup", argument(data), "--data", argument(before.path())]).await;
    assert_eq!(status, 0, "{err}");
    std::fs::remove_file(data.join("manifest.json")).unwrap();
}

/// The binary, with nothing in its environment that it would take for a setting.
pub(super) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keizoku"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("KEIZOKU") {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs the binary beside the test's own server.
pub(super) async fn keizoku(arguments: &[&str]) -> Output {
    let mut command = command(arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

/// Exit status, standard output and standard error.
pub(super) async fn told(arguments: &[&str]) -> (i32, String, String) {
    let output = keizoku(arguments).await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let status = output.status.code().unwrap();
    (status, text(output.stdout), text(output.stderr))
}

/// A path as an argument.
pub(super) fn argument(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Names and contents of the files in a directory.
pub(super) fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap_or_default())
        })
        .collect();
    files.sort();
    files
}
