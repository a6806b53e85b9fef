//! The service's RPCs: parse, ask the model, reply.

mod hindsight;
mod initiatives;
mod quality;
mod targets;

use std::sync::Arc;

use keizoku_proto::forecast as proto;
use keizoku_proto::forecast::forecast_service_server::ForecastService;
use keizoku_revenue::Book;
use keizoku_runtime::page::Page;
use keizoku_runtime::{Failure, Freshness, Violations};
use tonic::{Request, Response, Status};

use crate::churn::{self, BucketKey};
use crate::{Boards, Service, api, deadlines, metrics, replies, report};

impl Service {
    /// How far what a question looks at has been read: `has_parts` says whether that includes the
    /// parts of the widest scenario.
    fn freshness_of(&self, filter: Option<&proto::ForecastFilter>, has_parts: bool) -> Freshness {
        let every_onboarding = i32::from(proto::OnboardingFilter::Unspecified);
        let every_band = i32::from(proto::BandFilter::Unspecified);
        self.freshness_with(
            filter.is_some_and(|filter| filter.onboarding != every_onboarding),
            has_parts || filter.is_some_and(|filter| filter.band != every_band),
        )
    }

    /// The same of a forecast.
    fn freshness_of_forecast(&self, request: &proto::GetForecastRequest) -> Freshness {
        let is_red = request.scenario == i32::from(proto::Scenario::Red);
        self.freshness_of(request.filter.as_ref(), is_red || request.expected)
    }

    /// Asks the models, once those that it looks at include what the tokens cover.
    async fn ask<T: Send + 'static>(
        &self,
        freshness: &Freshness,
        tokens: &[String],
        question: impl FnOnce(&Book, Boards<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        freshness.wait(tokens).await?;
        let board = Arc::clone(&self.board);
        let onboardings = Arc::clone(&self.onboardings);
        let health = Arc::clone(&self.health);
        let calendar = self.calendar.clone();
        self.book
            .ask(move |book| {
                let (risks, onboardings) = (board.read(), onboardings.read());
                let health = health.read();
                let boards = Boards {
                    risks: &risks,
                    onboardings: &onboardings,
                    health: &health,
                    working_days: calendar.working_days(),
                };
                question(book, boards)
            })
            .await?
    }

    async fn forecast(
        &self,
        request: proto::GetForecastRequest,
    ) -> Result<proto::GetForecastResponse, Failure> {
        let tokens = request.consistency_tokens.clone();
        let freshness = self.freshness_of_forecast(&request);
        let answer = self
            .ask(&freshness, &tokens, move |book, boards| {
                let question = api::question(book, &request)?;
                let currency = book.settings_at(question.as_of.known_at).currency.clone();
                let forecast = churn::forecast(book, boards, &question);
                let expected = request
                    .expected
                    .then(|| churn::expected(book, boards, &question));
                Ok(proto::GetForecastResponse {
                    expected: expected.map(|expected| replies::expected(&expected, &currency)),
                    ..replies::forecast(&forecast, &currency)
                })
            })
            .await?;
        Ok(proto::GetForecastResponse {
            watermarks: freshness.watermarks(),
            stale: freshness.stale(),
            ..answer
        })
    }

    async fn accounts(
        &self,
        request: proto::ListForecastAccountsRequest,
    ) -> Result<proto::ListForecastAccountsResponse, Failure> {
        let mut asked = request.forecast.clone().unwrap_or_default();
        let tokens = std::mem::take(&mut asked.consistency_tokens);
        let mut violations = Violations::new();
        let bucket = (!request.bucket.is_empty())
            .then(|| violations.parse("bucket", request.bucket.parse::<BucketKey>()))
            .flatten();
        violations.check()?;
        let binding = proto::ListForecastAccountsRequest {
            forecast: Some(asked.clone()),
            bucket: request.bucket.clone(),
            ..proto::ListForecastAccountsRequest::default()
        };
        let page = Page::of(request.page_size, &request.page_token, &binding)?;
        let (offset, size) = (page.offset, page.size);
        let freshness = self.freshness_of_forecast(&asked);
        let (mut accounts, total): (Vec<proto::ForecastAccount>, _) = self
            .ask(&freshness, &tokens, move |book, boards| {
                let question = api::question(book, &asked)?;
                let currency = book.settings_at(question.as_of.known_at).currency.clone();
                let found = churn::accounts(book, boards, &question, bucket, offset, size);
                let shown = found
                    .accounts
                    .iter()
                    .map(|a| replies::forecast_account(a, &currency));
                Ok((shown.collect(), found.total))
            })
            .await?;
        self.names.fill(&tokens, accounts.iter_mut()).await?;
        Ok(proto::ListForecastAccountsResponse {
            accounts,
            next_page_token: page.next(total),
            total_size: i64::try_from(total).unwrap_or(i64::MAX),
        })
    }

    async fn metrics(
        &self,
        request: proto::GetRevenueMetricsRequest,
    ) -> Result<proto::GetRevenueMetricsResponse, Failure> {
        let tokens = request.consistency_tokens.clone();
        // How many onboardings are completed in time is among the figures.
        let has_band = request
            .filter
            .as_ref()
            .is_some_and(|filter| filter.band != 0);
        let freshness = self.freshness_with(true, has_band);
        let answer = self
            .ask(&freshness, &tokens, move |book, boards| {
                let mut violations = Violations::new();
                let as_of = api::as_of(&mut violations, book, request.as_of.as_ref());
                let filter = api::filter(&mut violations, request.filter.as_ref());
                api::require_known(&mut violations, book, &filter);
                let month = api::month(&mut violations, "month", &request.month, as_of);
                let month = violations.finish(month)?;
                let figures = |as_of| {
                    let figures = metrics::revenue_metrics(book, boards, as_of, month, &filter);
                    figures.map_err(|ahead| {
                        let mut violations = Violations::new();
                        violations.add("month", ahead.to_string());
                        violations.into_failure()
                    })
                };
                let restated = figures(as_of)?;
                let closed = if request.as_reported {
                    metrics::as_reported(book, boards.working_days, as_of, month)
                } else {
                    None
                };
                let reported = closed.map(figures).transpose()?;
                let currency = &book.settings_at(as_of.known_at).currency;
                let answer = replies::metrics(&restated, reported.as_ref(), currency);
                let closed_at = closed.and_then(|closed| closed.known_at);
                Ok(proto::GetRevenueMetricsResponse {
                    books_closed_at: closed_at.map(keizoku_proto::timestamp),
                    ..answer
                })
            })
            .await?;
        let watermarks = freshness.watermarks();
        Ok(proto::GetRevenueMetricsResponse {
            watermarks,
            ..answer
        })
    }

    async fn report(
        &self,
        request: proto::GetRiskReportRequest,
    ) -> Result<proto::GetRiskReportResponse, Failure> {
        let tokens = request.consistency_tokens.clone();
        let mut answer = self
            .ask(&self.freshness, &tokens, move |book, boards| {
                let mut violations = Violations::new();
                let as_of = api::as_of(&mut violations, book, request.as_of.as_ref());
                let filter = api::report_filter(&mut violations, book, &request);
                violations.check()?;
                Ok(replies::report(&report::risk_report(
                    book,
                    boards.risks,
                    as_of,
                    &filter,
                )))
            })
            .await?;
        let lists = [&mut answer.opened, &mut answer.closed, &mut answer.overdue];
        let risks = lists.into_iter().flatten();
        self.names.fill(&tokens, risks).await?;
        let watermarks = self.freshness.watermarks();
        Ok(proto::GetRiskReportResponse {
            watermarks,
            ..answer
        })
    }

    async fn deadlines(
        &self,
        mut request: proto::ListDeadlinesRequest,
    ) -> Result<proto::ListDeadlinesResponse, Failure> {
        let tokens = std::mem::take(&mut request.consistency_tokens);
        let binding = proto::ListDeadlinesRequest {
            page_size: 0,
            page_token: String::new(),
            ..request.clone()
        };
        let page = Page::of(request.page_size, &request.page_token, &binding)?;
        let (offset, size) = (page.offset, page.size);
        let freshness = self.freshness_of(request.filter.as_ref(), false);
        let (mut deadlines, total): (Vec<proto::Deadline>, _) = self
            .ask(&freshness, &tokens, move |book, boards| {
                let question = api::deadline_question(book, &request)?;
                let currency = book.settings_at(question.as_of.known_at).currency.clone();
                let found = deadlines::deadlines(book, boards, &question, offset, size);
                let shown = found
                    .deadlines
                    .iter()
                    .map(|d| replies::deadline(d, &currency));
                Ok((shown.collect(), found.total))
            })
            .await?;
        self.names.fill(&tokens, deadlines.iter_mut()).await?;
        Ok(proto::ListDeadlinesResponse {
            deadlines,
            next_page_token: page.next(total),
            total_size: i64::try_from(total).unwrap_or(i64::MAX),
        })
    }
}

/// Answers an RPC.
fn reply<T>(answer: Result<T, Failure>) -> Result<Response<T>, Status> {
    answer.map(Response::new).map_err(Status::from)
}

#[tonic::async_trait]
impl ForecastService for Service {
    async fn get_forecast(
        &self,
        request: Request<proto::GetForecastRequest>,
    ) -> Result<Response<proto::GetForecastResponse>, Status> {
        reply(self.forecast(request.into_inner()).await)
    }
    async fn get_backtest(
        &self,
        request: Request<proto::GetBacktestRequest>,
    ) -> Result<Response<proto::GetBacktestResponse>, Status> {
        reply(self.backtest(request.into_inner()).await)
    }
    async fn list_forecast_accounts(
        &self,
        request: Request<proto::ListForecastAccountsRequest>,
    ) -> Result<Response<proto::ListForecastAccountsResponse>, Status> {
        reply(self.accounts(request.into_inner()).await)
    }
    async fn get_revenue_metrics(
        &self,
        request: Request<proto::GetRevenueMetricsRequest>,
    ) -> Result<Response<proto::GetRevenueMetricsResponse>, Status> {
        reply(self.metrics(request.into_inner()).await)
    }
    async fn list_metric_definitions(
        &self,
        _request: Request<proto::ListMetricDefinitionsRequest>,
    ) -> Result<Response<proto::ListMetricDefinitionsResponse>, Status> {
        let definitions = metrics::DEFINITIONS
            .iter()
            .map(replies::definition)
            .collect();
        reply(Ok(proto::ListMetricDefinitionsResponse { definitions }))
    }
    async fn get_risk_report(
        &self,
        request: Request<proto::GetRiskReportRequest>,
    ) -> Result<Response<proto::GetRiskReportResponse>, Status> {
        reply(self.report(request.into_inner()).await)
    }
    async fn list_quality_issues(
        &self,
        request: Request<proto::ListQualityIssuesRequest>,
    ) -> Result<Response<proto::ListQualityIssuesResponse>, Status> {
        reply(self.quality(request.into_inner()).await)
    }
    async fn get_targets(
        &self,
        request: Request<proto::GetTargetsRequest>,
    ) -> Result<Response<proto::GetTargetsResponse>, Status> {
        reply(self.targets(request.into_inner()).await)
    }
    async fn get_initiative(
        &self,
        request: Request<proto::GetInitiativeRequest>,
    ) -> Result<Response<proto::GetInitiativeResponse>, Status> {
        reply(self.initiative(request.into_inner()).await)
    }

    async fn list_deadlines(
        &self,
        request: Request<proto::ListDeadlinesRequest>,
    ) -> Result<Response<proto::ListDeadlinesResponse>, Status> {
        reply(self.deadlines(request.into_inner()).await)
    }
}
