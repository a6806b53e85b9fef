//! Every question whose answer joins what several services recorded.

use std::collections::BTreeMap;
use std::fmt::Debug;

use keizoku_cli::client::Connection;
use keizoku_proto::accounts::ListAccountsRequest;
use keizoku_proto::forecast::{
    DeadlineKind, ForecastFilter, GetRevenueMetricsRequest, GetRiskReportRequest,
    ListDeadlinesRequest, ListForecastAccountsRequest, ListQualityIssuesRequest,
};
use keizoku_proto::onboarding::{ListOnboardingsRequest, OnboardingFilter};
use keizoku_proto::risk::{ListRisksRequest, ListSuggestionsRequest, SuggestionState};
use tonic::{Response, Status};

use super::history::Cast;

/// What was asked, and the whole answer as text.
pub(super) type Answers = BTreeMap<String, String>;

struct Questions<'a> {
    api: &'a Connection,
    cast: &'a Cast,
    must_find: bool,
    answers: Answers,
}

/// Asks everything. `must_find`: a question that is refused or finds nothing would prove nothing.
pub(super) async fn ask(api: &Connection, cast: &Cast, must_find: bool) -> Answers {
    let mut questions = Questions {
        api,
        cast,
        must_find,
        answers: Answers::new(),
    };
    questions.forecasts().await;
    questions.reports().await;
    questions.quality().await;
    questions.risks().await;
    questions.accounts().await;
    questions.onboardings().await;
    questions.answers
}

impl Questions<'_> {
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
        let known = self.answers.insert(question, format!("{answer:#?}"));
        assert!(known.is_none(), "something is asked twice");
    }

    async fn forecasts(&mut self) {
        for forecast in self.cast.forecasts() {
            let answer = self.api.forecasts().get_forecast(forecast.clone()).await;
            self.keep(&forecast, answer, |found| {
                usize::try_from(found.current_mrr.as_ref().unwrap().minor_units).unwrap()
            });
            let list = ListForecastAccountsRequest {
                forecast: Some(forecast),
                ..ListForecastAccountsRequest::default()
            };
            let answer = self
                .api
                .forecasts()
                .list_forecast_accounts(list.clone())
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
            let answer = self.api.forecasts().get_risk_report(report.clone()).await;
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
            let answer = self.api.forecasts().list_deadlines(list.clone()).await;
            self.keep(&list, answer, |found| found.deadlines.len());
        }
        for month in ["2026-10", "2026-11"] {
            let metrics = GetRevenueMetricsRequest {
                month: month.to_owned(),
                as_reported: true,
                ..GetRevenueMetricsRequest::default()
            };
            let answer = self
                .api
                .forecasts()
                .get_revenue_metrics(metrics.clone())
                .await;
            self.keep(&metrics, answer, |found| found.metrics.len());
        }
    }

    async fn quality(&mut self) {
        // Back-tests look at health bands, too, and health is not among these sources yet.
        for team in ["", self.cast.field.name.as_str()] {
            let list = ListQualityIssuesRequest {
                team: team.to_owned(),
                ..ListQualityIssuesRequest::default()
            };
            let answer = self.api.forecasts().list_quality_issues(list.clone()).await;
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
            let answer = self.api.risks().list_risks(list.clone()).await;
            self.keep(&list, answer, |found| found.risks.len());
        }
        for search in Cast::searches() {
            let answer = self.api.risks().search_knowledge(search.clone()).await;
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
            let answer = self.api.risks().list_suggestions(list.clone()).await;
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
            let answer = self.api.onboardings().list_onboardings(list.clone()).await;
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
            let answer = self.api.accounts().list_accounts(list.clone()).await;
            self.keep(&list, answer, |found| found.accounts.len());
        }
    }
}
