//! Good rows to the server: one stream per file with many rows in flight.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use futures::stream;
use keizoku_proto::accounts::{ImportRecordsRequest, ImportRecordsResponse};
use keizoku_proto::common::ImportOutcome;
use keizoku_proto::risk::{ImportRisksRequest, ImportRisksResponse};
use tonic::{Status, Streaming};

use crate::client::{Connection, Retries};
use crate::error::Failure;

/// What the server made of a row.
pub(crate) struct Answer {
    pub(crate) row: u64,
    pub(crate) outcome: Outcome,
    /// Resource name.
    pub(crate) name: String,
    pub(crate) token: String,
}

pub(crate) enum Outcome {
    Created,
    Updated,
    Unchanged,
    Rejected { reason: String, message: String },
}

/// A kind of row, and the RPC that takes it.
pub(crate) trait Upsert: Clone + Send + Sized + 'static {
    type Answer: Into<Answer>;

    fn row(&self) -> u64;

    async fn open(
        connection: &Connection,
        rows: Vec<Self>,
    ) -> Result<Streaming<Self::Answer>, Status>;
}

impl Upsert for ImportRecordsRequest {
    type Answer = ImportRecordsResponse;

    fn row(&self) -> u64 {
        self.row
    }

    async fn open(
        connection: &Connection,
        rows: Vec<Self>,
    ) -> Result<Streaming<Self::Answer>, Status> {
        Ok(connection
            .accounts()
            .import_records(stream::iter(rows))
            .await?
            .into_inner())
    }
}

impl Upsert for ImportRisksRequest {
    type Answer = ImportRisksResponse;

    fn row(&self) -> u64 {
        self.row
    }

    async fn open(
        connection: &Connection,
        rows: Vec<Self>,
    ) -> Result<Streaming<Self::Answer>, Status> {
        Ok(connection
            .risks()
            .import_risks(stream::iter(rows))
            .await?
            .into_inner())
    }
}

impl From<ImportRecordsResponse> for Answer {
    fn from(answer: ImportRecordsResponse) -> Self {
        Self {
            row: answer.row,
            outcome: Outcome::of(answer.outcome(), answer.reason, answer.message),
            name: answer.name,
            token: answer.consistency_token,
        }
    }
}

impl From<ImportRisksResponse> for Answer {
    fn from(answer: ImportRisksResponse) -> Self {
        Self {
            row: answer.row,
            outcome: Outcome::of(answer.outcome(), answer.reason, answer.message),
            name: answer.name,
            token: answer.consistency_token,
        }
    }
}

impl Outcome {
    fn of(outcome: ImportOutcome, reason: String, message: String) -> Self {
        match outcome {
            ImportOutcome::Created => Self::Created,
            ImportOutcome::Updated => Self::Updated,
            ImportOutcome::Unchanged => Self::Unchanged,
            ImportOutcome::Rejected | ImportOutcome::Unspecified => {
                Self::Rejected { reason, message }
            }
        }
    }
}

/// Sends the rows and hands every answer to `each`, once per row and in any order.
///
/// A stream that breaks is opened again for the rows that were not answered: an import is
/// idempotent by difference, so a row that went in without an answer is UNCHANGED the second time.
pub(crate) async fn send<R: Upsert>(
    connection: &Connection,
    rows: Vec<R>,
    mut each: impl FnMut(Answer),
) -> Result<(), Failure> {
    let mut waiting: BTreeMap<u64, R> = rows.into_iter().map(|row| (row.row(), row)).collect();
    let mut retries = Retries::default();
    while !waiting.is_empty() {
        let before = waiting.len();
        let broke = send_once(connection, &mut waiting, &mut each).await;
        if waiting.len() < before {
            retries = Retries::default();
        }
        if let Err(status) = broke {
            retries.wait_or_give_up(status).await?;
        }
    }
    Ok(())
}

async fn send_once<R: Upsert>(
    connection: &Connection,
    waiting: &mut BTreeMap<u64, R>,
    each: &mut impl FnMut(Answer),
) -> Result<(), Status> {
    let mut answers = R::open(connection, waiting.values().cloned().collect()).await?;
    while let Some(answer) = answers.next().await {
        let answer: Answer = answer?.into();
        if waiting.remove(&answer.row).is_some() {
            each(answer);
        }
    }
    if waiting.is_empty() {
        Ok(())
    } else {
        Err(Status::unavailable(
            "the server ended the stream before it had answered every row",
        ))
    }
}
