//! `keizoku demo`: something true behind every screen, and the same again changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use keizoku_cli::client::Connection;
use keizoku_cli::demo::{self, Options, Report};
use keizoku_cli::error::Failure;
use keizoku_cli::import::Progress;
use keizoku_proto::accounts::{AccountFilter, ListAccountsRequest};
use keizoku_proto::common::{EventMetadata, Rate};
use keizoku_proto::forecast::figure::Value;
use keizoku_proto::forecast::{
    GetForecastRequest, GetRevenueMetricsRequest, GetRiskReportRequest, ListDeadlinesRequest,
    ListQualityIssuesRequest, QualityIssueKind, Scenario,
};
use keizoku_proto::healthscore::try_scorecard_response::Answer;
use keizoku_proto::healthscore::{
    Band, HealthFilter, ListHealthRequest, ScorecardTrial, TryScorecardRequest,
};
use keizoku_proto::onboarding::{ListOnboardingsRequest, OnboardingState, Standing};
use keizoku_proto::risk::{Completion, ListRisksRequest, RiskFilter};
use keizoku_testkit::{Cluster, logs};
use prost::Message as _;

const NOW: &str = "2026-11-22T09:00[Asia/Tokyo]";

fn options(accounts: usize) -> Options {
    Options {
        accounts,
        seed: 7,
        months: 24,
        until: "2026-11-22".parse().unwrap(),
        today: "2026-11-22".parse().unwrap(),
        add: false,
        progress: Progress::Silent,
    }
}

/// A deployment that has run for a while: what happens from now on is no history to its reactions.
async fn running() -> Cluster {
    let cluster = Cluster::at("2026-11-22T08:59[Asia/Tokyo]").await;
    cluster.set(NOW);
    cluster
}

async fn run(api: &Connection, options: &Options) -> Report {
    match demo::run(api, options).await {
        Ok(report) => report,
        Err(failure) => panic!("{}", failure.explain()),
    }
}

/// What callers recorded, by service, stream and kind; what follows from it by itself is left out.
async fn recorded_by_callers(cluster: Cluster) -> BTreeMap<(&'static str, String, String), usize> {
    let folder = cluster.stop().await;
    let mut recorded = BTreeMap::new();
    for service in logs::SERVICES {
        for event in logs::events(folder.path(), service).await {
            let metadata = EventMetadata::decode(event.metadata.as_slice()).unwrap();
            if metadata.actor.starts_with("user:") {
                *recorded
                    .entry((service, event.stream, event.kind))
                    .or_default() += 1;
            }
        }
    }
    recorded
}

#[tokio::test]
async fn demo_has_something_true_in_every_section_and_the_same_again_changes_nothing() {
    let cluster = running().await;
    let api = cluster.api("ops").await;
    let report = run(&api, &options(60)).await;
    let tokens = report.consistency_tokens.clone();
    forecast_and_metrics(&api).await;
    risks(&api).await;
    onboardings(&api).await;
    health(&api, &tokens).await;
    reassignment(&api).await;
    what_if(&api, &tokens).await;

    let written = |report: &Report| {
        let stages = report
            .stages
            .iter()
            .map(|stage| (stage.name, stage.written));
        stages.collect::<Vec<_>>()
    };
    let again = run(&api, &options(60)).await;
    assert_eq!(written(&again), written(&report));

    // Another one does not mix with it, unless somebody says so.
    let other = Options {
        seed: 8,
        ..options(3)
    };
    let refused = demo::run(&api, &other).await.unwrap_err();
    assert!(matches!(&refused, Failure::Lookup(why) if why.contains("demo-7-60x24-2026-11-22")));
    run(&api, &Options { add: true, ..other }).await;
    let all = api
        .accounts()
        .list_accounts(ListAccountsRequest::default())
        .await
        .unwrap();
    assert_eq!(all.into_inner().total_size, 63);

    drop(api);
    let once = running().await;
    run(&once.api("ops").await, &options(60)).await;
    let once = recorded_by_callers(once).await;
    let twice = recorded_by_callers(cluster).await;
    for (what, count) in &once {
        assert_eq!(twice.get(what), Some(count), "{what:?}");
    }
    assert!(once.len() > 1_000, "{}", once.len());
}

#[tokio::test]
async fn demo_goes_on_where_it_broke_off() {
    let whole = running().await;
    run(&whole.api("ops").await, &options(12)).await;
    let broken = running().await;
    let api = broken.api("ops").await;
    let some_onboardings = async || {
        loop {
            let request = ListOnboardingsRequest::default();
            let listed = api.onboardings().list_onboardings(request).await.unwrap();
            if listed.into_inner().total_size > 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let options = options(12);
    tokio::select! {
        biased;
        () = some_onboardings() => {}
        _ = demo::run(&api, &options) => panic!("it was over before it could break off"),
    }
    run(&api, &options).await;
    drop(api);
    let (whole, broken) = (
        recorded_by_callers(whole).await,
        recorded_by_callers(broken).await,
    );
    // Which signals came in one event depends on when it broke off; what they say does not.
    let but_signals = |recorded: BTreeMap<(&'static str, String, String), usize>| {
        let kept = recorded
            .into_iter()
            .filter(|((service, ..), _)| *service != "healthscore");
        kept.collect::<Vec<_>>()
    };
    assert_eq!(but_signals(broken), but_signals(whole));
}

async fn forecast_and_metrics(api: &Connection) {
    for scenario in [
        Scenario::Announced,
        Scenario::LeadsToChurn,
        Scenario::UnknownAtPresent,
    ] {
        let request = GetForecastRequest {
            scenario: scenario.into(),
            ..Default::default()
        };
        let forecast = api
            .forecasts()
            .get_forecast(request)
            .await
            .unwrap()
            .into_inner();
        let total = forecast.total.unwrap();
        assert!(total.mrr.unwrap().minor_units > 0, "{scenario:?}");
        assert!(forecast.at_risk_accounts > 0 && forecast.active_accounts > 40);
    }
    let request = GetRevenueMetricsRequest {
        month: "2026-11".to_owned(),
        ..Default::default()
    };
    let metrics = api
        .forecasts()
        .get_revenue_metrics(request)
        .await
        .unwrap()
        .into_inner();
    let without: Vec<_> = metrics
        .metrics
        .iter()
        .filter(|metric| {
            let twelve = metric.trailing_twelve.as_ref();
            let figure = twelve
                .filter(|twelve| twelve.value.is_some())
                .or(metric.month.as_ref());
            let value = figure.and_then(|figure| figure.value.as_ref());
            !matches!(
                value,
                Some(Value::Amount(_) | Value::Count(_) | Value::Rate(Rate { ppm: Some(_), .. }))
            )
        })
        .map(|metric| metric.metric.as_str())
        .collect();
    assert!(without.is_empty(), "{without:?}");
    let deadlines = ListDeadlinesRequest::default();
    let deadlines = api
        .forecasts()
        .list_deadlines(deadlines)
        .await
        .unwrap()
        .into_inner();
    assert!(
        deadlines.deadlines.iter().any(|one| one.at_risk),
        "{deadlines:?}"
    );
    let report = GetRiskReportRequest::default();
    let report = api
        .forecasts()
        .get_risk_report(report)
        .await
        .unwrap()
        .into_inner();
    assert!(!report.overdue.is_empty() && !report.by_team.is_empty());
}

async fn risks(api: &Connection) {
    let risks = async |filter: RiskFilter| {
        let filter = Some(filter);
        let request = ListRisksRequest {
            filter,
            page_size: 1_000,
            ..Default::default()
        };
        api.risks()
            .list_risks(request)
            .await
            .unwrap()
            .into_inner()
            .risks
    };
    for completion in [
        Completion::Completed,
        Completion::Failed,
        Completion::NotARisk,
    ] {
        let ended = risks(RiskFilter {
            completion: completion.into(),
            ..Default::default()
        })
        .await;
        let told = ended.iter().all(|risk| {
            let closure = risk.closure.as_ref().unwrap();
            !closure.result.is_empty() && closure.group_mrr_impact.is_some()
        });
        assert!(told && !ended.is_empty(), "{completion:?}");
    }
    let overdue = risks(RiskFilter {
        overdue: true,
        ..Default::default()
    })
    .await;
    assert!(!overdue.is_empty() && overdue.iter().all(|risk| !risk.owner.is_empty()));
}

async fn onboardings(api: &Connection) {
    let request = ListOnboardingsRequest {
        page_size: 1_000,
        ..Default::default()
    };
    let going_on = api
        .onboardings()
        .list_onboardings(request)
        .await
        .unwrap()
        .into_inner();
    let standing = |wanted: Standing| {
        let progress = going_on
            .onboardings
            .iter()
            .filter_map(|one| one.progress.as_ref());
        progress.filter(|one| one.standing() == wanted).count()
    };
    assert!(standing(Standing::Stalled) > 0 && standing(Standing::OnTrack) > 0);
    let request = ListOnboardingsRequest {
        filter: Some(keizoku_proto::onboarding::OnboardingFilter {
            state: OnboardingState::Completed.into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let completed = api
        .onboardings()
        .list_onboardings(request)
        .await
        .unwrap()
        .into_inner();
    assert!(completed.total_size > 10, "{}", completed.total_size);
}

async fn health(api: &Connection, tokens: &[String]) {
    for band in [Band::Red, Band::Yellow, Band::Green] {
        let request = ListHealthRequest {
            filter: Some(HealthFilter {
                bands: vec![band.into()],
                ..Default::default()
            }),
            consistency_tokens: tokens.to_vec(),
            ..Default::default()
        };
        let listed = api
            .health_scores()
            .list_health(request)
            .await
            .unwrap()
            .into_inner();
        assert!(listed.total_size > 0, "{band:?}");
    }
    let silent = ListQualityIssuesRequest {
        kinds: vec![QualityIssueKind::SignalsSilent.into()],
        ..Default::default()
    };
    let asking = async {
        loop {
            let request = silent.clone();
            let found = api.forecasts().list_quality_issues(request).await.unwrap();
            if found.into_inner().total_size > 0 {
                return;
            }
        }
    };
    let found = tokio::time::timeout(Duration::from_mins(1), asking).await;
    found.expect("nobody fell silent");
}

async fn reassignment(api: &Connection) {
    let left = AccountFilter {
        needs_owner: true,
        ..Default::default()
    };
    let request = ListAccountsRequest {
        filter: Some(left),
        ..Default::default()
    };
    let left = api
        .accounts()
        .list_accounts(request)
        .await
        .unwrap()
        .into_inner();
    assert!(
        left.total_size > 0,
        "somebody left and was looking after accounts"
    );
}

async fn tried(api: &Connection, key: &str, tokens: &[String]) -> ScorecardTrial {
    let request = TryScorecardRequest {
        key: key.to_owned(),
        version: 1,
        consistency_tokens: tokens.to_vec(),
        ..TryScorecardRequest::default()
    };
    let mut answers = api
        .health_scores()
        .try_scorecard(request)
        .await
        .unwrap()
        .into_inner();
    let mut trial = None;
    while let Some(answer) = answers.message().await.unwrap() {
        if let Some(Answer::Trial(found)) = answer.answer {
            trial = Some(found);
        }
    }
    trial.unwrap()
}

/// Of those who left, the scorecards would have warned of far more than chance.
async fn what_if(api: &Connection, tokens: &[String]) {
    let (mut caught, mut churned, mut red, mut right, mut months, mut lost) = (0, 0, 0, 0, 0, 0);
    for key in ["enterprise", "mid", "smb"] {
        let trial = tried(api, key, tokens).await;
        let [recall, precision, base] =
            [trial.recall, trial.precision, trial.base_rate].map(Option::unwrap_or_default);
        caught += recall.numerator;
        churned += recall.denominator;
        right += precision.numerator;
        red += precision.denominator;
        lost += base.numerator;
        months += base.denominator;
    }
    assert!(churned >= 8, "{churned}");
    // Who left, and was red a quarter before, against who was red at all: three times as often.
    assert!(
        caught * months > 3 * red * churned,
        "{caught}/{churned}, {red}/{months}"
    );
    assert!(
        right * months > 2 * lost * red,
        "{right}/{red}, {lost}/{months}"
    );
    assert!(caught < churned, "some leave without a warning");
}
