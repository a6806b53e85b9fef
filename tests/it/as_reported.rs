//! Revenue metrics as reported at the close of a month's books (FC-8).

use keizoku_proto::accounts::{FactKind, RecordContractFactRequest};
use keizoku_proto::forecast::figure::Value;
use keizoku_proto::forecast::figure_difference::Value as Apart;
use keizoku_proto::forecast::{GetRevenueMetricsRequest, GetRevenueMetricsResponse, MetricValue};
use keizoku_testkit::{Cluster, Scene, day, yen};

/// The books of October 2026 close with the 9th of November: the 3rd is a holiday, the 7th a Saturday.
/// It is still that day in Tokyo.
const LAST_DAY: &str = "2026-11-09T23:00[Asia/Tokyo]";
const CLOSED: &str = "2026-11-10T00:00[Asia/Tokyo]";
/// The last microsecond of the 9th.
const CLOSED_AT: (i64, i32) = (1_794_236_399, 999_999_000);

async fn october(scene: &Scene, as_reported: bool) -> GetRevenueMetricsResponse {
    let request = GetRevenueMetricsRequest {
        month: "2026-10".to_owned(),
        as_reported,
        consistency_tokens: scene.tokens(),
        ..GetRevenueMetricsRequest::default()
    };
    let answer = scene.api.forecasts().get_revenue_metrics(request).await;
    answer.unwrap().into_inner()
}

fn metric<'a>(answer: &'a GetRevenueMetricsResponse, id: &str) -> &'a MetricValue {
    let mut metrics = answer.metrics.iter();
    metrics.find(|metric| metric.metric == id).unwrap()
}

#[tokio::test]
async fn fc_8_a_closed_month_shows_what_was_reported_and_how_far_it_is_from_now() {
    let cluster = Cluster::at(LAST_DAY).await;
    let scene = Scene::new("as reported", cluster.api("ops").await);
    let account = scene.account("あおば製作所", |_| ()).await;
    let subscription = scene.subscription(&account, 100_000, |_| ()).await;
    let open = october(&scene, true).await;
    assert_eq!(open.books_closed_at, None, "the day has not ended");
    assert_eq!(metric(&open, "closing_mrr").month_as_reported, None);

    cluster.set(CLOSED);
    let downsized = RecordContractFactRequest {
        name: subscription.name,
        kind: FactKind::Downsized.into(),
        effective_date: Some(day(2026, 10, 10)),
        mrr: Some(yen(60_000)),
        request_id: scene.ids.fresh(),
        ..RecordContractFactRequest::default()
    };
    let downsized = scene.api.accounts().record_contract_fact(downsized).await;
    scene.changed_accounts(downsized.unwrap().into_inner().consistency_token);
    let closed = october(&scene, true).await;
    let closed_at = closed.books_closed_at.unwrap();
    assert_eq!((closed_at.seconds, closed_at.nanos), CLOSED_AT);
    let closing = metric(&closed, "closing_mrr");
    for reported in [
        &closing.month_as_reported,
        &closing.trailing_twelve_as_reported,
    ] {
        let reported = reported.as_ref().unwrap();
        let figure = reported.figure.as_ref().unwrap();
        assert_eq!(figure.value, Some(Value::Amount(yen(100_000))));
        let apart = reported.difference.as_ref().unwrap();
        assert_eq!(apart.value, Some(Apart::Amount(yen(-40_000))));
    }
    let restated = closing.month.as_ref().unwrap();
    assert_eq!(restated.value, Some(Value::Amount(yen(60_000))));
    let grr = metric(&closed, "grr").month_as_reported.as_ref().unwrap();
    let apart = grr.difference.as_ref().unwrap();
    assert_eq!(apart.value, Some(Apart::Ppm(-400_000)));
    assert_eq!(
        metric(&closed, "at_risk_mrr").trailing_twelve_as_reported,
        None
    );

    let unasked = october(&scene, false).await;
    assert_eq!(unasked.books_closed_at, None, "only who asks pays for both");
    assert_eq!(metric(&unasked, "closing_mrr").month, closing.month);
    assert_eq!(metric(&unasked, "closing_mrr").month_as_reported, None);
}
