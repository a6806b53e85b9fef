//! Everything that `expected.json` says, asked of a server.

use keizoku_cli::client::Connection;
use keizoku_proto::accounts::{ListDealsRequest, ListTeamsRequest};
use keizoku_proto::common::AsOf;
use keizoku_proto::forecast::{
    Basis, Bucket, ForecastFilter, GetForecastRequest, GetForecastResponse, GetRiskReportRequest,
    Scenario,
};
use keizoku_proto::google::r#type::Date;
use keizoku_proto::risk::{GetRiskRequest, ListRisksRequest, RiskFilter};
use serde_json::{Map, Value, json};

/// The server's answers in the shape of `expected.json`; only what `expected` asks for.
pub(crate) async fn ask(api: &Connection, expected: &Value) -> Value {
    let on = date(expected["today"].as_str().unwrap());
    let questions = Questions { api, on };
    let overview = questions
        .forecast(Scenario::LeadsToChurn, Basis::Account, "")
        .await;
    let report = questions.report().await;
    let mut answer = json!({
        "today": expected["today"],
        "active_accounts": overview.active_accounts,
        "current_mrr": overview.current_mrr.map(|mrr| mrr.minor_units),
        "opening_mrr": overview.opening_mrr.map(|mrr| mrr.minor_units),
        "at_risk_accounts": overview.at_risk_accounts,
        "won_deals": questions.won_deals().await,
    });
    let more = answer.as_object_mut().unwrap();
    more.extend(report);
    more.insert(
        "forecast".to_owned(),
        questions.forecasts(&expected["forecast"]).await,
    );
    let teams = questions.by_team(&expected["forecast_by_team"]).await;
    more.insert("forecast_by_team".to_owned(), teams);
    let impacts = questions.impacts(&expected["impact_ppm_sample"]).await;
    more.insert("impact_ppm_sample".to_owned(), impacts);
    answer
}

/// Compares key by key, then bucket by bucket.
pub(crate) fn assert_same_answers(ours: &Value, theirs: &Value, place: &str) {
    let (ours, theirs) = (ours.as_object().unwrap(), theirs.as_object().unwrap());
    for (key, expected) in theirs.iter().filter(|(key, _)| *key != "import") {
        let found = ours.get(key).unwrap_or(&Value::Null);
        let nested = expected.as_object().filter(|_| key.starts_with("forecast"));
        let Some(nested) = nested else {
            assert_eq!(found, expected, "{place}: {key}");
            continue;
        };
        for (inner, expected) in nested {
            assert_eq!(&found[inner], expected, "{place}: {key}, {inner}");
        }
    }
}

struct Questions<'a> {
    api: &'a Connection,
    on: Date,
}

impl Questions<'_> {
    fn as_of(&self) -> AsOf {
        AsOf {
            on: Some(self.on),
            ..AsOf::default()
        }
    }

    async fn forecast(&self, scenario: Scenario, basis: Basis, team: &str) -> GetForecastResponse {
        let request = GetForecastRequest {
            as_of: Some(self.as_of()),
            scenario: scenario.into(),
            basis: basis.into(),
            filter: Some(ForecastFilter {
                team: team.to_owned(),
                ..ForecastFilter::default()
            }),
            ..GetForecastRequest::default()
        };
        let answer = self.api.forecasts().get_forecast(request).await;
        let answer = answer.unwrap().into_inner();
        adds_up(&answer, scenario, basis);
        answer
    }

    async fn forecasts(&self, expected: &Value) -> Value {
        let mut scenarios = Map::new();
        for (name, bases) in expected.as_object().unwrap() {
            let scenario = match name.as_str() {
                "ANNOUNCED" => Scenario::Announced,
                "LEADS_TO_CHURN" => Scenario::LeadsToChurn,
                "LEADS_TO_CHURN_AND_UNKNOWN" => Scenario::UnknownAtPresent,
                other => panic!("the reference knows a scenario {other}"),
            };
            let mut by_basis = Map::new();
            for name in bases.as_object().unwrap().keys() {
                let basis = match name.as_str() {
                    "ACCOUNT" => Basis::Account,
                    "GROUP" => Basis::Group,
                    other => panic!("the reference knows a basis {other}"),
                };
                let answer = self.forecast(scenario, basis, "").await;
                by_basis.insert(name.clone(), buckets(&answer));
            }
            scenarios.insert(name.clone(), Value::Object(by_basis));
        }
        Value::Object(scenarios)
    }

    async fn by_team(&self, expected: &Value) -> Value {
        let listed = self
            .api
            .directory()
            .list_teams(ListTeamsRequest::default())
            .await;
        let listed = listed.unwrap().into_inner().teams;
        let mut teams = Map::new();
        for name in expected.as_object().unwrap().keys() {
            let team = listed.iter().find(|team| team.display_name == *name);
            let team = team.unwrap_or_else(|| panic!("there is no team {name}"));
            let answer = self
                .forecast(Scenario::LeadsToChurn, Basis::Account, &team.name)
                .await;
            teams.insert(name.clone(), buckets(&answer));
        }
        Value::Object(teams)
    }

    async fn report(&self) -> Map<String, Value> {
        let request = GetRiskReportRequest {
            as_of: Some(self.as_of()),
            ..GetRiskReportRequest::default()
        };
        let report = self.api.forecasts().get_risk_report(request).await;
        let report = report.unwrap().into_inner();
        let total = report.total.unwrap();
        assert_eq!(total.opened, i64::try_from(report.opened.len()).unwrap());
        assert_eq!(total.overdue, i64::try_from(report.overdue.len()).unwrap());
        [
            ("open_risks", total.open),
            ("overdue_next_actions", total.overdue),
            ("open_without_next_action", total.without_next_action),
            ("new_risks_7_days", total.opened),
        ]
        .into_iter()
        .map(|(key, count)| (key.to_owned(), json!(count)))
        .collect()
    }

    async fn won_deals(&self) -> i64 {
        let request = ListDealsRequest {
            parent: "accounts/-".to_owned(),
            won_only: true,
            ..ListDealsRequest::default()
        };
        let deals = self.api.accounts().list_deals(request).await.unwrap();
        deals.into_inner().total_size
    }

    async fn impacts(&self, expected: &Value) -> Value {
        let mut impacts = Map::new();
        for id in expected.as_object().unwrap().keys() {
            let list = ListRisksRequest {
                filter: Some(RiskFilter {
                    external_id: format!("salesforce:{id}"),
                    ..RiskFilter::default()
                }),
                ..ListRisksRequest::default()
            };
            let listed = self.api.risks().list_risks(list).await.unwrap();
            let mut listed = listed.into_inner().risks;
            assert_eq!(listed.len(), 1, "{id}");
            let get = GetRiskRequest {
                name: listed.remove(0).name,
                as_of: Some(self.as_of()),
                ..GetRiskRequest::default()
            };
            let risk = self.api.risks().get_risk(get).await.unwrap();
            let impact = risk.into_inner().risk.unwrap().group_mrr_impact.unwrap();
            impacts.insert(id.clone(), json!(impact.ppm));
        }
        Value::Object(impacts)
    }
}

/// The buckets that hold something, as the reference shows them.
fn buckets(answer: &GetForecastResponse) -> Value {
    let shown = answer.buckets.iter().filter(|bucket| bucket.count > 0);
    let shown = shown.map(|bucket| {
        let value = json!({
            "count": bucket.count, "mrr": mrr(bucket),
            "ppm": bucket.churn_rate.and_then(|rate| rate.ppm),
        });
        (bucket.key.clone(), value)
    });
    Value::Object(shown.collect())
}

/// What holds for every forecast: both ends are there, months rise, and the total is the sum.
fn adds_up(answer: &GetForecastResponse, scenario: Scenario, basis: Basis) {
    let keys: Vec<&str> = answer.buckets.iter().map(|b| b.key.as_str()).collect();
    let months = keys
        .strip_prefix(&["OVERDUE"])
        .and_then(|keys| keys.strip_suffix(&["UNKNOWN"]));
    let months = months.unwrap_or_else(|| panic!("{scenario:?}, {basis:?}: {keys:?}"));
    assert!(months.is_sorted(), "{scenario:?}, {basis:?}: {months:?}");
    let sum: i64 = answer.buckets.iter().map(mrr).sum();
    let total = answer.total.as_ref().unwrap();
    assert_eq!(mrr(total), sum, "{scenario:?}, {basis:?}");
}

fn mrr(bucket: &Bucket) -> i64 {
    bucket.mrr.as_ref().unwrap().minor_units
}

fn date(text: &str) -> Date {
    let mut parts = text.split('-').map(|part| part.parse().unwrap());
    let mut next = || parts.next().unwrap();
    Date {
        year: next(),
        month: next(),
        day: next(),
    }
}
