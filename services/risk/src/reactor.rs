//! Carries out what follows from events of other services, each once (RX-8).

use std::sync::Arc;

use async_trait::async_trait;
use keizoku_core::{AccountId, RiskId, StreamId};
use keizoku_proto::StoredEvent as _;
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::risk::event::Kind as OwnEvent;
use keizoku_proto::{healthscore, onboarding};
use keizoku_runtime::effect::{Effect, NotYet};
use keizoku_runtime::intake::Fact;
use keizoku_runtime::reaction::{self, Reactions};
use keizoku_runtime::read_model::rusqlite::{self, OptionalExtension as _, params};
use keizoku_runtime::token::Followed;
use keizoku_runtime::{Call, Failure, Token};

use crate::domain::{self, catalogue, risk, suggestion};
use crate::reactions::{Intent, Known, react};
use crate::{Risks, SOURCE, projection, red, stuck};

/// Key of the type for somebody who left, where the catalogue still has it.
const LEAVER_TYPE: &str = "champion_left";

/// Key of the type for a customer who does badly, likewise.
const RED_TYPE: &str = "low_usage";

/// Key of the type for an onboarding that does not come to its end, likewise.
const STUCK_TYPE: &str = "onboarding_unfinished";

/// The service's reactions, and what they need.
pub(crate) struct Reactor {
    pub(crate) risks: Arc<Risks>,
    pub(crate) reactions: Reactions<OwnEvent>,
    /// How far the own model has read the own log.
    pub(crate) own: Followed,
}

#[async_trait]
impl Effect for Reactor {
    fn name(&self) -> &'static str {
        "risk"
    }

    async fn is_history(&self, fact: &Fact) -> Result<bool, Failure> {
        self.reactions.is_history(fact).await
    }

    async fn deal(&self, fact: &Fact) -> Result<(), NotYet> {
        for intent in self.intents(fact).await? {
            match self.carry_out(fact, intent).await {
                // The cause is quiet, say: that is an answer, too.
                Err(failure) if failure.is_refusal() => {
                    let (reason, position) = (failure.message(), fact.position.0);
                    tracing::debug!(reason, position, "nothing follows from an event");
                }
                done => done?,
            }
        }
        self.risks.lifecycle.reached("reaction.done.after");
        Ok(())
    }

    async fn dealt(&self, last: &Fact) -> Result<(), Failure> {
        self.reactions.dealt(last).await
    }
}

impl Reactor {
    /// What follows from a fact.
    async fn intents(&self, fact: &Fact) -> Result<Vec<Intent>, NotYet> {
        if fact.source == projection::HEALTHSCORE {
            let event = healthscore::event::Kind::from_bytes(&fact.data)?;
            let known = red::Known {
                locale: self.locale(),
                red_type: self.active_type(RED_TYPE).await?,
            };
            return Ok(red::react(&event, &known));
        }
        if fact.source == projection::ONBOARDING {
            let event = onboarding::event::Kind::from_bytes(&fact.data)?;
            let known = stuck::Known {
                locale: self.locale(),
                stuck_type: self.active_type(STUCK_TYPE).await?,
            };
            return Ok(stuck::react(&event, &known));
        }
        let event = Kind::from_bytes(&fact.data)?;
        let known = self.known(fact, &event).await?;
        Ok(react(&event, &known))
    }

    /// The organisation's language.
    fn locale(&self) -> String {
        let book = self.risks.book.read();
        book.settings_at(None).locale.clone()
    }

    /// A type of the catalogue; the one that ends it where that is not in use.
    async fn active_type(&self, key: &'static str) -> Result<String, Failure> {
        match self.risks.require_type(key).await {
            Ok(()) => Ok(key.to_owned()),
            Err(failure) if failure.is_refusal() => Ok(catalogue::OTHER.to_owned()),
            Err(failure) => Err(failure),
        }
    }

    /// What the service knows that matters for an event: as of the event at least, and as of
    /// everything that the own log has.
    async fn known(&self, fact: &Fact, event: &Kind) -> Result<Known, Failure> {
        let token = Token::of(fact.log_id, fact.position).encode();
        self.risks.book_freshness.wait(&[token]).await?;
        let head = self.risks.log.head().borrow().position;
        self.own.reach(head).await;
        let mut known = Known {
            locale: self.locale(),
            leaver_type: self.active_type(LEAVER_TYPE).await?,
            ..Known::default()
        };
        match event {
            Kind::ContactReturned(returned) => {
                known.account_of_contact = self.risks.account_of(&returned.contact_id).await?;
            }
            Kind::AccountChurned(churned) => {
                known.open_risks = self.risks.open_risks_of(&churned.account_id).await?;
            }
            _ => {}
        }
        Ok(known)
    }

    async fn carry_out(&self, fact: &Fact, intent: Intent) -> Result<(), Failure> {
        match intent {
            Intent::Suggest(suggested) => {
                let id = suggested.suggestion_id.parse().unwrap_or_default();
                let command = suggestion::Command::Suggest(suggested);
                self.settle(fact, id, "suggest", command).await
            }
            Intent::ClearCause { account, cause } => {
                let id = domain::suggestion_id(account, &cause);
                let command = suggestion::Command::Clear;
                self.settle(fact, id, "clear", command).await
            }
            Intent::RequestClosure { risk, churn_date } => {
                let stream = domain::risk_stream(risk);
                let Some(call) = call("account_churned", fact, &stream, "request_closure") else {
                    return Ok(());
                };
                let command = risk::Command::RequestClosure(churn_date);
                let done = self.risks.risks.execute(stream, command, call).await;
                done.map(drop)
            }
        }
    }

    async fn settle(
        &self,
        fact: &Fact,
        id: uuid::Uuid,
        intent: &str,
        command: suggestion::Command,
    ) -> Result<(), Failure> {
        let stream = domain::suggestion_stream(id);
        let reaction = if fact.source == projection::ONBOARDING {
            "onboarding_stuck"
        } else {
            "contact_left"
        };
        let Some(call) = call(reaction, fact, &stream, intent) else {
            return Ok(());
        };
        let suggestions = &self.risks.suggestions;
        suggestions.execute(stream, command, call).await.map(drop)
    }
}

fn call(reaction: &str, fact: &Fact, target: &StreamId, intent: &str) -> Option<Call> {
    reaction::call(SOURCE, reaction, fact, target, intent)
}

impl Risks {
    /// The account of a decision-maker or administrator who left.
    async fn account_of(&self, contact: &str) -> Result<Option<AccountId>, Failure> {
        let contact = contact.to_owned();
        let account: Option<String> = self
            .model
            .read(move |rows| {
                rows.prepare_cached("SELECT account_id FROM departed_contacts WHERE id = ?1")?
                    .query_row([contact], |row| row.get(0))
                    .optional()
            })
            .await?;
        Ok(account.and_then(|account| account.parse().ok()))
    }

    /// Open risks of an account and of what was merged into it, oldest first.
    async fn open_risks_of(&self, account: &str) -> Result<Vec<RiskId>, Failure> {
        let Ok(account) = account.parse::<AccountId>() else {
            return Ok(Vec::new());
        };
        let accounts = self.book.with_aliases(account);
        let ids = self
            .model
            .read(move |rows| {
                let mut ids = Vec::new();
                let mut select = rows.prepare_cached(
                    "SELECT id FROM risks WHERE account_id = ?1 AND completion = 0
                     ORDER BY number",
                )?;
                for account in accounts {
                    let found = select.query_map(params![account], |row| row.get(0))?;
                    ids.extend(found.collect::<rusqlite::Result<Vec<String>>>()?);
                }
                Ok(ids)
            })
            .await?;
        Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
    }
}
