//! Deals (ACC-10).

use keizoku_core::{AccountId, DealId, Money, derive_id};
use keizoku_proto::accounts as proto;
use keizoku_runtime::page::Page;
use keizoku_runtime::parse::SHORT_TEXT;
use keizoku_runtime::{Call, Failure, Violations, names};
use tonic::Request;

use crate::domain::deal::Command;
use crate::queries::ids;
use crate::{Accounts, api, domain, resources};

/// A deal as somebody records it.
fn recorded(
    violations: &mut Violations,
    request: &proto::RecordDealRequest,
) -> (Option<AccountId>, proto::DealTerms) {
    let account = violations.parse("parent", names::parse_account(&request.parent));
    let salesperson = (!request.salesperson.is_empty())
        .then(|| violations.parse("salesperson", names::parse_user(&request.salesperson)))
        .flatten();
    let amount = request.amount.as_ref();
    let amount = amount.and_then(|_| api::money(violations, "amount", amount));
    let close_date = violations.day("close_date", request.close_date.as_ref());
    let terms = proto::DealTerms {
        display_name: violations.required_text("display_name", &request.display_name, SHORT_TEXT),
        stage: violations.text("stage", &request.stage, SHORT_TEXT),
        kind: violations.text("kind", &request.kind, SHORT_TEXT),
        close_date: close_date.map(Into::into),
        amount: amount.map(Money::minor),
        product: violations.text("product", &request.product, SHORT_TEXT),
        salesperson_id: salesperson.map(|id| id.to_string()).unwrap_or_default(),
    };
    (account, terms)
}

impl Accounts {
    pub(super) async fn record_deal(
        &self,
        request: Request<proto::RecordDealRequest>,
    ) -> Result<proto::RecordDealResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let (account, terms) = recorded(&mut violations, body);
        let (request_id, account) = violations.finish(request_id.zip(account))?;
        let call = Call::of("RecordDeal", &request, request_id, "")?;
        let id: DealId = derive_id("deal", &[request_id.as_bytes()]).into();
        let stream = domain::deal_stream(id);
        let outcome = match self.require_for_deal(account, &terms, body).await {
            Ok(()) => {
                let deal = proto::DealRecorded {
                    deal_id: id.to_string(),
                    account_id: account.to_string(),
                    external_id: String::new(),
                    terms: Some(terms),
                };
                let won = body.won;
                let command = Command::Set { deal, won };
                self.deals.create(stream, command, call).await?
            }
            Err(failure) => self.deals.done_or(&stream, &call, failure).await?,
        };
        Ok(proto::RecordDealResponse {
            deal: Some(resources::deal(&self.book.read(), &outcome.fold)),
            consistency_token: outcome.token.encode(),
        })
    }

    /// Makes sure that everything is there that a deal names.
    async fn require_for_deal(
        &self,
        account: AccountId,
        terms: &proto::DealTerms,
        body: &proto::RecordDealRequest,
    ) -> Result<(), Failure> {
        self.require_currency(body.amount.as_ref())?;
        self.require_account(account, &body.parent).await?;
        self.require_user(&terms.salesperson_id).await
    }

    pub(super) async fn win_deal(
        &self,
        request: Request<proto::WinDealRequest>,
    ) -> Result<proto::WinDealResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let name = violations.parse("name", names::parse_deal(&body.name));
        let command = Command::Win {
            close_date: violations.day("close_date", body.close_date.as_ref()),
            stage: violations.text("stage", &body.stage, SHORT_TEXT),
        };
        let (request_id, (account, id)) = violations.finish(request_id.zip(name))?;
        let call = Call::of("WinDeal", &request, request_id, &body.etag)?;
        let stream = domain::deal_stream(id);
        let fold = self.deals.recall(&stream).await?;
        self.require_same(account, &fold.state.account_id, &body.name)
            .await?;
        let outcome = self.deals.execute(stream, command, call).await?;
        Ok(proto::WinDealResponse {
            deal: Some(resources::deal(&self.book.read(), &outcome.fold)),
            consistency_token: outcome.token.encode(),
        })
    }

    pub(super) async fn deals(
        &self,
        body: proto::ListDealsRequest,
    ) -> Result<proto::ListDealsResponse, Failure> {
        let mut violations = Violations::new();
        let account = match body.parent.as_str() {
            "" | "accounts/-" => None,
            parent => violations.parse("parent", names::parse_account(parent)),
        };
        violations.check()?;
        let binding = proto::ListDealsRequest {
            parent: body.parent.clone(),
            won_only: body.won_only,
            ..proto::ListDealsRequest::default()
        };
        let page = Page::of(body.page_size, &body.page_token, &binding)?;
        self.list_freshness.wait(&body.consistency_tokens).await?;
        let mut sql = "SELECT id FROM deals WHERE 1".to_owned();
        let mut values = Vec::new();
        if let Some(account) = account {
            let ids = self.with_aliases(account).await?;
            sql.push_str(" AND account_id IN (");
            sql.push_str(&vec!["?"; ids.len()].join(", "));
            sql.push(')');
            values.extend(ids.into_iter().map(Into::into));
        }
        if body.won_only {
            sql.push_str(" AND won");
        }
        sql.push_str(" ORDER BY close_date DESC, id");
        let found = self.model.read(move |rows| ids(rows, &sql, values)).await?;
        let mut deals = Vec::new();
        for id in found
            .iter()
            .skip(page.offset)
            .take(page.size)
            .filter_map(|id| id.parse().ok())
        {
            let fold = self.deals.recall(&domain::deal_stream(id)).await?;
            deals.push(resources::deal(&self.book.read(), &fold));
        }
        Ok(proto::ListDealsResponse {
            deals,
            next_page_token: page.next(found.len()),
            total_size: i64::try_from(found.len()).unwrap_or(i64::MAX),
        })
    }
}
