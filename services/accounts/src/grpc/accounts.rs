//! Accounts.

use futures::stream::BoxStream;
use keizoku_core::{AccountId, derive_id};
use keizoku_proto::accounts as proto;
use keizoku_proto::accounts::accounts_service_server::AccountsService;
use keizoku_runtime::page::Page;
use keizoku_runtime::{Call, Failure, Outcome, Violations, names};
use tonic::{Request, Response, Status, Streaming};

use crate::domain::account::{Command, State};
use crate::domain::{self, identity};
use crate::queries::Order;
use crate::{Accounts, Service, api, resources};

impl Accounts {
    async fn create(
        &self,
        request: Request<proto::CreateAccountRequest>,
    ) -> Result<proto::CreateAccountResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref().clone();
        let request_id = violations.request_id(&body.request_id);
        let chosen = (!body.account_id.is_empty())
            .then(|| violations.parse("account_id", body.account_id.parse::<AccountId>()));
        let (profile, attributes) =
            api::account_fields(&mut violations, body.account.unwrap_or_default());
        let request_id = violations.finish(request_id)?;
        let call = Call::of("CreateAccount", &request, request_id, "")?;
        let id = chosen
            .flatten()
            .unwrap_or_else(|| derive_id("account", &[request_id.as_bytes()]).into());
        if let Some(done) = self
            .accounts
            .admit(&domain::account_stream(id), &call)
            .await?
        {
            let (account, consistency_token) = self.changed(id, &done).await?;
            return Ok(proto::CreateAccountResponse {
                account,
                consistency_token,
            });
        }
        self.require_attributes(&attributes).await?;
        for user in [&profile.associate_id, &profile.onboarding_specialist_id] {
            self.require_user(user).await?;
        }
        for external_id in &profile.external_ids {
            self.claim(external_id, id, &call).await?;
        }
        let opened = proto::AccountOpened {
            account_id: id.to_string(),
            profile: Some(profile),
            attributes: Some(attributes),
        };
        let (account, consistency_token) = self.change(id, Command::Open(opened), call).await?;
        Ok(proto::CreateAccountResponse {
            account,
            consistency_token,
        })
    }

    /// Executes a command on an account and shows the account.
    async fn change(
        &self,
        id: AccountId,
        command: Command,
        call: Call,
    ) -> Result<(Option<proto::Account>, String), Failure> {
        let outcome = self
            .accounts
            .execute(domain::account_stream(id), command, call)
            .await?;
        self.changed(id, &outcome).await
    }

    /// Shows an account after a command.
    async fn changed(
        &self,
        id: AccountId,
        outcome: &Outcome<State>,
    ) -> Result<(Option<proto::Account>, String), Failure> {
        self.settle(&outcome.token).await?;
        let book = self.book.read();
        let account = resources::account(&book, id, &outcome.fold, self.book.now());
        Ok((Some(account), outcome.token.encode()))
    }

    async fn update(
        &self,
        request: Request<proto::UpdateAccountRequest>,
    ) -> Result<proto::UpdateAccountResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref().clone();
        let request_id = violations.request_id(&body.request_id);
        let id = violations.parse("name", names::parse_account(&body.name));
        let changes = api::profile_changes(
            &mut violations,
            &body.account.unwrap_or_default(),
            &body.update_mask,
        );
        let (request_id, id) = violations.finish(request_id.zip(id))?;
        let call = Call::of("UpdateAccount", &request, request_id, &body.etag)?;
        let stream = domain::account_stream(id);
        if let Some(done) = self.accounts.admit(&stream, &call).await? {
            let (account, consistency_token) = self.changed(id, &done).await?;
            return Ok(proto::UpdateAccountResponse {
                account,
                consistency_token,
            });
        }
        // Before an external id is claimed for it.
        if !self.accounts.recall(&stream).await?.state.exists() {
            return Err(Failure::not_found(&body.name));
        }
        for change in &changes {
            match change {
                domain::account::ProfileChange::ExternalIds(ids) => {
                    for external_id in ids {
                        self.claim(external_id, id, &call).await?;
                    }
                }
                domain::account::ProfileChange::Associate(user)
                | domain::account::ProfileChange::OnboardingSpecialist(user) => {
                    self.require_user(user).await?;
                }
                _ => {}
            }
        }
        let (account, consistency_token) = self.change(id, Command::Revise(changes), call).await?;
        Ok(proto::UpdateAccountResponse {
            account,
            consistency_token,
        })
    }

    async fn assign(
        &self,
        request: Request<proto::AssignAccountRequest>,
    ) -> Result<proto::AssignAccountResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let id = violations.parse("name", names::parse_account(&body.name));
        let (assignment, from) = api::assignment(&mut violations, body);
        let (request_id, id) = violations.finish(request_id.zip(id))?;
        let call = Call::of("AssignAccount", &request, request_id, &body.etag)?;
        if let Some(done) = self
            .accounts
            .admit(&domain::account_stream(id), &call)
            .await?
        {
            let (account, consistency_token) = self.changed(id, &done).await?;
            return Ok(proto::AssignAccountResponse {
                account,
                consistency_token,
            });
        }
        let (owner_id, pool_id) = assignment.owner.clone().unwrap_or_default();
        let tier = assignment.tier.clone().unwrap_or_default();
        let wanted = proto::AccountAttributes {
            group: String::new(),
            tier,
            owner_id,
            pool_id,
        };
        self.require_attributes(&wanted).await?;
        let (account, consistency_token) = self
            .change(id, Command::Assign(assignment, from), call)
            .await?;
        Ok(proto::AssignAccountResponse {
            account,
            consistency_token,
        })
    }

    async fn merge(
        &self,
        request: Request<proto::MergeAccountsRequest>,
    ) -> Result<proto::MergeAccountsResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let duplicate = violations.parse("duplicate", names::parse_account(&body.duplicate));
        let survivor = violations.parse("survivor", names::parse_account(&body.survivor));
        let (request_id, (duplicate, survivor)) =
            violations.finish(request_id.zip(duplicate.zip(survivor)))?;
        let call = Call::of("MergeAccounts", &request, request_id, "")?;
        for (id, name) in [(duplicate, &body.duplicate), (survivor, &body.survivor)] {
            if !self
                .accounts
                .recall(&domain::account_stream(id))
                .await?
                .state
                .exists()
            {
                return Err(Failure::not_found(name));
            }
        }
        let merge = identity::Merge {
            duplicate,
            survivor,
        };
        let outcome = self.identity.execute(domain::IDENTITY, merge, call).await?;
        self.settle(&outcome.token).await?;
        let account = self
            .show(outcome.fold.state.survivor(survivor), self.book.now())
            .await?;
        Ok(proto::MergeAccountsResponse {
            account: Some(account),
            consistency_token: outcome.token.encode(),
        })
    }

    /// An account at both times, with subscriptions and facts.
    pub(crate) async fn show(
        &self,
        id: AccountId,
        as_of: keizoku_revenue::AsOf,
    ) -> Result<proto::Account, Failure> {
        let stream = domain::account_stream(id);
        let fold = self.accounts.as_known_at(&stream, as_of.known_at).await?;
        if !fold.state.exists() {
            return Err(Failure::not_found(&names::account(id)));
        }
        let (mut account, subscriptions) = {
            let book = self.book.read();
            let subscriptions = book
                .account(id)
                .map(|ix| book.subscriptions(ix, as_of))
                .unwrap_or_default();
            (resources::account(&book, id, &fold, as_of), subscriptions)
        };
        for view in subscriptions {
            let stream = domain::subscription_stream(view.id);
            let fold = self
                .subscriptions
                .as_known_at(&stream, as_of.known_at)
                .await?;
            let book = self.book.read();
            account.subscriptions.push(resources::subscription(
                &book,
                id,
                Some(&view),
                view.id,
                &fold,
            ));
        }
        Ok(account)
    }

    async fn get(
        &self,
        request: Request<proto::GetAccountRequest>,
    ) -> Result<proto::GetAccountResponse, Failure> {
        let body = request.into_inner();
        let mut violations = Violations::new();
        let id = violations.parse("name", names::parse_account(&body.name));
        let id = violations.finish(id)?;
        self.book_freshness.wait(&body.consistency_tokens).await?;
        let as_of = self.as_of(body.as_of.as_ref())?;
        let survivor = {
            let book = self.book.read();
            book.account(id)
                .map(|ix| book.account_id(book.survivor(ix, as_of.known_at)))
        };
        let account = self.show(survivor.unwrap_or(id), as_of).await?;
        Ok(proto::GetAccountResponse {
            account: Some(account),
            watermarks: self.book_freshness.watermarks(),
        })
    }

    async fn batch(&self, names: &[String]) -> Result<Vec<proto::Account>, Failure> {
        let mut violations = Violations::new();
        if names.len() > 1_000 {
            violations.add("names", "are more than 1,000");
        }
        let ids: Vec<_> = names
            .iter()
            .map(|name| violations.parse("names", names::parse_account(name)))
            .collect();
        violations.check()?;
        let mut accounts = Vec::with_capacity(ids.len());
        for id in ids.into_iter().flatten() {
            let id = self.survivor(id).await?;
            let fold = self.accounts.recall(&domain::account_stream(id)).await?;
            if fold.state.exists() {
                accounts.push(resources::account(
                    &self.book.read(),
                    id,
                    &fold,
                    self.book.now(),
                ));
            }
        }
        Ok(accounts)
    }

    async fn list(
        &self,
        body: proto::ListAccountsRequest,
    ) -> Result<proto::ListAccountsResponse, Failure> {
        let filter = body.filter.clone().unwrap_or_default();
        let order = Order::parse(&body.order_by)?;
        let binding = proto::ListAccountsRequest {
            filter: body.filter.clone(),
            order_by: body.order_by.clone(),
            ..proto::ListAccountsRequest::default()
        };
        let page = Page::of(body.page_size, &body.page_token, &binding)?;
        self.list_freshness.wait(&body.consistency_tokens).await?;
        self.book_freshness.wait(&body.consistency_tokens).await?;
        let ids = self.matching(&filter, order).await?;
        let mut accounts = Vec::with_capacity(page.size);
        for id in ids.iter().skip(page.offset).take(page.size) {
            let fold = self.accounts.recall(&domain::account_stream(*id)).await?;
            accounts.push(resources::account(
                &self.book.read(),
                *id,
                &fold,
                self.book.now(),
            ));
        }
        Ok(proto::ListAccountsResponse {
            accounts,
            next_page_token: page.next(ids.len()),
            total_size: i64::try_from(ids.len()).unwrap_or(i64::MAX),
            watermarks: self.list_freshness.watermarks(),
        })
    }

    async fn resolve(
        &self,
        external_id: String,
    ) -> Result<proto::ResolveExternalIdResponse, Failure> {
        let fold = self
            .claims
            .refresh(&domain::claim_stream(&external_id))
            .await?;
        let account = fold
            .state
            .account
            .ok_or_else(|| Failure::not_found(&external_id))?;
        Ok(proto::ResolveExternalIdResponse {
            account: names::account(self.survivor(account).await?),
        })
    }
}

/// Answers an RPC.
pub(super) fn reply<T>(answer: Result<T, Failure>) -> Result<Response<T>, Status> {
    answer.map(Response::new).map_err(Status::from)
}

#[tonic::async_trait]
impl AccountsService for Service {
    async fn create_account(
        &self,
        request: Request<proto::CreateAccountRequest>,
    ) -> Result<Response<proto::CreateAccountResponse>, Status> {
        reply(self.0.create(request).await)
    }
    async fn update_account(
        &self,
        request: Request<proto::UpdateAccountRequest>,
    ) -> Result<Response<proto::UpdateAccountResponse>, Status> {
        reply(self.0.update(request).await)
    }
    async fn assign_account(
        &self,
        request: Request<proto::AssignAccountRequest>,
    ) -> Result<Response<proto::AssignAccountResponse>, Status> {
        reply(self.0.assign(request).await)
    }
    async fn merge_accounts(
        &self,
        request: Request<proto::MergeAccountsRequest>,
    ) -> Result<Response<proto::MergeAccountsResponse>, Status> {
        reply(self.0.merge(request).await)
    }
    async fn get_account(
        &self,
        request: Request<proto::GetAccountRequest>,
    ) -> Result<Response<proto::GetAccountResponse>, Status> {
        reply(self.0.get(request).await)
    }
    async fn batch_get_accounts(
        &self,
        request: Request<proto::BatchGetAccountsRequest>,
    ) -> Result<Response<proto::BatchGetAccountsResponse>, Status> {
        let accounts = self.0.batch(&request.into_inner().names).await;
        reply(accounts.map(|accounts| proto::BatchGetAccountsResponse { accounts }))
    }
    async fn list_accounts(
        &self,
        request: Request<proto::ListAccountsRequest>,
    ) -> Result<Response<proto::ListAccountsResponse>, Status> {
        reply(self.0.list(request.into_inner()).await)
    }
    async fn resolve_external_id(
        &self,
        request: Request<proto::ResolveExternalIdRequest>,
    ) -> Result<Response<proto::ResolveExternalIdResponse>, Status> {
        reply(self.0.resolve(request.into_inner().external_id).await)
    }
    async fn start_subscription(
        &self,
        request: Request<proto::StartSubscriptionRequest>,
    ) -> Result<Response<proto::StartSubscriptionResponse>, Status> {
        reply(self.0.start_subscription(request).await)
    }
    async fn record_contract_fact(
        &self,
        request: Request<proto::RecordContractFactRequest>,
    ) -> Result<Response<proto::RecordContractFactResponse>, Status> {
        reply(self.0.record_fact(request).await)
    }
    async fn void_contract_fact(
        &self,
        request: Request<proto::VoidContractFactRequest>,
    ) -> Result<Response<proto::VoidContractFactResponse>, Status> {
        reply(self.0.void_fact(request).await)
    }
    async fn record_deal(
        &self,
        request: Request<proto::RecordDealRequest>,
    ) -> Result<Response<proto::RecordDealResponse>, Status> {
        reply(self.0.record_deal(request).await)
    }
    async fn win_deal(
        &self,
        request: Request<proto::WinDealRequest>,
    ) -> Result<Response<proto::WinDealResponse>, Status> {
        reply(self.0.win_deal(request).await)
    }
    async fn list_deals(
        &self,
        request: Request<proto::ListDealsRequest>,
    ) -> Result<Response<proto::ListDealsResponse>, Status> {
        reply(self.0.deals(request.into_inner()).await)
    }

    type ImportRecordsStream = BoxStream<'static, Result<proto::ImportRecordsResponse, Status>>;

    async fn import_records(
        &self,
        request: Request<Streaming<proto::ImportRecordsRequest>>,
    ) -> Result<Response<Self::ImportRecordsStream>, Status> {
        Ok(Response::new(self.0.clone().import(request)))
    }
    async fn report_import(
        &self,
        request: Request<proto::ReportImportRequest>,
    ) -> Result<Response<proto::ReportImportResponse>, Status> {
        reply(self.0.report_import(request).await)
    }
}
