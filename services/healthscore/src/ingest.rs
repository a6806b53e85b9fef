//! Signals in: batch by batch, row by row (HLT-1).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use keizoku_core::{AccountId, Actor, Origin};
use keizoku_proto::common::ImportOutcome;
use keizoku_proto::healthscore::{self as proto, RecordedSignal, SignalsRecorded};
use keizoku_runtime::call::actor_of;
use keizoku_runtime::{Call, Failure, Token, Violations, names};
use tonic::{Request, Status, Streaming};
use uuid::Uuid;

use crate::HealthScores;
use crate::api::{self, Customer, Rejection};
use crate::domain::chunk::Fate;
use crate::domain::{chunk_stream, month_of};

/// Signals in a batch at most.
const MOST_SIGNALS: usize = 10_000;
/// Streams written to at once: enough to fill the log's groups.
const IN_FLIGHT: usize = 256;

/// Signals of a batch that go to one stream, with their places in the batch.
type Chunks = BTreeMap<(AccountId, i32), (Vec<usize>, Vec<RecordedSignal>)>;

impl HealthScores {
    /// Works on a stream of batches, one after the other: within an account, the order of arrival
    /// decides between signals that occurred at the same time.
    pub(crate) fn ingest(
        self: Arc<Self>,
        request: Request<Streaming<proto::IngestSignalsRequest>>,
    ) -> BoxStream<'static, Result<proto::IngestSignalsResponse, Status>> {
        let (actor, run) = (actor_of(&request), self.entropy.uuid());
        let answers = request.into_inner().then(move |batch| {
            let (this, actor) = (Arc::clone(&self), actor.clone());
            let lifecycle = this.lifecycle.clone();
            // A batch that has begun is finished, also when the client goes away.
            lifecycle.in_place(Box::pin(async move {
                Ok(this.batch(batch?, &actor, run).await?)
            }))
        });
        answers.boxed()
    }

    async fn batch(
        &self,
        batch: proto::IngestSignalsRequest,
        actor: &Actor,
        run: Uuid,
    ) -> Result<proto::IngestSignalsResponse, Failure> {
        let mut violations = Violations::new();
        if batch.signals.len() > MOST_SIGNALS {
            let count = batch.signals.len();
            violations.add(
                "signals",
                format!("are {count}; send at most {MOST_SIGNALS} in a batch"),
            );
        }
        violations.check()?;
        self.book_freshness.wait(&batch.consistency_tokens).await?;
        let mut results = vec![proto::SignalResult::default(); batch.signals.len()];
        let chunks = self.sort(&batch.signals, &mut results);
        let mut recorded = stream::iter(chunks)
            .map(|((account, month), (places, signals))| async move {
                let account_id = account.to_string();
                let offered = Arc::new(SignalsRecorded {
                    account_id,
                    month,
                    signals,
                });
                (places, self.record(account, offered, actor, run).await)
            })
            .buffer_unordered(IN_FLIGHT);
        let mut token = Token::default();
        while let Some((places, done)) = recorded.next().await {
            let (fates, included) = done?;
            token.merge(&included);
            for (place, fate) in places.into_iter().zip(fates) {
                results[place] = result(fate);
            }
        }
        let consistency_token = token.encode();
        Ok(proto::IngestSignalsResponse {
            results,
            consistency_token,
        })
    }

    /// Refuses bad rows, and sorts the others by the streams that they go to.
    fn sort(&self, signals: &[proto::Signal], results: &mut [proto::SignalResult]) -> Chunks {
        let (now, zone) = (self.calendar.now(), self.calendar.zone());
        let mut customers: HashMap<&str, Result<Customer, Rejection>> = HashMap::new();
        let mut chunks = Chunks::new();
        for (place, signal) in signals.iter().enumerate() {
            let customer = customers.entry(&signal.account);
            let customer = customer
                .or_insert_with(|| self.customer(&signal.account))
                .clone();
            let admitted = customer.and_then(|customer| {
                let (recorded, occurred_at) = api::recorded(signal)?;
                api::check_time(occurred_at, customer, now, &zone)?;
                Ok(((customer.id, month_of(occurred_at)), recorded))
            });
            match admitted {
                Ok((chunk, recorded)) => {
                    let (places, signals) = chunks.entry(chunk).or_default();
                    places.push(place);
                    signals.push(recorded);
                }
                Err(rejection) => results[place] = rejected(rejection),
            }
        }
        chunks
    }

    /// Who an account is, as far as its contracts have been read.
    fn customer(&self, name: &str) -> Result<Customer, Rejection> {
        let unknown = || {
            Rejection::new(
                "account_unknown",
                format!("`{name}` is not known; create it first"),
            )
        };
        let id = names::parse_account(name).map_err(|_| unknown())?;
        let as_of = self.book.now();
        let book = self.book.read();
        let account = book
            .account(id)
            .filter(|account| book.is_opened(*account, None));
        let account = account.ok_or_else(unknown)?;
        let survivor = book.survivor(account, None);
        if survivor != account {
            let survivor = names::account(book.account_id(survivor));
            let message = format!("was merged into {survivor}; send its signals there");
            return Err(Rejection::new("account_merged", message));
        }
        let starts = book.subscriptions(account, as_of).into_iter();
        let contract_start = starts.filter_map(|subscription| subscription.start).min();
        Ok(Customer { id, contract_start })
    }

    async fn record(
        &self,
        account: AccountId,
        offered: Arc<SignalsRecorded>,
        actor: &Actor,
        run: Uuid,
    ) -> Result<(Vec<Fate>, Token), Failure> {
        let call = Call::import("IngestSignals", actor, run, &*offered);
        let call = Call {
            origin: Origin::User,
            ..call
        };
        let stream = chunk_stream(account, offered.month);
        let outcome = self
            .chunks
            .upsert(stream, Arc::clone(&offered), call)
            .await?;
        let mut fates: Vec<Fate> = Vec::with_capacity(offered.signals.len());
        let mut seen = std::collections::HashSet::new();
        for signal in &offered.signals {
            let fate = outcome.fold.state.fate(signal, outcome.before);
            let is_first = seen.insert((&signal.source, &signal.key));
            let is_copy = fate == Fate::Recorded && !is_first;
            fates.push(if is_copy { Fate::Repeated } else { fate });
        }
        Ok((fates, outcome.token))
    }
}

fn result(fate: Fate) -> proto::SignalResult {
    let outcome = match fate {
        Fate::Recorded => ImportOutcome::Created,
        Fate::Repeated => ImportOutcome::Unchanged,
        Fate::KeyReused => {
            let message =
                "the key was used for another signal of this account and month; use a fresh one";
            return rejected(Rejection::new("key_reused", message));
        }
    };
    proto::SignalResult {
        outcome: outcome.into(),
        ..proto::SignalResult::default()
    }
}

fn rejected(rejection: Rejection) -> proto::SignalResult {
    proto::SignalResult {
        outcome: ImportOutcome::Rejected.into(),
        reason: rejection.reason.to_owned(),
        message: rejection.message,
    }
}
