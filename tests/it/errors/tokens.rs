//! Consistency tokens and watermarks (FC-11).

use std::cell::Cell;
use std::time::{Duration, Instant};

use keizoku_cli::client::settle;
use keizoku_proto::accounts::{GetAccountRequest, GetOrganisationRequest, ListAccountsRequest};
use keizoku_proto::risk::{GetRiskRequest, ListRisksRequest, OpenRiskRequest};
use keizoku_testkit::{RequestIds, logs, refused};
use tonic::Code;
use uuid::Uuid;

use super::scene;

#[tokio::test]
async fn fc_11_a_question_with_a_token_includes_the_change() {
    let (cluster, scene) = scene("token").await;
    for number in 1..=20 {
        let account = scene.account(&format!("{number:02}"), |_| ()).await;
        let list = ListAccountsRequest {
            consistency_tokens: scene.account_tokens(),
            ..ListAccountsRequest::default()
        };
        let listed = scene.api.accounts().list_accounts(list).await.unwrap();
        let listed = listed.into_inner();
        assert_eq!(listed.total_size, number);
        assert_eq!(listed.accounts.last().unwrap().name, account.name);

        // The token of the account lets the risk be filed; the risk's lets it be listed.
        let risk = scene.risk(&account, "競合", |_| ()).await;
        let list = ListRisksRequest {
            consistency_tokens: scene.tokens(),
            page_size: 1_000,
            ..ListRisksRequest::default()
        };
        let listed = scene
            .api
            .risks()
            .list_risks(list)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(listed.total_size, number);
        assert!(listed.risks.iter().any(|listed| listed.name == risk.name));
    }
    let list = ListRisksRequest {
        consistency_tokens: scene.tokens(),
        ..ListRisksRequest::default()
    };
    let watermarks = scene.api.risks().list_risks(list).await.unwrap();
    let heads = logs::heads(cluster.folder());
    let watermarks = watermarks.into_inner().watermarks;
    assert_eq!(watermarks.len(), 2);
    for watermark in watermarks {
        assert_eq!(watermark.position, heads[watermark.source.as_str()]);
        assert_eq!(watermark.head, watermark.position);
        assert!(Uuid::try_parse(&watermark.log_id).is_ok());
        assert!(watermark.recorded_at.is_some());
    }
}

#[tokio::test]
async fn fc_11_waiting_for_what_never_comes_ends_and_says_try_again() {
    let (_cluster, scene) = scene("bounded").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let token = scene.tokens().remove(0);
    let (log, _) = token.split_once('-').unwrap();
    let ask = |token: String| GetAccountRequest {
        name: account.name.clone(),
        consistency_tokens: vec![token],
        ..GetAccountRequest::default()
    };
    let began = Instant::now();
    let future = ask(format!("{log}-ffff"));
    let refusal = refused(scene.api.accounts().get_account(future).await);
    assert_eq!(refusal.kind(), (Code::Unavailable, "NOT_CAUGHT_UP"));
    assert!(refusal.retry_after.is_some());
    assert!(began.elapsed() < Duration::from_secs(10), "{began:?}");
    scene.api.accounts().get_account(ask(token)).await.unwrap();
}

#[tokio::test]
async fn fc_11_a_change_that_comes_while_a_question_waits_ends_the_waiting() {
    let (_cluster, scene) = scene("waits").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let risk = scene.risk(&account, "競合", |_| ()).await;
    let token = scene.tokens().remove(1);
    let (log, position) = token.split_once('-').unwrap();
    let next = u64::from_str_radix(position, 16).unwrap() + 1;
    let list = ListRisksRequest {
        consistency_tokens: vec![format!("{log}-{next:x}")],
        ..ListRisksRequest::default()
    };
    let mut risks = scene.api.risks();
    let (listed, _) = futures::join!(risks.list_risks(list), scene.risk(&account, "価格", |_| ()));
    let listed = listed.unwrap().into_inner();
    assert_eq!(listed.total_size, 2);
    assert!(listed.risks.iter().any(|listed| listed.name == risk.name));
}

/// An import's tokens are of several logs, of which most services read some.
#[tokio::test]
async fn fc_11_settling_waits_for_what_a_service_reads_whatever_else_there_is() {
    let (_cluster, scene) = scene("settles").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    scene.risk(&account, "競合", |_| ()).await;
    let token = scene.tokens().remove(1);
    let (log, position) = token.split_once('-').unwrap();
    let next = u64::from_str_radix(position, 16).unwrap() + 1;
    let nobodys = Uuid::from_u128(7).simple();
    let tokens = [format!("{nobodys}-1"), format!("{log}-{next:x}")];
    let begun = Cell::new(false);
    let change = async {
        // Long enough for refusals to be heard.
        for _ in 0..50 {
            let request = GetOrganisationRequest {};
            scene
                .api
                .directory()
                .get_organisation(request)
                .await
                .unwrap();
        }
        begun.set(true);
        scene.risk(&account, "価格", |_| ()).await;
    };
    let settling = async {
        settle(&scene.api, &tokens).await;
        assert!(begun.get(), "the risk service was waited for");
    };
    futures::join!(settling, change);
}

#[tokio::test]
async fn fc_11_a_token_of_another_log_is_refused() {
    let (_cluster, scene) = scene("foreign").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let log = Uuid::from_u128(7);
    let get = |token: String| GetAccountRequest {
        name: account.name.clone(),
        consistency_tokens: vec![token],
        ..GetAccountRequest::default()
    };
    let foreign = get(format!("{}-1", log.simple()));
    let refusal = refused(scene.api.accounts().get_account(foreign).await);
    assert_eq!(refusal.kind(), (Code::FailedPrecondition, "FOREIGN_TOKEN"));
    assert_eq!(refusal.metadata["log_id"], log.to_string());
    let refusal = refused(
        scene
            .api
            .accounts()
            .get_account(get("abc".to_owned()))
            .await,
    );
    assert_eq!(refusal.fields, ["consistency_tokens"]);

    // Neither does a change take one.
    let open = OpenRiskRequest {
        parent: account.name.clone(),
        display_name: "競合".to_owned(),
        leads_to_churn: 1,
        request_id: RequestIds::of("foreign risk").fresh(),
        consistency_tokens: vec![format!("{}-1", log.simple())],
        ..OpenRiskRequest::default()
    };
    let refusal = refused(scene.api.risks().open_risk(open).await);
    assert_eq!(refusal.reason, "FOREIGN_TOKEN");
    let unknown = GetRiskRequest {
        name: format!("{}/risks/{log}", account.name),
        ..GetRiskRequest::default()
    };
    let refusal = refused(scene.api.risks().get_risk(unknown).await);
    assert_eq!(refusal.code, Code::NotFound);
}
