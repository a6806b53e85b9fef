//! How many requests, how long, how large; and whether the server says so of itself.

use std::time::{Duration, Instant};

use keizoku_cli::client::Connection;
use keizoku_proto::accounts::{DefineTeamRequest, GetOrganisationRequest, ListTeamsRequest, Team};
use keizoku_proto::risk::ListRisksRequest;
use keizoku_runtime::server::{MAX_ANSWER, MAX_MESSAGE, Reflection};
use keizoku_testkit::{Cluster, Refusal, Scene, refused};
use tonic::codec::CompressionEncoding;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::with;
use crate::access::Raw;

/// A question whose answer must include what will never happen: it waits.
async fn endless(cluster: &Cluster) -> ListTeamsRequest {
    let scene = Scene::new("endless", cluster.api("csm").await);
    scene.team("東日本").await;
    let token = scene.account_tokens().remove(0);
    let (log, _) = token.split_once('-').unwrap();
    ListTeamsRequest {
        consistency_tokens: vec![format!("{log}-7fffffffffffffff")],
    }
}

async fn organisation(api: &Connection) -> Result<(), Refusal> {
    let mut directory = api.directory();
    let answer = directory.get_organisation(GetOrganisationRequest {}).await;
    answer.map(drop).map_err(|status| Refusal::from(&status))
}

async fn health(cluster: &Cluster, service: &str) -> ServingStatus {
    let mut client = HealthClient::new(Raw::to(cluster).await.channel());
    let service = service.to_owned();
    let checked = client.check(HealthCheckRequest { service }).await;
    checked.unwrap().into_inner().status()
}

#[tokio::test]
async fn what_is_too_much_is_refused_at_once_and_taken_again_later() {
    let cluster = with(|config| config.limits.requests_in_flight = 1).await;
    let (one, other) = (cluster.api("one").await, cluster.api("other").await);
    let question = endless(&cluster).await;
    let mut directory = one.directory();
    // The probe may come first and take the only place: then the question is asked again.
    let refusal = 'full: loop {
        let waiting = directory.list_teams(question.clone());
        tokio::pin!(waiting);
        loop {
            tokio::select! {
                answer = &mut waiting => {
                    assert_eq!(refused(answer).reason, "OVERLOADED");
                    break;
                }
                probe = organisation(&other) => {
                    if let Err(refusal) = probe {
                        // Health is told all the same.
                        assert_eq!(health(&cluster, "").await, ServingStatus::Serving);
                        break 'full refusal;
                    }
                }
            }
        }
    };
    assert_eq!(refusal.kind(), (Code::ResourceExhausted, "OVERLOADED"));
    let waits = Duration::from_millis(500)..Duration::from_millis(1_500);
    assert!(waits.contains(&refusal.retry_after.unwrap()), "{refusal:?}");
    // The client that waited has gone, and its place is free.
    while let Err(refusal) = organisation(&other).await {
        assert_eq!(refusal.reason, "OVERLOADED");
    }
}

#[tokio::test]
async fn a_request_ends_after_the_servers_time_whatever_its_client_allows() {
    let cluster = with(|config| config.limits.deadline_seconds = 1).await;
    let api = cluster.api("csm").await;
    let mut question = Request::new(endless(&cluster).await);
    question.set_timeout(Duration::from_hours(1));
    let refusal = refused(api.directory().list_teams(question).await);
    assert_eq!(
        refusal.kind(),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED")
    );
    assert!(refusal.message.contains("longer than 1 s"), "{refusal:?}");
}

#[tokio::test]
async fn a_message_that_is_too_large_is_not_read() {
    let cluster = with(|_| ()).await;
    let scene = Scene::new("limits", cluster.api("csm").await);
    let request = |size: usize| DefineTeamRequest {
        team: Some(Team {
            display_name: "x".repeat(size),
            ..Team::default()
        }),
        request_id: scene.ids.fresh(),
    };
    let too_large = scene
        .api
        .directory()
        .define_team(request(MAX_MESSAGE))
        .await;
    assert_eq!(refused(too_large).code, Code::OutOfRange);
    let large = scene
        .api
        .directory()
        .define_team(request(MAX_MESSAGE - 100))
        .await;
    assert_eq!(refused(large).reason, "INVALID_FIELDS");
    scene.team("東日本").await;
}

/// To refuse one takes as long as many an answer.
#[tokio::test]
async fn who_sends_again_and_again_what_is_too_large_is_listened_to_at_a_pace() {
    const AT_ONCE: u32 = 32;
    const MORE: u32 = 10;
    let cluster = with(|_| ()).await;
    let honest = Scene::new("limits", cluster.api("csm").await);
    let api = cluster.api("other").await;
    let began = Instant::now();
    for _ in 0..AT_ONCE + MORE {
        let too_large = DefineTeamRequest {
            team: Some(Team {
                display_name: "x".repeat(MAX_MESSAGE),
                ..Team::default()
            }),
            request_id: honest.ids.fresh(),
        };
        let refusal = refused(api.directory().define_team(too_large).await);
        assert_eq!(refusal.code, Code::OutOfRange);
    }
    // Each of the others comes a 32nd of ten seconds after the one before; the first may come at once.
    let paused = Duration::from_secs(10) / AT_ONCE * (MORE - 1);
    assert!(began.elapsed() >= paused, "{:?}", began.elapsed());
    // The connection lives, and so do the others.
    organisation(&api).await.unwrap();
    honest.team("東日本").await;
}

/// The longest texts on one page come to more than is sent; the same risks go on smaller pages.
#[tokio::test]
async fn an_answer_that_is_too_large_is_asked_for_in_smaller_pages() {
    const LONGEST: usize = 131_072;
    let cluster = with(|_| ()).await;
    let scene = Scene::new("limits", cluster.api("csm").await);
    let account = scene.account("緑川印刷", |_| ()).await;
    let text = "\u{20BB7}".repeat(LONGEST);
    let size = 2 * text.len();
    for _ in 0..=MAX_ANSWER / size {
        let (detail, remarks) = (text.clone(), text.clone());
        scene
            .risk(&account, "長い話", |risk| {
                (risk.detail, risk.remarks) = (detail, remarks);
            })
            .await;
    }
    let list = async |page_size| {
        let request = ListRisksRequest {
            page_size,
            consistency_tokens: scene.tokens(),
            ..ListRisksRequest::default()
        };
        scene.api.risks().list_risks(request).await
    };
    let refusal = refused(list(1_000).await);
    assert_eq!(refusal.code, Code::OutOfRange, "{refusal:?}");
    assert!(
        refusal.message.contains(&MAX_ANSWER.to_string()),
        "{refusal:?}"
    );
    assert_eq!(list(50).await.unwrap().into_inner().risks.len(), 50);
}

/// What a few compressed bytes grow to is their sender's choice: they stay as they are.
#[tokio::test]
async fn compressed_messages_are_not_unpacked() {
    let cluster = with(|_| ()).await;
    let scene = Scene::new("limits", cluster.api("csm").await);
    let bomb = DefineTeamRequest {
        team: Some(Team {
            display_name: "x".repeat(64 * 1024 * 1024),
            ..Team::default()
        }),
        request_id: scene.ids.fresh(),
    };
    let compressing = scene
        .api
        .directory()
        .send_compressed(CompressionEncoding::Gzip);
    let refusal = refused({ compressing }.define_team(bomb).await);
    assert_eq!(refusal.code, Code::Unimplemented);
    assert!(refusal.message.contains("gzip"), "{refusal:?}");
    scene.team("東日本").await;
}

#[tokio::test]
async fn every_service_says_that_it_serves_and_that_it_stops() {
    let cluster = with(|_| ()).await;
    for service in [
        "",
        "keizoku.accounts.v1.AccountsService",
        "keizoku.accounts.v1.DirectoryService",
        "keizoku.risk.v1.RiskService",
        "keizoku.forecast.v1.ForecastService",
    ] {
        while health(&cluster, service).await != ServingStatus::Serving {}
    }
    let mut client = HealthClient::new(Raw::to(&cluster).await.channel());
    let service = "keizoku.risk.v1.RiskService".to_owned();
    let watch = client.watch(HealthCheckRequest { service }).await;
    let mut watch = watch.unwrap().into_inner();
    let now = watch.message().await.unwrap().unwrap();
    assert_eq!(now.status(), ServingStatus::Serving);
    cluster.lifecycle().stop();
    let then = watch.message().await.unwrap().unwrap();
    assert_eq!(then.status(), ServingStatus::NotServing);
    drop((watch, client));
    cluster.stop().await;
}

#[tokio::test]
async fn reflection_can_be_switched_off() {
    let cluster = with(|config| config.reflection = Reflection::Off).await;
    let raw = Raw::to(&cluster).await;
    let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    let answer = raw.call(path, Vec::new()).await.unwrap_err();
    assert_eq!(answer.code(), Code::Unimplemented);
    let elsewhere = "192.0.2.1:7420".parse().unwrap();
    let here = "127.0.0.1:7420".parse().unwrap();
    assert!(Reflection::Auto.is_on(here) && !Reflection::Auto.is_on(elsewhere));
    assert!(Reflection::On.is_on(elsewhere) && !Reflection::Off.is_on(here));
}
