//! The red scenario of a forecast (FC-5), and the filter by health band (FC-4).

use std::time::Duration;

use futures::StreamExt as _;
use keizoku_proto::accounts::Account;
use keizoku_proto::forecast::{
    BandFilter, ForecastFilter, GetForecastRequest, GetForecastResponse,
    ListForecastAccountsRequest, Scenario,
};
use keizoku_proto::healthscore::{
    Band, IngestSignalsRequest, ListHealthRequest, Signal, SignalKind,
};
use keizoku_testkit::{Cluster, Scene, day, refused};

const PATIENCE: Duration = Duration::from_secs(30);
const NOW: &str = "2026-11-25T12:00[Asia/Tokyo]";

/// Signals by which an account does badly; the token of what was recorded.
async fn does_badly(scene: &Scene, account: &Account) -> String {
    let kinds = [
        (SignalKind::ActiveUsers, 1),
        (SignalKind::SignIns, 1),
        (SignalKind::SupportTickets, 10),
    ];
    let at = "2026-11-25T02:00:00Z".parse().unwrap();
    let signals = kinds.map(|(kind, value)| Signal {
        account: account.name.clone(),
        kind: kind.into(),
        value,
        occur_time: Some(keizoku_proto::timestamp(at)),
        source: "app".to_owned(),
        key: kind.as_str_name().to_owned(),
        ..Signal::default()
    });
    let request = IngestSignalsRequest {
        signals: signals.into(),
        consistency_tokens: scene.account_tokens(),
    };
    let mut api = scene.api.health_scores();
    let answers = api.ingest_signals(tokio_stream::iter([request])).await;
    let answer = answers.unwrap().into_inner().next().await.unwrap().unwrap();
    answer.consistency_token
}

async fn forecast(
    scene: &Scene,
    change: impl FnOnce(&mut GetForecastRequest),
) -> GetForecastResponse {
    let mut request = GetForecastRequest {
        scenario: Scenario::Red.into(),
        consistency_tokens: scene.tokens(),
        ..GetForecastRequest::default()
    };
    change(&mut request);
    let answer = scene.api.forecasts().get_forecast(request).await;
    answer.unwrap().into_inner()
}

fn march(answer: &GetForecastResponse) -> i64 {
    let mut buckets = answer.buckets.iter();
    let found = buckets.find(|bucket| bucket.key == "2027-03");
    found.map_or(0, |bucket| bucket.mrr.as_ref().unwrap().minor_units)
}

#[tokio::test]
async fn fc_5_a_customer_who_does_badly_is_forecast_before_anybody_files_a_risk() {
    let cluster = Cluster::at(NOW).await;
    let scene = Scene::new("red scenario", cluster.api("ops").await);
    let mut accounts = Vec::new();
    for (name, mrr) in [("緑川印刷", 300_000), ("北斗物流", 200_000)] {
        let account = scene.account(name, |_| ()).await;
        scene
            .subscription(&account, mrr, |request| {
                let terms = request.terms.get_or_insert_default();
                terms.next_renewal_date = Some(day(2027, 3, 31));
            })
            .await;
        accounts.push(account);
    }
    let token = does_badly(&scene, &accounts[0]).await;
    let list = ListHealthRequest {
        consistency_tokens: vec![token.clone()],
        ..ListHealthRequest::default()
    };
    let listed = scene.api.health_scores().list_health(list).await.unwrap();
    let listed = listed.into_inner().accounts;
    let bands = listed
        .iter()
        .map(|account| (account.account.as_str(), account.band()));
    assert!(
        bands
            .into_iter()
            .any(|found| found == (&accounts[0].name, Band::Red))
    );

    // The band's event is recorded soon after.
    let asking = async {
        loop {
            let red = forecast(&scene, |_| ()).await;
            if march(&red) > 0 {
                return red;
            }
        }
    };
    let red = tokio::time::timeout(PATIENCE, asking).await.unwrap();
    assert_eq!(march(&red), 300_000);
    let sources = red.watermarks.iter().map(|mark| mark.source.as_str());
    assert!(
        sources.into_iter().any(|source| source == "healthscore"),
        "FC-11"
    );
    let narrower = forecast(&scene, |request| {
        request.scenario = Scenario::UnknownAtPresent.into();
    });
    assert_eq!(march(&narrower.await), 0);

    let of_band = async |band: BandFilter| {
        let filter = ForecastFilter {
            band: band.into(),
            ..ForecastFilter::default()
        };
        let answer = forecast(&scene, |request| request.filter = Some(filter)).await;
        answer.current_mrr.unwrap().minor_units
    };
    assert_eq!(of_band(BandFilter::Red).await, 300_000);
    assert_eq!(of_band(BandFilter::None).await, 200_000);
    assert_eq!(of_band(BandFilter::Green).await, 0);

    // FC-11: whoever sent the signals may ask with what that was answered with.
    let of_red = ListForecastAccountsRequest {
        forecast: Some(GetForecastRequest {
            scenario: Scenario::Red.into(),
            consistency_tokens: [scene.tokens(), vec![token]].concat(),
            ..GetForecastRequest::default()
        }),
        bucket: "2027-03".to_owned(),
        ..ListForecastAccountsRequest::default()
    };
    let listed = scene.api.forecasts().list_forecast_accounts(of_red).await;
    let listed = listed.unwrap().into_inner().accounts;
    let names = listed.iter().map(|one| one.account_display_name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["緑川印刷"]);

    let unknown = GetForecastRequest {
        filter: Some(ForecastFilter {
            band: 99,
            ..ForecastFilter::default()
        }),
        ..GetForecastRequest::default()
    };
    let refusal = refused(scene.api.forecasts().get_forecast(unknown).await);
    assert_eq!(refusal.fields, ["filter.band"]);
}
