//! Forecasts as they were given against what was lost (FC-7), and what to expect (FC-5).

use keizoku_proto::accounts::{FactKind, RecordContractFactRequest};
use keizoku_proto::common::NoValueReason;
use keizoku_proto::forecast::{
    BacktestComparison, Basis, ForecastFilter, GetBacktestRequest, GetBacktestResponse,
    GetForecastRequest, Scenario,
};
use keizoku_proto::risk::LeadsToChurn;
use keizoku_testkit::{Cluster, Scene, day, refused, yen};

const JULY: &str = "2026-07-01T09:00[Asia/Tokyo]";
const OCTOBER: &str = "2026-10-20T09:00[Asia/Tokyo]";
/// 31 days after the end of October, and no day more.
const SETTLED: &str = "2026-12-01T09:00[Asia/Tokyo]";

async fn october(
    scene: &Scene,
    change: impl FnOnce(&mut GetBacktestRequest),
) -> GetBacktestResponse {
    let mut request = GetBacktestRequest {
        last_month: "2026-10".to_owned(),
        months: 1,
        consistency_tokens: scene.tokens(),
        ..GetBacktestRequest::default()
    };
    change(&mut request);
    let answer = scene.api.forecasts().get_backtest(request).await;
    answer.unwrap().into_inner()
}

fn amounts(comparison: Option<&BacktestComparison>) -> [i64; 3] {
    let found = comparison.unwrap();
    [&found.forecast_mrr, &found.lost_mrr, &found.error]
        .map(|amount| amount.as_ref().unwrap().minor_units)
}

/// Two accounts at risk since July that renew in October: one of them is lost.
async fn lost_one_of_two(cluster: &Cluster) -> (Scene, String) {
    let scene = Scene::new("back-test", cluster.api("ops").await);
    let team = scene.team("東日本").await;
    let user = scene.user("鈴木", &team).await;
    for (name, mrr) in [("あおば製作所", 300_000), ("北斗物流", 200_000)] {
        let account = scene
            .account(name, |account| account.owner.clone_from(&user.name))
            .await;
        let subscription = scene
            .subscription(&account, mrr, |request| {
                let terms = request.terms.get_or_insert_default();
                terms.next_renewal_date = Some(day(2026, 10, 20));
            })
            .await;
        scene
            .risk(&account, name, |risk| {
                risk.leads_to_churn = LeadsToChurn::LeadsToChurn.into();
            })
            .await;
        if name == "北斗物流" {
            cluster.set(OCTOBER);
            let churned = RecordContractFactRequest {
                name: subscription.name,
                kind: FactKind::Churned.into(),
                effective_date: Some(day(2026, 10, 20)),
                reason_code: "price".to_owned(),
                reason: "予算".to_owned(),
                request_id: scene.ids.fresh(),
                ..RecordContractFactRequest::default()
            };
            let churned = scene.api.accounts().record_contract_fact(churned).await;
            scene.changed_accounts(churned.unwrap().into_inner().consistency_token);
        }
    }
    (scene, team.name)
}

#[tokio::test]
async fn fc_7_what_was_forecast_stands_beside_what_was_lost() {
    let cluster = Cluster::at(JULY).await;
    let (scene, team) = lost_one_of_two(&cluster).await;
    cluster.set(SETTLED);
    let test = october(&scene, |_| ()).await;
    assert_eq!(amounts(test.total.as_ref()), [500_000, 200_000, 300_000]);
    assert_eq!(test.by_team.len(), 1);
    assert_eq!(test.by_team[0].team, team);
    let total = test.total.as_ref().unwrap();
    assert_eq!(total.bias.as_ref().unwrap().ppm, Some(1_500_000));
    assert_eq!(test.mean_error, Some(yen(300_000)));
    let month = &test.months[0];
    assert!(month.settled);
    // The last microsecond of the 30th of September in Tokyo.
    let given = month.given_time.as_ref().unwrap();
    assert_eq!((given.seconds, given.nanos), (1_790_780_399, 999_999_000));
    // Both were expected to be lost, one was.
    assert_eq!(test.brier_score.as_ref().unwrap().ppm, Some(500_000));
    assert_eq!(
        test.calibration[0].observed_rate.as_ref().unwrap().ppm,
        Some(500_000)
    );
    assert!(!test.watermarks.is_empty(), "FC-11");

    let announced = october(&scene, |request| {
        request.scenario = Scenario::Announced.into();
    });
    assert_eq!(
        amounts(announced.await.total.as_ref()),
        [0, 200_000, -200_000]
    );
    let before = october(&scene, |request| request.horizon = 5).await;
    let later = before.total.unwrap().lost_of_later_mrr;
    assert_eq!(later, Some(yen(200_000)), "nobody was there in May");
    let expected = october(&scene, |request| request.expected = true).await;
    let reason = expected.months[0].no_value_reason();
    assert_eq!(reason, NoValueReason::TooFewLosses);
}

#[tokio::test]
async fn fc_5_the_expected_line_says_why_it_is_hidden() {
    let cluster = Cluster::at(JULY).await;
    let (scene, _) = lost_one_of_two(&cluster).await;
    cluster.set(SETTLED);
    let ask = |expected| GetForecastRequest {
        expected,
        consistency_tokens: scene.tokens(),
        ..GetForecastRequest::default()
    };
    let mut forecasts = scene.api.forecasts();
    let plain = forecasts
        .get_forecast(ask(false))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(plain.expected, None, "only who asks pays for it");
    let answer = forecasts
        .get_forecast(ask(true))
        .await
        .unwrap()
        .into_inner();
    let expected = answer.expected.clone().unwrap();
    assert_eq!(expected.no_value_reason(), NoValueReason::TooFewLosses);
    assert_eq!((expected.losses, expected.sample_size), (1, 2));
    assert!(expected.rates.is_empty() && expected.buckets.is_empty());
    assert_eq!((expected.total, expected.overall_rate), (None, None));
    assert_eq!(answer.buckets, plain.buckets);
    let group = GetForecastRequest {
        basis: Basis::Group.into(),
        ..ask(true)
    };
    let grouped = forecasts.get_forecast(group).await.unwrap().into_inner();
    assert_eq!(grouped.expected, answer.expected, "learned from the same");
}

#[tokio::test]
async fn fc_7_every_wrong_field_of_a_back_test_is_named() {
    let cluster = Cluster::at(JULY).await;
    let scene = Scene::new("back-test", cluster.api("ops").await);
    let mut forecasts = scene.api.forecasts();
    let wrong = GetBacktestRequest {
        last_month: "July".to_owned(),
        months: 37,
        horizon: 13,
        scenario: Scenario::Announced.into(),
        expected: true,
        filter: Some(ForecastFilter {
            team: "teams/nobody".to_owned(),
            ..ForecastFilter::default()
        }),
        ..GetBacktestRequest::default()
    };
    let refusal = refused(forecasts.get_backtest(wrong).await);
    let named = ["filter.team", "horizon", "last_month", "months", "scenario"];
    assert_eq!(refusal.fields, named);
    let running = GetBacktestRequest {
        last_month: "2026-07".to_owned(),
        ..GetBacktestRequest::default()
    };
    let refusal = refused(forecasts.get_backtest(running).await);
    assert_eq!(refusal.fields, ["last_month"]);
}
