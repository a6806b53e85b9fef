//! Carries out what follows from events of the accounts service, each once (RX-8).

use std::sync::Arc;

use async_trait::async_trait;
use keizoku_core::{AccountId, Day, OnboardingId};
use keizoku_log::EventLog;
use keizoku_proto::StoredEvent as _;
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::onboarding::event::Kind as OwnEvent;
use keizoku_proto::onboarding::{Assignment, OnboardingStarted};
use keizoku_runtime::effect::{Effect, NotYet};
use keizoku_runtime::intake::Fact;
use keizoku_runtime::reaction::{self, Reactions};
use keizoku_runtime::token::Followed;
use keizoku_runtime::{Failure, Lifecycle, Token};

use crate::domain::handing_over::Requested;
use crate::domain::onboarding::Command;
use crate::reactions::{Intent, Known, Request, react};
use crate::{Onboardings, SOURCE, domain, queries};

/// The service's reactions, and what they need.
pub(crate) struct Reactor {
    pub(crate) onboardings: Arc<Onboardings>,
    pub(crate) reactions: Reactions<OwnEvent>,
    pub(crate) log: Arc<dyn EventLog>,
    /// How far the own model has read the own log.
    pub(crate) own: Followed,
    pub(crate) lifecycle: Lifecycle,
}

#[async_trait]
impl Effect for Reactor {
    fn name(&self) -> &'static str {
        "onboarding"
    }

    async fn is_history(&self, fact: &Fact) -> Result<bool, Failure> {
        self.reactions.is_history(fact).await
    }

    async fn deal(&self, fact: &Fact) -> Result<(), NotYet> {
        let event = Kind::from_bytes(&fact.data)?;
        let known = self.known(fact, &event).await?;
        for intent in react(&event, &known) {
            match self.carry_out(fact, intent).await {
                // It is done, say: that is an answer, too.
                Err(failure) if failure.is_refusal() => {
                    let (reason, position) = (failure.message(), fact.position.0);
                    tracing::debug!(reason, position, "nothing follows from an event");
                }
                done => done?,
            }
        }
        self.lifecycle.reached("reaction.done.after");
        Ok(())
    }

    async fn dealt(&self, last: &Fact) -> Result<(), Failure> {
        self.reactions.dealt(last).await
    }
}

impl Reactor {
    /// What the service knows that matters for an event: as of the event at least, and as of
    /// everything that the own log has.
    async fn known(&self, fact: &Fact, event: &Kind) -> Result<Known, Failure> {
        let token = Token::of(fact.log_id, fact.position).encode();
        let this = &self.onboardings;
        this.change_freshness.wait(&[token]).await?;
        let head = self.log.head().borrow().position;
        self.own.reach(head).await;
        let mut known = Known {
            recorded_on: Some(Day::of(fact.recorded_at, &this.calendar.zone())),
            ..Known::default()
        };
        match event {
            Kind::DealWon(won) => {
                let now = this.book.now();
                known.account = this.book.survivor_of(&won.account_id, now).parse().ok();
                let accounts = this.aliases(&won.account_id);
                let (product, deal) = (won.product.clone(), won.deal_id.clone());
                let before = fact.position;
                let read = move |rows: &_| {
                    let was_won = queries::was_won(rows, &accounts, &product, before)?;
                    Ok((was_won, queries::salesperson(rows, &deal)?))
                };
                (known.was_won_before, known.salesperson_id) = this.model.read(read).await?;
            }
            Kind::AccountChurned(churned) => {
                let accounts = this.aliases(&churned.account_id);
                let running = move |rows: &_| queries::not_done(rows, &accounts);
                known.running = this.model.read(running).await?;
            }
            _ => {}
        }
        Ok(known)
    }

    async fn carry_out(&self, fact: &Fact, intent: Intent) -> Result<(), Failure> {
        let (reaction, about, command) = match intent {
            Intent::RequestHandOff(request) => {
                let id = self.onboarding_of(&request).await?;
                let requested = self.requested(id, request).await?;
                ("first_won_deal", id, Command::RequestHandOff(requested))
            }
            Intent::End {
                onboarding,
                churn_date,
            } => ("account_churned", onboarding, Command::End(churn_date)),
        };
        let stream = domain::onboarding_stream(about);
        let Some(call) = reaction::call(SOURCE, reaction, fact, &stream, reaction) else {
            return Ok(());
        };
        let onboardings = &self.onboardings.onboardings;
        onboardings.execute(stream, command, call).await.map(drop)
    }

    /// The onboarding of the account and product, perhaps begun under the name of an account that was
    /// merged into this one.
    async fn onboarding_of(&self, request: &Request) -> Result<OnboardingId, Failure> {
        let this = &self.onboardings;
        for alias in this.aliases(&request.account.to_string()) {
            let Ok(alias) = alias.parse::<AccountId>() else {
                continue;
            };
            let id = domain::onboarding_id(alias, &request.product);
            let stream = domain::onboarding_stream(id);
            if this.onboardings.recall(&stream).await?.state.exists() {
                return Ok(id);
            }
        }
        Ok(domain::onboarding_id(request.account, &request.product))
    }

    async fn requested(&self, id: OnboardingId, request: Request) -> Result<Requested, Failure> {
        let this = &self.onboardings;
        let account = request.account;
        let (owner_user_id, owner_team_id) = this.book.owner_of(account);
        let started = OnboardingStarted {
            onboarding_id: id.to_string(),
            account_id: account.to_string(),
            plan: Some(this.plan_for(account, &request.product).await?),
            product: request.product,
            assignment: Some(Assignment {
                owner_user_id,
                owner_team_id,
                specialist_id: String::new(),
            }),
            start_date: Some(request.start.into()),
            deal_id: request.deal_id,
            won_date: Some(request.won.into()),
            tier: this.tier_of(account, this.book.now()),
            history_date: None,
        };
        Ok(Requested {
            started,
            salesperson_id: request.salesperson_id,
        })
    }
}

impl Onboardings {
    /// Ids of an account and of everything that was merged into the same one.
    fn aliases(&self, account: &str) -> Vec<String> {
        account.parse().map_or_else(
            |_| vec![account.to_owned()],
            |account| self.book.with_aliases(account),
        )
    }
}
