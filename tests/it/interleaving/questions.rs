//! Every question whose answer joins what several services recorded.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use jiff::Zoned;
use keizoku_cli::client::Connection;
use keizoku_proto::accounts::ListAccountsRequest;
use keizoku_proto::forecast::{
    DeadlineKind, ForecastFilter, GetBacktestRequest, GetRevenueMetricsRequest,
    GetRiskReportRequest, ListDeadlinesRequest, ListForecastAccountsRequest,
    ListQualityIssuesRequest, Scenario,
};
use keizoku_proto::healthscore::{
    Band, CompareGoalsRequest, GetHealthRequest, GetReleaseAdoptionRequest, HealthFilter,
    ListHealthHistoryRequest, ListHealthRequest,
};
use keizoku_proto::onboarding::{ListOnboardingsRequest, OnboardingFilter};
use keizoku_proto::risk::{ListRisksRequest, ListSuggestionsRequest, SuggestionState};
use tonic::{Response, Status};

use super::history::{Cast, NOVEMBER};

/// How long a question waits for readers that are not let on: much longer than an answer takes.
const MEANWHILE: Duration = Duration::from_millis(500);

/// What was asked, and the whole answer as text.
pub(super) type Answers = BTreeMap<String, String>;

struct Questions<'a> {
    api: &'a Connection,
    cast: &'a Cast,
    must_find: bool,
    /// How long a question waits that may be refused.
    patience: Option<Duration>,
    /// Whether the healthscore service itself is asked.
    is_of_health: bool,
    answers: Answers,
}

/// Asks everything. `must_find`: a question that is refused or finds nothing would prove nothing.
pub(super) async fn ask(api: &Connection, cast: &Cast, must_find: bool) -> Answers {
    let questions = Questions {
        api,
        cast,
        must_find,
        patience: None,
        is_of_health: false,
        answers: Answers::new(),
    };
    questions.asked().await
}

/// Asks everything while readers are behind. Some questions wait for them, and are given up soon.
pub(super) async fn ask_meanwhile(api: &Connection, cast: &Cast) {
    let questions = Questions {
        api,
        cast,
        must_find: false,
        patience: Some(MEANWHILE),
        is_of_health: false,
        answers: Answers::new(),
    };
    questions.asked().await;
}

/// An answer without how far the healthscore log was read: while it hears of other logs late, its service may
/// say more of bands (ADR 0021), in the log that it has there.
fn without_health_log(answer: &str) -> String {
    let mut is_left_out = false;
    let mut is_kept = |line: &&str| {
        let line = line.trim();
        let was_left_out = is_left_out;
        is_left_out |= line == "source: \"healthscore\",";
        is_left_out &= !line.starts_with("head: ");
        !was_left_out
    };
    let lines: Vec<&str> = answer.lines().filter(|line| is_kept(line)).collect();
    lines.join("\n")
}

impl Questions<'_> {
    async fn asked(mut self) -> Answers {
        self.forecasts().await;
        self.reports().await;
        self.hindsight().await;
        self.quality().await;
        self.is_of_health = true;
        self.health().await;
        self.is_of_health = false;
        self.risks().await;
        self.accounts().await;
        self.onboardings().await;
        self.answers
    }

    /// An answer, if it comes in time.
    async fn heard<T>(
        &self,
        answer: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<Response<T>, Status> {
        let Some(patience) = self.patience else {
            return answer.await;
        };
        let late = |_| Err(Status::deadline_exceeded("it waits for a reader"));
        let answer = tokio::time::timeout(patience, answer).await;
        answer.unwrap_or_else(late)
    }

    /// Keeps an answer: all of it, watermarks included.
    fn keep<T: Debug>(
        &mut self,
        question: &impl Debug,
        answer: Result<Response<T>, Status>,
        found: impl FnOnce(&T) -> usize,
    ) {
        let question = format!("{question:?}");
        let answer = answer.map(Response::into_inner);
        if self.must_find {
            let found = answer.as_ref().map(found);
            assert!(found.is_ok_and(|found| found > 0), "{question}: {answer:?}");
        }
        let mut answer = format!("{answer:#?}");
        if self.is_of_health {
            answer = without_health_log(&answer);
        }
        let known = self.answers.insert(question, answer);
        assert!(known.is_none(), "something is asked twice");
    }

    async fn forecasts(&mut self) {
        for forecast in self.cast.forecasts() {
            let answer = self
                .heard(self.api.forecasts().get_forecast(forecast.clone()))
                .await;
            self.keep(&forecast, answer, |found| {
                usize::try_from(found.current_mrr.as_ref().unwrap().minor_units).unwrap()
            });
            let list = ListForecastAccountsRequest {
                forecast: Some(forecast),
                ..ListForecastAccountsRequest::default()
            };
            let answer = self
                .heard(self.api.forecasts().list_forecast_accounts(list.clone()))
                .await;
            self.keep(&list, answer, |found| found.accounts.len());
        }
    }

    async fn reports(&mut self) {
        let Cast { field, kato, .. } = self.cast;
        for (team, owner) in [("", ""), (field.name.as_str(), ""), ("", &kato.name)] {
            let report = GetRiskReportRequest {
                team: team.to_owned(),
                owner: owner.to_owned(),
                ..GetRiskReportRequest::default()
            };
            let answer = self
                .heard(self.api.forecasts().get_risk_report(report.clone()))
                .await;
            self.keep(&report, answer, |found| found.by_team.len());
        }
        for (kind, filter) in [
            (DeadlineKind::Unspecified, ForecastFilter::default()),
            (DeadlineKind::Notice, ForecastFilter::default()),
            (DeadlineKind::Renewal, self.cast.in_the_field()),
        ] {
            let list = ListDeadlinesRequest {
                kind: kind.into(),
                within_days: 120,
                filter: Some(filter),
                ..ListDeadlinesRequest::default()
            };
            let answer = self
                .heard(self.api.forecasts().list_deadlines(list.clone()))
                .await;
            self.keep(&list, answer, |found| found.deadlines.len());
        }
        for month in ["2026-10", "2026-11"] {
            let metrics = GetRevenueMetricsRequest {
                month: month.to_owned(),
                as_reported: true,
                ..GetRevenueMetricsRequest::default()
            };
            let answer = self
                .heard(self.api.forecasts().get_revenue_metrics(metrics.clone()))
                .await;
            self.keep(&metrics, answer, |found| found.metrics.len());
        }
    }

    async fn hindsight(&mut self) {
        for horizon in [1, 3] {
            for scenario in [Scenario::LeadsToChurn, Scenario::Red] {
                let test = GetBacktestRequest {
                    horizon,
                    scenario: scenario.into(),
                    ..GetBacktestRequest::default()
                };
                let answer = self
                    .heard(self.api.forecasts().get_backtest(test.clone()))
                    .await;
                self.keep(&test, answer, |found| found.months.len());
            }
        }
    }

    async fn health(&mut self) {
        for (band, order_by) in [(None, "score"), (Some(Band::Red), "band_since desc")] {
            let list = ListHealthRequest {
                filter: Some(HealthFilter {
                    bands: band.into_iter().map(Into::into).collect(),
                    ..HealthFilter::default()
                }),
                order_by: order_by.to_owned(),
                ..ListHealthRequest::default()
            };
            let answer = self
                .heard(self.api.health_scores().list_health(list.clone()))
                .await;
            self.keep(&list, answer, |found| found.accounts.len());
        }
        let november: Zoned = NOVEMBER.parse().unwrap();
        let november = keizoku_proto::timestamp(november.timestamp());
        for account in &self.cast.scored {
            for time in [Some(november), None] {
                let get = GetHealthRequest {
                    account: account.clone(),
                    time,
                    ..GetHealthRequest::default()
                };
                let answer = self
                    .heard(self.api.health_scores().get_health(get.clone()))
                    .await;
                self.keep(&get, answer, |_| 1);
            }
            let list = ListHealthHistoryRequest {
                account: account.clone(),
                ..ListHealthHistoryRequest::default()
            };
            let mut api = self.api.health_scores();
            let answer = self.heard(api.list_health_history(list.clone())).await;
            self.keep(&list, answer, |found| found.steps.len());
        }
        let mut api = self.api.health_scores();
        let compare = CompareGoalsRequest {
            account: self.cast.survivor.name.clone(),
            ..CompareGoalsRequest::default()
        };
        let answer = self.heard(api.compare_goals(compare.clone())).await;
        self.keep(&compare, answer, |found| found.goals.len());
        // As of then: what is said of bands while a log is heard of late is said later.
        let ask = GetReleaseAdoptionRequest {
            name: self.cast.release.clone(),
            time: Some(november),
            ..GetReleaseAdoptionRequest::default()
        };
        let answer = self.heard(api.get_release_adoption(ask.clone())).await;
        self.keep(&ask, answer, |found| {
            found.adoption.as_ref().unwrap().segments.len()
        });
    }

    async fn quality(&mut self) {
        for team in ["", self.cast.field.name.as_str()] {
            let list = ListQualityIssuesRequest {
                team: team.to_owned(),
                ..ListQualityIssuesRequest::default()
            };
            let answer = self
                .heard(self.api.forecasts().list_quality_issues(list.clone()))
                .await;
            self.keep(&list, answer, |found| found.issues.len());
        }
    }

    async fn risks(&mut self) {
        for (filter, order_by) in self.cast.risk_filters() {
            let list = ListRisksRequest {
                filter: Some(filter),
                order_by: order_by.to_owned(),
                ..ListRisksRequest::default()
            };
            let answer = self.heard(self.api.risks().list_risks(list.clone())).await;
            self.keep(&list, answer, |found| found.risks.len());
        }
        for search in Cast::searches() {
            let answer = self
                .heard(self.api.risks().search_knowledge(search.clone()))
                .await;
            self.keep(&search, answer, |found| found.risks.len());
        }
        for (state, parent) in [
            (SuggestionState::Pending, ""),
            (SuggestionState::Accepted, ""),
            (SuggestionState::Dismissed, ""),
            (SuggestionState::Pending, &self.cast.survivor.name),
            (SuggestionState::Pending, &self.cast.duplicate.name),
        ] {
            let list = ListSuggestionsRequest {
                parent: parent.to_owned(),
                state: state.into(),
                ..ListSuggestionsRequest::default()
            };
            let answer = self
                .heard(self.api.risks().list_suggestions(list.clone()))
                .await;
            self.keep(&list, answer, |found| found.suggestions.len());
        }
    }

    async fn onboardings(&mut self) {
        let Cast {
            field, survivor, ..
        } = self.cast;
        for (owner, account) in [("", ""), (field.name.as_str(), ""), ("", &survivor.name)] {
            let list = ListOnboardingsRequest {
                filter: Some(OnboardingFilter {
                    owner: owner.to_owned(),
                    account: account.to_owned(),
                    include_completed: true,
                    ..OnboardingFilter::default()
                }),
                ..ListOnboardingsRequest::default()
            };
            let answer = self
                .heard(self.api.onboardings().list_onboardings(list.clone()))
                .await;
            self.keep(&list, answer, |found| found.onboardings.len());
        }
    }

    async fn accounts(&mut self) {
        for (filter, order_by) in self.cast.account_filters() {
            let list = ListAccountsRequest {
                filter: Some(filter),
                order_by: order_by.to_owned(),
                ..ListAccountsRequest::default()
            };
            let answer = self
                .heard(self.api.accounts().list_accounts(list.clone()))
                .await;
            self.keep(&list, answer, |found| found.accounts.len());
        }
    }
}
