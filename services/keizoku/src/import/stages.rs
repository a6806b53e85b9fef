//! The files of an export on their way to the server, one after the other.

use std::collections::{BTreeMap, HashMap, VecDeque};

use keizoku_core::{Entropy as _, SystemEntropy};
use keizoku_proto::accounts::{RejectedRows, ReportImportRequest};
use tonic::Code;

use super::progress::Progress;
use super::report::{FileReport, Problem};
use super::rows::{Known, KnownById, Sifted};
use super::send::{self, Outcome, Upsert};
use crate::client::{Connection, call, settle};
use crate::error::Failure;

/// The files that went in so far.
pub(super) struct Stages<'a> {
    pub(super) connection: Option<&'a Connection>,
    pub(super) progress: Progress,
    /// Tokens of what went in last; answers come in any order, so that one is not enough.
    pub(super) recent: VecDeque<String>,
    pub(super) done: Vec<FileReport>,
}

/// What is imported is an export of this system's.
const SYSTEM: &str = "salesforce";

/// How many rows of each file were rejected, by reason.
fn rejected(files: &[FileReport]) -> Vec<RejectedRows> {
    let mut counts: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for file in files {
        for problem in &file.rejected {
            *counts.entry((&file.name, &problem.reason)).or_default() += 1;
        }
    }
    let shown = counts.into_iter();
    shown
        .map(|((file, reason), rows)| RejectedRows {
            file: file.to_owned(),
            reason: reason.to_owned(),
            rows,
        })
        .collect()
}

/// More than a server has in flight.
const MOST_RECENT: usize = 512;

fn remember(recent: &mut VecDeque<String>, token: &str) {
    if token.is_empty() || recent.back().is_some_and(|last| last == token) {
        return;
    }
    if recent.len() == MOST_RECENT {
        recent.pop_front();
    }
    recent.push_back(token.to_owned());
}

impl Stages<'_> {
    /// Waits until the services have read what went in, as far as they can be reached.
    pub(super) async fn settle(&self) {
        let Some(connection) = self.connection else {
            return;
        };
        if !self.recent.is_empty() {
            settle(
                connection,
                self.recent.iter().cloned().collect::<Vec<_>>().as_slice(),
            )
            .await;
        }
    }

    /// Says what did not go in, so that data quality shows it (FC-10).
    pub(super) async fn report(&mut self) -> Result<(), Failure> {
        let Some(connection) = self.connection else {
            return Ok(());
        };
        let request = ReportImportRequest {
            system: SYSTEM.to_owned(),
            rejected: rejected(&self.done),
            request_id: SystemEntropy.uuid().to_string(),
        };
        let sent = call(async || connection.accounts().report_import(request.clone()).await).await;
        match sent {
            Ok(answer) => remember(&mut self.recent, &answer.consistency_token),
            // An older server keeps no record of imports.
            Err(Failure::Refused { status, .. }) if status.code() == Code::Unimplemented => {}
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    /// Sends a file's good rows and completes its report; the answer is what went in, by id.
    pub(super) async fn send<R: Upsert>(
        &mut self,
        sifted: Sifted<R>,
    ) -> Result<KnownById, Failure> {
        let Sifted { ready, mut report } = sifted;
        let mut known = KnownById::with_capacity(ready.len());
        let Some(connection) = self.connection else {
            report.imported = ready.len() as u64;
            report.finish();
            self.done.push(report);
            return Ok(ready
                .into_iter()
                .map(|row| (row.id, Known::default()))
                .collect());
        };
        let mut meter = self.progress.start(&report.name, ready.len() as u64);
        let mut ids = HashMap::with_capacity(ready.len());
        let mut records = Vec::with_capacity(ready.len());
        for row in ready {
            ids.insert(row.line, row.id);
            records.push(row.record);
        }
        let name = report.name.clone();
        let sent = send::send(connection, records, |answer| {
            meter.tick();
            let counter = match answer.outcome {
                Outcome::Created => &mut report.created,
                Outcome::Updated => &mut report.updated,
                Outcome::Unchanged => &mut report.unchanged,
                Outcome::Rejected { reason, message } => {
                    let column = String::new();
                    report.rejected.push(Problem {
                        line: answer.row,
                        column,
                        reason,
                        message,
                    });
                    return;
                }
            };
            *counter += 1;
            report.imported += 1;
            if let Some(id) = ids.remove(&answer.row) {
                remember(&mut self.recent, &answer.token);
                known.insert(
                    id,
                    Known {
                        name: answer.name,
                        token: answer.token,
                    },
                );
            }
        });
        sent.await
            .map_err(|failure| failure.while_importing(&name))?;
        meter.finish();
        report.finish();
        self.done.push(report);
        Ok(known)
    }
}
