//! Separate processes, and what happens to the nats-server between them.

use std::ffi::OsStr;
use std::path::Path;

use keizoku_cli::client::Connection;
use keizoku_cli::server::Role;
use keizoku_proto::accounts::{Account, ListAccountsRequest};
use keizoku_proto::common::Money;
use keizoku_proto::forecast::{GetForecastRequest, GetForecastResponse};
use keizoku_proto::risk::{
    LeadsToChurn, NextAction, OpenRiskRequest, Risk, ScheduleNextActionRequest,
};
use keizoku_testkit::{Deployment, Scene, Serve, day, refused};
use tempfile::TempDir;
use tonic::{Code, Status};

/// A deployment whose forecast knows one account at risk, with what changes it.
struct Live {
    deployment: Deployment,
    scene: Scene,
    account: Account,
    risk: Risk,
    data: TempDir,
}

impl Live {
    async fn with_an_account_at_risk() -> Self {
        let data = TempDir::new().unwrap();
        let deployment = Deployment::split(data.path());
        let scene = Scene::new("trouble", deployment.api("csm").await);
        let account = scene.account("緑川印刷", |_| ()).await;
        scene.subscription(&account, 300_000, |_| ()).await;
        let risk = scene.risk(&account, "担当者が退職", |_| ()).await;
        let live = Self {
            deployment,
            scene,
            account,
            risk,
            data,
        };
        assert_eq!(live.shows_all().await, (300_000, 1));
        live
    }

    /// New clients, for processes that were started again.
    async fn reconnect(&mut self) {
        self.scene.api = self.deployment.api("csm").await;
    }

    /// What the forecast says, whatever it has read.
    async fn forecast(&self, tokens: Vec<String>) -> Result<GetForecastResponse, Status> {
        let request = GetForecastRequest {
            consistency_tokens: tokens,
            ..GetForecastRequest::default()
        };
        let answer = self.scene.api.forecasts().get_forecast(request).await;
        answer.map(tonic::Response::into_inner)
    }

    /// MRR and accounts at risk as known at the moment.
    async fn shows(&self) -> (i64, i64) {
        figures(&self.forecast(Vec::new()).await.unwrap())
    }

    /// The same, once everything is included that was ever answered.
    async fn shows_all(&self) -> (i64, i64) {
        loop {
            // Each try waits for five seconds at most.
            match self.forecast(self.scene.tokens()).await {
                Ok(answer) => return figures(&answer),
                Err(status) => assert_eq!(status.code(), Code::Unavailable, "{status}"),
            }
        }
    }

    /// A command of each service: an account with a contract, and a next action.
    async fn record(&self, name: &str) {
        let account = self.scene.account(name, |_| ()).await;
        self.scene.subscription(&account, 100_000, |_| ()).await;
        let request = ScheduleNextActionRequest {
            name: self.risk.name.clone(),
            next_action: Some(NextAction {
                due_date: Some(day(2026, 12, 1)),
                text: format!("{name}に電話"),
            }),
            request_id: self.scene.ids.fresh(),
            ..ScheduleNextActionRequest::default()
        };
        let scheduled = self.scene.api.risks().schedule_next_action(request).await;
        let scheduled = scheduled.unwrap().into_inner();
        self.scene.changed_risks(scheduled.consistency_token);
    }
}

fn figures(answer: &GetForecastResponse) -> (i64, i64) {
    let mrr: &Money = answer.current_mrr.as_ref().unwrap();
    (mrr.minor_units, answer.at_risk_accounts)
}

#[tokio::test]
async fn commands_and_questions_go_on_while_nats_is_away() {
    let mut live = Live::with_an_account_at_risk().await;
    live.deployment.nats().end();
    live.record("一").await;
    assert_eq!(
        live.shows().await,
        (300_000, 1),
        "what is known is answered"
    );
    // Accounts that this service has heard of can get risks.
    let open = |tokens| {
        let scene = &live.scene;
        let request = OpenRiskRequest {
            parent: live.account.name.clone(),
            display_name: "予算削減".to_owned(),
            leads_to_churn: LeadsToChurn::UnknownAtPresent.into(),
            request_id: scene.ids.fresh(),
            consistency_tokens: tokens,
            ..OpenRiskRequest::default()
        };
        async move { scene.api.risks().open_risk(request).await }
    };
    open(Vec::new()).await.unwrap();
    // What has not arrived is waited for, and then said.
    let waited = refused(open(live.scene.account_tokens()).await);
    assert_eq!(waited.kind(), (Code::Unavailable, "NOT_CAUGHT_UP"));

    live.deployment.nats().begin();
    assert_eq!(live.shows_all().await, (400_000, 1));
}

#[tokio::test]
async fn processes_that_start_while_nats_is_away_answer_what_they_knew() {
    let mut live = Live::with_an_account_at_risk().await;
    live.deployment.nats().end();
    live.deployment = live.deployment.restarted().await;
    live.reconnect().await;
    assert_eq!(live.shows().await, (300_000, 1));
    live.record("一").await;
    live.deployment = live.deployment.restarted().await;
    live.reconnect().await;
    live.record("二").await;
    assert_eq!(live.shows().await, (300_000, 1));
    live.deployment.nats().begin();
    assert_eq!(live.shows_all().await, (500_000, 1));
}

#[tokio::test]
async fn a_store_that_was_deleted_fills_again_and_newcomers_get_all_of_it() {
    let mut live = Live::with_an_account_at_risk().await;
    live.deployment.nats().end();
    live.deployment.nats().forget();
    live.record("一").await;
    live.deployment.nats().begin();
    assert_eq!(live.shows_all().await, (400_000, 1));
    // A forecast that knows nothing reads everything from NATS.
    let elsewhere = TempDir::new().unwrap();
    let stopped = live.deployment.take(Role::Forecast).stop().await;
    assert_eq!(stopped.code(), Some(0));
    live.deployment.move_to(elsewhere.path());
    live.deployment.start(Some(Role::Forecast));
    live.reconnect().await;
    assert_eq!(live.shows_all().await, (400_000, 1));
}

#[tokio::test]
async fn a_nats_that_hangs_holds_nobody_up() {
    let mut live = Live::with_an_account_at_risk().await;
    live.deployment.nats().pause();
    live.record("一").await;
    // It may have passed on the one before it hung.
    assert!(live.shows().await.0 < 500_000);
    live.record("二").await;
    live.deployment.nats().resume();
    assert_eq!(live.shows_all().await, (500_000, 1));
}

#[tokio::test]
async fn processes_that_are_killed_at_any_time_miss_nothing() {
    let mut live = Live::with_an_account_at_risk().await;
    let mut expected = 300_000;
    for role in Role::ALL {
        for round in 0..2 {
            live.record(&format!("{} {round}", role.name())).await;
            expected += 100_000;
            live.deployment.take(role).kill();
            live.deployment.start(Some(role));
            live.reconnect().await;
            assert_eq!(live.shows_all().await, (expected, 1), "{role:?}");
        }
    }
}

#[tokio::test]
async fn a_restored_backup_is_another_log_for_everybody() {
    let mut live = Live::with_an_account_at_risk().await;
    let place = TempDir::new().unwrap();
    let (backup, restored) = (place.path().join("backup"), place.path().join("restored"));
    let data = live.data.path().to_owned();
    offline(
        &live.deployment,
        "backup",
        &[backup.as_ref(), "--data".as_ref(), data.as_ref()],
    )
    .await;
    live.record("lost").await;
    assert_eq!(live.shows_all().await, (400_000, 1));
    let lost = live.scene.tokens();

    for role in [Role::Accounts, Role::Risk] {
        let stopped = live.deployment.take(role).stop().await;
        assert_eq!(stopped.code(), Some(0));
    }
    offline(
        &live.deployment,
        "restore",
        &[backup.as_ref(), "--data".as_ref(), restored.as_ref()],
    )
    .await;
    live.deployment.move_to(&restored);
    for role in [Role::Accounts, Role::Risk] {
        live.deployment.start(Some(role));
    }
    live.reconnect().await;
    live.record("after").await;
    // The forecast, which ran all the time, has only what the restored logs have.
    assert_eq!(shows_everything_of(&live).await, (400_000, 1));
    let foreign = live.forecast(lost).await;
    assert_eq!(foreign.unwrap_err().code(), Code::FailedPrecondition);
    let accounts = accounts(&live.scene.api).await;
    assert_eq!(accounts, ["after", "緑川印刷"]);
}

/// As soon as the forecast has heard of the new logs: until then their tokens are foreign to it.
async fn shows_everything_of(live: &Live) -> (i64, i64) {
    loop {
        match live.forecast(live.scene.tokens()).await {
            Ok(answer) => return figures(&answer),
            Err(status) if status.code() == Code::FailedPrecondition => {
                tokio::task::yield_now().await;
            }
            Err(status) => assert_eq!(status.code(), Code::Unavailable, "{status}"),
        }
    }
}

/// Runs a command on files.
async fn offline(deployment: &Deployment, command: &str, arguments: &[&OsStr]) {
    let all = [OsStr::new(command)]
        .into_iter()
        .chain(arguments.iter().copied());
    let output = deployment.run(all).await;
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {told}");
}

async fn accounts(api: &Connection) -> Vec<String> {
    let listed = api
        .accounts()
        .list_accounts(ListAccountsRequest::default())
        .await;
    let mut names: Vec<_> = listed
        .unwrap()
        .into_inner()
        .accounts
        .into_iter()
        .map(|account| account.display_name)
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn settings_for_nats_that_cannot_work_are_all_told_before_anything_is_done() {
    let data = TempDir::new().unwrap();
    let serve = Serve::on(data.path())
        .env("KEIZOKU__NATS__USER", "keizoku")
        .env("KEIZOKU__NATS__TOKEN_FILE", "token");
    let exited = serve.try_start().unwrap_err();
    assert_eq!(exited.code(), Some(1), "{exited:?}");
    for part in ["nats.url is missing", "nats.user and nats.password_file"] {
        assert!(exited.stderr.contains(part), "{}", exited.stderr);
    }
    let missing = Serve::on(data.path())
        .env("KEIZOKU__NATS__URL", "nats://127.0.0.1:1")
        .env("KEIZOKU__NATS__TOKEN_FILE", "/nowhere/token");
    let exited = missing.try_start().unwrap_err();
    assert!(
        exited.stderr.contains("/nowhere/token"),
        "{}",
        exited.stderr
    );
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_service_that_reads_others_does_not_start_without_nats() {
    let data = TempDir::new().unwrap();
    let refused = serve_alone(data.path(), "forecast");
    for part in [
        "events of accounts, healthscore, onboarding, risk",
        "--nats",
    ] {
        assert!(refused.contains(part), "{refused}");
    }
    assert!(
        serve_alone(data.path(), "risk").contains("events of accounts, healthscore, onboarding ")
    );
    let left = std::fs::read_dir(data.path()).unwrap();
    assert_eq!(left.count(), 0, "nothing was changed");
}

fn serve_alone(data: &Path, service: &str) -> String {
    let exited = Serve::on(data).arg(service).try_start();
    let exited = exited.unwrap_err();
    assert_eq!(exited.code(), Some(1), "{exited:?}");
    exited.stderr
}
