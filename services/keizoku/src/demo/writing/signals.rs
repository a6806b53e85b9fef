//! Signals in batches, the newest month first: a score that is computed in between is that of now.

use std::time::Instant;

use futures::StreamExt as _;
use keizoku_proto::common::ImportOutcome;
use keizoku_proto::healthscore::{IngestSignalsRequest, IngestSignalsResponse, Signal};

use super::super::Customer;
use super::super::signals::{self, Subject};
use super::{Writer, remember};
use crate::client::Retries;
use crate::error::Failure;

/// Signals in a batch at most; one customer's month is never in two.
const BATCH: usize = 8_000;
/// Whether the server took all batches, or why the stream broke off.
type Sent = Result<(), tonic::Status>;

impl Writer<'_> {
    /// Records the signals of all customers.
    pub(super) async fn signals(&mut self, tokens: &[String]) -> Result<(), Failure> {
        let began = Instant::now();
        let mut retries = Retries::default();
        let months: Vec<_> = signals::months(self.told.window).collect();
        let mut meter = self
            .options
            .progress
            .start("months of signals", months.len() as u64);
        let mut written = 0;
        for month in months {
            let mut batches = vec![Vec::new()];
            for customer in &self.told.customers {
                let told = signals::in_month(self.subject(customer), month, self.told.window);
                if batches
                    .last()
                    .is_some_and(|batch| batch.len() + told.len() > BATCH)
                {
                    batches.push(Vec::new());
                }
                if let Some(batch) = batches.last_mut() {
                    written += told.len() as u64;
                    batch.extend(told.into_iter().map(|signal| self.signal(customer, signal)));
                }
            }
            let batches: Vec<_> = batches
                .into_iter()
                .filter(|batch| !batch.is_empty())
                .collect();
            while let Err(status) = self.send(&batches, tokens).await? {
                retries.wait_or_give_up(status).await?;
            }
            meter.tick();
        }
        meter.finish();
        self.wrote("signals", written, began);
        Ok(())
    }

    fn subject<'c>(&self, customer: &'c Customer) -> Subject<'c> {
        Subject {
            seed: self.options.seed,
            number: customer.number,
            tier: customer.company.tier,
            course: &customer.course,
            onboarding: &customer.onboarding,
        }
    }

    fn signal(&self, customer: &Customer, signal: signals::Signal) -> Signal {
        Signal {
            account: self.account_name(customer),
            kind: signal.kind.into(),
            subject: signal.subject.to_owned(),
            value: signal.value,
            occur_time: Some(keizoku_proto::timestamp(signal.at)),
            source: signal.source.to_owned(),
            key: signal.key,
            text: signal.text.to_owned(),
            target_date: signal.target.map(Into::into),
        }
    }

    /// Sends batches; a refused row ends the run, because all of them are right.
    async fn send(&mut self, batches: &[Vec<Signal>], tokens: &[String]) -> Result<Sent, Failure> {
        let requests: Vec<_> = batches
            .iter()
            .map(|batch| IngestSignalsRequest {
                signals: batch.clone(),
                consistency_tokens: tokens.to_vec(),
            })
            .collect();
        let mut api = self.connection.health_scores();
        let mut answers = match api.ingest_signals(futures::stream::iter(requests)).await {
            Ok(answers) => answers.into_inner(),
            Err(status) => return Ok(Err(status)),
        };
        let mut answered = 0;
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(answer) => {
                    all_went_in(&answer)?;
                    answered += 1;
                    remember(&mut self.recent, answer.consistency_token);
                }
                Err(status) => return Ok(Err(status)),
            }
        }
        if answered < batches.len() {
            let broke_off = "the server ended the stream before it had answered every batch";
            return Ok(Err(tonic::Status::unavailable(broke_off)));
        }
        Ok(Ok(()))
    }
}

fn all_went_in(answer: &IngestSignalsResponse) -> Result<(), Failure> {
    let mut results = answer.results.iter();
    match results.find(|result| result.outcome() == ImportOutcome::Rejected) {
        Some(refused) => {
            let told = format!(
                "a signal was refused: {} ({})",
                refused.message, refused.reason
            );
            Err(Failure::Answer(told))
        }
        None => Ok(()),
    }
}
