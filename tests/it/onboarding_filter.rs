//! Forecasts of accounts by where their onboardings stand (FC-4).

use keizoku_proto::forecast::{ForecastFilter, GetForecastRequest, OnboardingFilter};
use keizoku_proto::onboarding::{HoldOnboardingRequest, StartOnboardingRequest};
use keizoku_testkit::{Cluster, Scene, day, refused};

const NOW: &str = "2026-11-24T09:00[Asia/Tokyo]";

async fn mrr(scene: &Scene, tokens: &[String], onboarding: OnboardingFilter) -> i64 {
    let request = GetForecastRequest {
        filter: Some(ForecastFilter {
            onboarding: onboarding.into(),
            ..ForecastFilter::default()
        }),
        consistency_tokens: tokens.to_vec(),
        ..GetForecastRequest::default()
    };
    let answer = scene.api.forecasts().get_forecast(request).await;
    let answer = answer.unwrap().into_inner();
    let sources = answer.watermarks.iter().map(|mark| mark.source.as_str());
    assert!(
        sources.into_iter().any(|source| source == "onboarding"),
        "FC-11"
    );
    answer.current_mrr.unwrap().minor_units
}

#[tokio::test]
async fn fc_4_a_forecast_of_customers_whose_onboarding_goes_on() {
    let cluster = Cluster::at(NOW).await;
    let scene = Scene::new("onboarding filter", cluster.api("csm").await);
    let account = scene.account("あおば製作所", |_| ()).await;
    scene.subscription(&account, 300_000, |_| ()).await;
    let other = scene.account("北斗物流", |_| ()).await;
    scene.subscription(&other, 200_000, |_| ()).await;
    let start = StartOnboardingRequest {
        parent: account.name.clone(),
        product: "Core".to_owned(),
        // Today: nothing has stalled, which would change it between a look and a change.
        start_date: Some(day(2026, 11, 24)),
        request_id: scene.ids.fresh(),
        consistency_tokens: scene.account_tokens(),
        ..StartOnboardingRequest::default()
    };
    let started = scene.api.onboardings().start_onboarding(start).await;
    let started = started.unwrap().into_inner();
    let mut tokens = scene.tokens();
    tokens.push(started.consistency_token);
    let by_state = async |tokens: &[String]| {
        let states = [
            OnboardingFilter::None,
            OnboardingFilter::InProgress,
            OnboardingFilter::OnHold,
        ];
        let mut found = Vec::new();
        for state in states {
            found.push(mrr(&scene, tokens, state).await);
        }
        found
    };
    assert_eq!(by_state(&tokens).await, [200_000, 300_000, 0]);

    let onboarding = started.onboarding.unwrap();
    let hold = HoldOnboardingRequest {
        name: onboarding.name,
        until_date: Some(day(2026, 12, 10)),
        reason: "年末".to_owned(),
        etag: onboarding.etag,
        request_id: scene.ids.fresh(),
    };
    let paused = scene.api.onboardings().hold_onboarding(hold).await;
    tokens.push(paused.unwrap().into_inner().consistency_token);
    assert_eq!(by_state(&tokens).await, [200_000, 0, 300_000]);

    let unknown = GetForecastRequest {
        filter: Some(ForecastFilter {
            onboarding: 99,
            ..ForecastFilter::default()
        }),
        ..GetForecastRequest::default()
    };
    let refusal = refused(scene.api.forecasts().get_forecast(unknown).await);
    assert_eq!(refusal.fields, ["filter.onboarding"]);
}
