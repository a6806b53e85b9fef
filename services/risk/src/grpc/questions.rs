//! Questions about risks.

use keizoku_core::{Day, Rate, RiskId};
use keizoku_proto::common::{self, NoValueReason};
use keizoku_proto::risk as proto;
use keizoku_revenue::AsOf;
use keizoku_runtime::page::Page;
use keizoku_runtime::read_model::rusqlite::{self, Connection};
use keizoku_runtime::{Failure, Violations, names};

use crate::queries::Select;
use crate::{Risks, domain, history};

/// Events of one risk that are read at once.
const WHOLE_STREAM: usize = 100_000;

impl Risks {
    fn as_of(&self, as_of: Option<&common::AsOf>) -> Result<AsOf, Failure> {
        let mut violations = Violations::new();
        let known_at =
            as_of.and_then(|as_of| violations.instant("as_of.known_at", as_of.known_at.as_ref()));
        let on = as_of.and_then(|as_of| violations.day("as_of.on", as_of.on.as_ref()));
        violations.check()?;
        let on = on.unwrap_or_else(|| self.book.read().today_at(known_at));
        Ok(AsOf { known_at, on })
    }

    /// Waits until an answer includes what the tokens cover: names and lists come from the read
    /// model, figures and what hangs on them from the book, and both read the accounts log.
    async fn wait(&self, tokens: &[String]) -> Result<(), Failure> {
        self.list_freshness.wait(tokens).await?;
        self.change_freshness.wait(tokens).await
    }

    pub(super) async fn get(
        &self,
        body: proto::GetRiskRequest,
    ) -> Result<proto::GetRiskResponse, Failure> {
        let mut violations = Violations::new();
        let name = violations.parse("name", names::parse_risk(&body.name));
        let (account, id) = violations.finish(name)?;
        let as_of = self.as_of(body.as_of.as_ref())?;
        self.wait(&body.consistency_tokens).await?;
        let stream = domain::risk_stream(id);
        let fold = self.risks.as_known_at(&stream, as_of.known_at).await?;
        if !fold.state.exists() {
            return Err(Failure::not_found(&body.name));
        }
        self.require_account(id, account).await?;
        let risk = Some(self.show(id, &fold, as_of).await?);
        Ok(proto::GetRiskResponse {
            risk,
            watermarks: self.book_freshness.watermarks(),
        })
    }

    /// The risks on a page of a question, and how many there are in all.
    async fn page(
        &self,
        select: Select,
        page: &Page,
    ) -> Result<(usize, Vec<proto::Risk>), Failure> {
        let (offset, size) = (page.offset, page.size);
        let (total, ids) = self
            .model
            .read(move |rows| select.page(rows, offset, size))
            .await?;
        let now = self.book.now();
        let mut risks = Vec::with_capacity(ids.len());
        for id in ids.iter().filter_map(|id| id.parse::<RiskId>().ok()) {
            let fold = self.risks.recall(&domain::risk_stream(id)).await?;
            risks.push(self.show(id, &fold, now).await?);
        }
        Ok((total, risks))
    }

    pub(super) async fn list(
        &self,
        body: proto::ListRisksRequest,
    ) -> Result<proto::ListRisksResponse, Failure> {
        let filter = body.filter.clone().unwrap_or_default();
        let binding = proto::ListRisksRequest {
            filter: body.filter.clone(),
            order_by: body.order_by.clone(),
            ..proto::ListRisksRequest::default()
        };
        let page = Page::of(body.page_size, &body.page_token, &binding)?;
        self.wait(&body.consistency_tokens).await?;
        let select = self.select(&filter, &body.order_by, self.calendar.today())?;
        let (total, risks) = self.page(select, &page).await?;
        Ok(proto::ListRisksResponse {
            risks,
            next_page_token: page.next(total),
            total_size: i64::try_from(total).unwrap_or(i64::MAX),
            watermarks: self.list_freshness.watermarks(),
        })
    }

    pub(super) async fn search(
        &self,
        body: proto::SearchKnowledgeRequest,
    ) -> Result<proto::SearchKnowledgeResponse, Failure> {
        let binding = proto::SearchKnowledgeRequest {
            page_size: 0,
            page_token: String::new(),
            consistency_tokens: Vec::new(),
            ..body.clone()
        };
        let size = if body.page_size == 0 {
            20
        } else {
            body.page_size
        };
        let page = Page::of(size, &body.page_token, &binding)?;
        self.wait(&body.consistency_tokens).await?;
        let select = self.knowledge(&body).await?;
        let (total, risks) = self.page(select, &page).await?;
        Ok(proto::SearchKnowledgeResponse {
            risks,
            next_page_token: page.next(total),
            total_size: i64::try_from(total).unwrap_or(i64::MAX),
        })
    }

    pub(super) async fn history(
        &self,
        body: proto::ListRiskHistoryRequest,
    ) -> Result<proto::ListRiskHistoryResponse, Failure> {
        let mut violations = Violations::new();
        let name = violations.parse("name", names::parse_risk(&body.name));
        let (account, id) = violations.finish(name)?;
        let page = Page::of(body.page_size, &body.page_token, &body.name)?;
        let stream = domain::risk_stream(id);
        let events = self
            .log
            .read_stream(&stream, history::BEGINNING, WHOLE_STREAM)
            .await;
        let events = events.map_err(|error| Failure::internal(&error))?;
        if events.is_empty() {
            return Err(Failure::not_found(&body.name));
        }
        self.require_account(id, account).await?;
        let changes = history::changes(&events)?;
        let total = changes.len();
        let changes = changes
            .into_iter()
            .skip(page.offset)
            .take(page.size)
            .collect();
        Ok(proto::ListRiskHistoryResponse {
            changes,
            next_page_token: page.next(total),
        })
    }

    pub(super) async fn types(
        &self,
        body: proto::ListRiskTypesRequest,
    ) -> Result<proto::ListRiskTypesResponse, Failure> {
        self.list_freshness.wait(&body.consistency_tokens).await?;
        let catalogue = self.catalogue.refresh(&domain::CATALOGUE).await?;
        let counted = self.model.read(closures_by_type).await?;
        let types = catalogue
            .state
            .types
            .iter()
            .map(|known| statistics(known, &counted))
            .collect();
        Ok(proto::ListRiskTypesResponse { types })
    }
}

/// One risk, as far as statistics look at it.
struct Counted {
    r#type: String,
    completion: i32,
    days: Option<i64>,
}

fn closures_by_type(rows: &Connection) -> rusqlite::Result<Vec<Counted>> {
    rows.prepare_cached("SELECT type, completion, completion_date, open_date FROM risks")?
        .query_map([], |row| {
            let (completed, opened): (Option<u16>, u16) = (row.get(2)?, row.get(3)?);
            let day = |number| Day::from_number(number).unwrap_or(Day::MIN);
            let days = completed.map(|completed| i64::from(day(completed).days_since(day(opened))));
            Ok(Counted {
                r#type: row.get(0)?,
                completion: row.get(1)?,
                days,
            })
        })?
        .collect()
}

/// Win rate and time to close of a type, over current closures (RISK-8).
fn statistics(known: &proto::RiskType, counted: &[Counted]) -> proto::RiskTypeStatistics {
    let of_type = || counted.iter().filter(|risk| risk.r#type == known.key);
    let count = |completion: proto::Completion| {
        let found = of_type()
            .filter(|risk| risk.completion == i32::from(completion))
            .count();
        i64::try_from(found).unwrap_or(i64::MAX)
    };
    let (completed, failed) = (
        count(proto::Completion::Completed),
        count(proto::Completion::Failed),
    );
    let mut days: Vec<i64> = of_type().filter_map(|risk| risk.days).collect();
    days.sort_unstable();
    let rate = Rate::new(completed, completed + failed);
    proto::RiskTypeStatistics {
        r#type: Some(known.clone()),
        open: count(proto::Completion::Unspecified),
        completed,
        failed,
        not_a_risk: count(proto::Completion::NotARisk),
        win_rate: Some(common::Rate {
            numerator: completed,
            denominator: completed + failed,
            ppm: rate.ok().map(Rate::ppm),
            no_value_reason: match rate {
                Ok(_) => NoValueReason::Unspecified.into(),
                Err(_) => NoValueReason::ZeroDenominator.into(),
            },
        }),
        median_days_to_close: days.get(days.len() / 2).copied(),
    }
}
