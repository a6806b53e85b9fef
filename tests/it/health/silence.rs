//! Accounts whose signals fell silent, as an issue of data quality (FC-10).

use keizoku_proto::accounts::{ConfigureOrganisationRequest, Organisation};
use keizoku_proto::common::AsOf;
use keizoku_proto::forecast::{
    ListQualityIssuesRequest, ListQualityIssuesResponse, QualityIssue, QualityIssueKind,
};
use keizoku_proto::google::r#type::Date;
use keizoku_proto::healthscore::SignalKind;
use keizoku_testkit::{day, logs};

use super::lists::list;
use super::world::{World, instant};

async fn quality(world: &World, as_of: Option<AsOf>) -> ListQualityIssuesResponse {
    // The service speaks of silence once it has looked at the accounts, which its list waits for.
    list(world, |_| ()).await;
    let spoken = logs::heads(world.cluster.folder());
    let request = ListQualityIssuesRequest {
        as_of,
        kinds: vec![QualityIssueKind::SignalsSilent.into()],
        consistency_tokens: world.scene.tokens(),
        ..ListQualityIssuesRequest::default()
    };
    loop {
        let mut api = world.scene.api.forecasts();
        let answer = api.list_quality_issues(request.clone()).await;
        let answer = answer.unwrap().into_inner();
        let mut sources = answer.watermarks.iter();
        let health = sources.find(|source| source.source == "healthscore");
        if health.is_some_and(|health| health.position >= spoken["healthscore"]) {
            return answer;
        }
    }
}

async fn silent(world: &World, as_of: Option<AsOf>) -> Vec<(Option<Date>, i64)> {
    let issues = quality(world, as_of).await.issues;
    let short = |issue: &QualityIssue| {
        assert_eq!(issue.account, world.account.name);
        (issue.since, issue.age_days)
    };
    issues.iter().map(short).collect()
}

/// How often it was recorded that silence began, and that it ended.
fn told(world: &World) -> (usize, usize) {
    let count = |kind| logs::count(world.cluster.folder(), "healthscore", kind);
    (count("signals_fell_silent"), count("silence_ended"))
}

async fn allow(world: &World, days: u32) {
    let request = ConfigureOrganisationRequest {
        organisation: Some(Organisation {
            signals_silent_after_days: Some(days),
            ..Organisation::default()
        }),
        update_mask: vec!["signals_silent_after_days".to_owned()],
        request_id: world.scene.ids.fresh(),
        ..ConfigureOrganisationRequest::default()
    };
    let mut directory = world.scene.api.directory();
    let answer = directory.configure_organisation(request).await.unwrap();
    let token = answer.into_inner().consistency_token;
    world.scene.changed_accounts(token);
}

fn sent_on(date: &str) -> String {
    format!("{date}T03:00:00Z")
}

#[tokio::test]
async fn fc_10_signals_are_silent_from_a_date_on_until_one_arrives() {
    let world = World::new().await;
    assert_eq!(
        silent(&world, None).await,
        [],
        "who never sent one is not silent"
    );
    // The newest occurrence counts, whatever arrives later.
    for date in ["2026-11-21", "2026-11-10"] {
        let signal = world.signal(SignalKind::ActiveUsers, 60, &sent_on(date));
        world.send_one(vec![signal]).await;
    }
    world.cluster.set("2026-12-20T23:59:59[Asia/Tokyo]");
    assert_eq!(silent(&world, None).await, []);
    world.cluster.set("2026-12-21T00:00[Asia/Tokyo]");
    assert_eq!(silent(&world, None).await, [(Some(day(2026, 12, 21)), 0)]);
    world.cluster.set("2026-12-26T12:00[Asia/Tokyo]");
    let found = silent(&world, None).await;
    assert_eq!(found, [(Some(day(2026, 12, 21)), 5)]);

    world.cluster.set("2027-01-05T12:00[Asia/Tokyo]");
    let signal = world.signal(SignalKind::Nps, 9, &sent_on("2027-01-04"));
    world.send_one(vec![signal]).await;
    assert_eq!(silent(&world, None).await, []);
    assert_eq!(told(&world), (1, 1));

    // Between the two it was, also as it was known then.
    let on = |date: Date, known_at: &str| AsOf {
        on: Some(date),
        known_at: (!known_at.is_empty()).then(|| instant(known_at)),
    };
    let found = silent(&world, Some(on(day(2026, 12, 24), ""))).await;
    assert_eq!(found, [(Some(day(2026, 12, 21)), 3)]);
    let then = on(day(2026, 12, 26), "2026-12-26T03:00:00Z");
    let found = silent(&world, Some(then)).await;
    assert_eq!(found, [(Some(day(2026, 12, 21)), 5)]);
    let before = on(day(2026, 12, 26), "2026-12-20T03:00:00Z");
    assert_eq!(silent(&world, Some(before)).await, []);
}

#[tokio::test]
async fn fc_10_how_long_is_silent_is_a_setting_and_a_rebuild_says_nothing_again() {
    let world = World::new().await;
    let signal = world.signal(SignalKind::ActiveUsers, 60, &sent_on("2026-11-12"));
    world.send_one(vec![signal]).await;
    allow(&world, 10).await;
    assert_eq!(silent(&world, None).await, [(Some(day(2026, 11, 22)), 0)]);
    allow(&world, 7).await;
    assert_eq!(silent(&world, None).await, [(Some(day(2026, 11, 19)), 3)]);
    allow(&world, 10).await;
    assert_eq!(silent(&world, None).await, [(Some(day(2026, 11, 22)), 0)]);
    allow(&world, 11).await;
    assert_eq!(silent(&world, None).await, []);
    assert_eq!(told(&world), (3, 1));

    world.cluster.set("2026-11-23T12:00[Asia/Tokyo]");
    assert_eq!(silent(&world, None).await, [(Some(day(2026, 11, 23)), 0)]);
    let forget = |folder: &std::path::Path, _: &mut _| {
        std::fs::remove_file(folder.join("healthscore.model.sqlite")).unwrap();
    };
    let cluster = world.cluster.restart_after(forget).await;
    let world = World { cluster, ..world }.reconnected().await;
    let again = world.signal(SignalKind::Nps, 9, &sent_on("2026-11-01"));
    world.send_one(vec![again]).await;
    assert_eq!(silent(&world, None).await, [(Some(day(2026, 11, 23)), 0)]);
    assert_eq!(told(&world), (4, 1));
}
