//! Subscriptions and their facts.

use keizoku_core::{AccountId, SubscriptionId, derive_id};
use keizoku_proto::accounts as proto;
use keizoku_runtime::parse::LONG_TEXT;
use keizoku_runtime::{Call, Failure, Violations, names};
use tonic::Request;

use crate::domain::subscription::Command;
use crate::{Accounts, api, domain, resources};

impl Accounts {
    pub(super) async fn start_subscription(
        &self,
        request: Request<proto::StartSubscriptionRequest>,
    ) -> Result<proto::StartSubscriptionResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let mut started = api::subscription(&mut violations, body);
        let request_id = violations.finish(request_id)?;
        self.require_currency(body.mrr.as_ref())?;
        let call = Call::of("StartSubscription", &request, request_id, "")?;
        let id: SubscriptionId = started
            .subscription_id
            .parse()
            .unwrap_or_else(|_| derive_id("subscription", &[request_id.as_bytes()]).into());
        started.subscription_id = id.to_string();
        let account: AccountId = started
            .account_id
            .parse()
            .map_err(|_| Failure::not_found(&body.parent))?;
        if !self
            .accounts
            .recall(&domain::account_stream(account))
            .await?
            .state
            .exists()
        {
            return Err(Failure::not_found(&body.parent));
        }
        let (subscription, consistency_token) = self
            .change_subscription(id, Command::Start(started), call)
            .await?;
        Ok(proto::StartSubscriptionResponse {
            subscription,
            consistency_token,
        })
    }

    pub(super) async fn record_fact(
        &self,
        request: Request<proto::RecordContractFactRequest>,
    ) -> Result<proto::RecordContractFactResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let name = violations.parse("name", names::parse_subscription(&body.name));
        let happening = api::happening(&mut violations, body);
        let effective = violations.day("effective_date", body.effective_date.as_ref());
        let (request_id, ((account, id), happening)) =
            violations.finish(request_id.zip(name.zip(happening)))?;
        self.require_currency(body.mrr.as_ref())?;
        let call = Call::of("RecordContractFact", &request, request_id, &body.etag)?;
        self.require_subscription(account, id, &body.name).await?;
        let command = Command::Record(happening, effective);
        let (subscription, consistency_token) = self.change_subscription(id, command, call).await?;
        Ok(proto::RecordContractFactResponse {
            subscription,
            consistency_token,
        })
    }

    pub(super) async fn void_fact(
        &self,
        request: Request<proto::VoidContractFactRequest>,
    ) -> Result<proto::VoidContractFactResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let name = violations.parse("name", names::parse_fact(&body.name));
        let reason = violations.required_text("reason", &body.reason, LONG_TEXT);
        let (request_id, (account, id, fact)) = violations.finish(request_id.zip(name))?;
        let call = Call::of("VoidContractFact", &request, request_id, &body.etag)?;
        self.require_subscription(account, id, &body.name).await?;
        let (subscription, consistency_token) = self
            .change_subscription(id, Command::Void { fact, reason }, call)
            .await?;
        Ok(proto::VoidContractFactResponse {
            subscription,
            consistency_token,
        })
    }

    /// Makes sure that the subscription exists and belongs to the account that its name says.
    async fn require_subscription(
        &self,
        account: Option<AccountId>,
        id: SubscriptionId,
        name: &str,
    ) -> Result<(), Failure> {
        let fold = self
            .subscriptions
            .recall(&domain::subscription_stream(id))
            .await?;
        let owner = fold.state.account_id.parse::<AccountId>().ok();
        let Some(owner) = owner else {
            return Err(Failure::not_found(name));
        };
        match account {
            // A merged account's subscriptions go by the name of the account that stays, too.
            Some(account) if account != owner && account != self.survivor(owner).await? => {
                Err(Failure::not_found(name))
            }
            _ => Ok(()),
        }
    }

    async fn change_subscription(
        &self,
        id: SubscriptionId,
        command: Command,
        call: Call,
    ) -> Result<(Option<proto::Subscription>, String), Failure> {
        let outcome = self
            .subscriptions
            .execute(domain::subscription_stream(id), command, call)
            .await?;
        self.settle(&outcome.token).await?;
        let owner: AccountId = outcome
            .fold
            .state
            .account_id
            .parse()
            .map_err(|_| Failure::not_found("subscription"))?;
        let book = self.book.read();
        let views = book
            .account(owner)
            .map(|ix| book.subscriptions(ix, self.book.now()))
            .unwrap_or_default();
        let view = views.iter().find(|view| view.id == id);
        let subscription = resources::subscription(&book, owner, view, id, &outcome.fold);
        Ok((Some(subscription), outcome.token.encode()))
    }
}
