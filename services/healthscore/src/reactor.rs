//! Carries out what follows from events of the onboarding service, each once (RX-4, RX-8).

use std::sync::Arc;

use async_trait::async_trait;
use keizoku_core::{AccountId, Day};
use keizoku_proto::StoredEvent as _;
use keizoku_proto::healthscore::SignalsRecorded;
use keizoku_proto::healthscore::event::Kind as OwnEvent;
use keizoku_proto::onboarding::event::Kind;
use keizoku_runtime::Failure;
use keizoku_runtime::effect::{Effect, NotYet};
use keizoku_runtime::intake::Fact;
use keizoku_runtime::reaction::{self, Reactions};
use keizoku_runtime::read_model::rusqlite::{self, Connection, OptionalExtension as _};
use uuid::Uuid;

use crate::domain::{chunk_stream, month_of};
use crate::reactions::{Onboarding, react};
use crate::{HealthScores, SOURCE};

/// The service's reactions, and what they need.
pub(crate) struct Reactor {
    pub(crate) health: Arc<HealthScores>,
    pub(crate) reactions: Reactions<OwnEvent>,
}

#[async_trait]
impl Effect for Reactor {
    fn name(&self) -> &'static str {
        "healthscore"
    }

    async fn is_history(&self, fact: &Fact) -> Result<bool, Failure> {
        self.reactions.is_history(fact).await
    }

    async fn deal(&self, fact: &Fact) -> Result<(), NotYet> {
        let event = Kind::from_bytes(&fact.data)?;
        let id = fact.stream.rsplit_once('-').map_or("", |(_, id)| id);
        let Some(onboarding) = self
            .onboarding(Uuid::try_parse(id).unwrap_or_default())
            .await?
        else {
            return Ok(()); // it began before anybody listened
        };
        let at = fact.recorded_at;
        let working_days = self.health.calendar.working_days();
        let Some(signal) = react(&event, fact.event_id, at, &onboarding, working_days) else {
            return Ok(());
        };
        let account: Option<AccountId> = onboarding.account_id.parse().ok();
        let account = account.and_then(|account| self.health.survivor_now(account));
        let account = account.ok_or(NotYet::Unread)?;
        let stream = chunk_stream(account, month_of(at));
        let Some(call) = reaction::call(SOURCE, "onboarding", fact, &stream, "signal") else {
            return Ok(());
        };
        let offered = SignalsRecorded {
            account_id: account.to_string(),
            month: month_of(at),
            signals: vec![signal],
        };
        let chunks = &self.health.chunks;
        chunks.execute(stream, Arc::new(offered), call).await?;
        self.health.lifecycle.reached("reaction.done.after");
        Ok(())
    }

    async fn dealt(&self, last: &Fact) -> Result<(), Failure> {
        self.reactions.dealt(last).await
    }
}

impl Reactor {
    async fn onboarding(&self, id: Uuid) -> Result<Option<Onboarding>, Failure> {
        self.health
            .model
            .read(move |rows| onboarding(rows, id))
            .await
    }
}

fn onboarding(rows: &Connection, id: Uuid) -> rusqlite::Result<Option<Onboarding>> {
    rows.prepare_cached(
        "SELECT account_id, product, phases, start, expected_working_days FROM onboardings
         WHERE id = ?1",
    )?
    .query_row([id.as_bytes()], |row| {
        let phases: String = row.get(2)?;
        let start: Option<u16> = row.get(3)?;
        Ok(Onboarding {
            account_id: row.get(0)?,
            product: row.get(1)?,
            phases: phases.lines().map(str::to_owned).collect(),
            start: start.and_then(Day::from_number),
            expected_working_days: row.get(4)?,
        })
    })
    .optional()
}
