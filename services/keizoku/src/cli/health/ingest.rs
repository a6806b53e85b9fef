//! `keizoku health ingest`: signals from a CSV file, batch by batch.

use std::fmt::Write as _;
use std::path::PathBuf;

use futures::StreamExt as _;
use jiff::Timestamp;
use keizoku_core::Day;
use keizoku_proto::common::ImportOutcome;
use keizoku_proto::healthscore::{IngestSignalsRequest, Signal, SignalKind};
use serde::Deserialize;

use crate::cli::context::Context;
use crate::cli::output::print;
use crate::error::Failure;

/// Signals sent in one batch.
const BATCH: usize = 1_000;
/// Rejected rows that are told one by one.
const TOLD: usize = 20;

/// Arguments of `keizoku health ingest`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku health ingest signals.csv

The first line names the columns: account (resource name), kind (NPS, SIGN_INS, …), value, occur_time
(2026-11-22T00:00:00Z), source, key; optionally subject, text, target_date. The same file again changes
nothing.")]
pub struct Args {
    /// The file
    file: PathBuf,
}

/// A line of the file.
#[derive(Debug, Deserialize)]
struct Row {
    account: String,
    kind: String,
    value: i64,
    occur_time: Timestamp,
    source: String,
    key: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    target_date: String,
}

/// What became of the lines.
#[derive(Debug, Default)]
struct Report {
    created: usize,
    unchanged: usize,
    rejected: Vec<(u64, String)>,
}

impl Args {
    /// Sends the file; the status of the process tells whether every line went in.
    pub(super) async fn run(self, context: &Context) -> Result<u8, Failure> {
        let mut report = Report::default();
        let (lines, signals) = self.read(&mut report)?;
        let tokens = context.tokens();
        let batches: Vec<_> = signals
            .chunks(BATCH)
            .map(|batch| IngestSignalsRequest {
                signals: batch.to_vec(),
                consistency_tokens: tokens.clone(),
            })
            .collect();
        let mut api = context.connection.health_scores();
        let answers = api.ingest_signals(futures::stream::iter(batches)).await?;
        let mut answers = answers.into_inner();
        let mut lines = lines.into_iter();
        while let Some(answer) = answers.next().await {
            for (result, line) in answer?.results.into_iter().zip(lines.by_ref()) {
                match result.outcome() {
                    ImportOutcome::Created | ImportOutcome::Updated => report.created += 1,
                    ImportOutcome::Unchanged => report.unchanged += 1,
                    ImportOutcome::Rejected | ImportOutcome::Unspecified => {
                        let told = format!("{}: {}", result.reason, result.message);
                        report.rejected.push((line, told));
                    }
                }
            }
        }
        print(&report.text())?;
        Ok(u8::from(!report.rejected.is_empty()))
    }

    /// The lines that can be read, with their numbers; the others are rejected here.
    fn read(&self, report: &mut Report) -> Result<(Vec<u64>, Vec<Signal>), Failure> {
        let unreadable = |error: csv::Error| {
            Failure::Usage(format!("{} cannot be read: {error}", self.file.display()))
        };
        // Half a row is that row's fault.
        let mut format = csv::ReaderBuilder::new();
        let mut file = format
            .flexible(true)
            .from_path(&self.file)
            .map_err(unreadable)?;
        let (mut lines, mut signals) = (Vec::new(), Vec::new());
        let headers = file.headers().map_err(unreadable)?.clone();
        for record in file.records() {
            let record = record.map_err(unreadable)?;
            let line = record.position().map_or(0, csv::Position::line);
            let row = record
                .deserialize(Some(&headers))
                .map_err(|error| error.to_string());
            match row.and_then(signal) {
                Ok(signal) => {
                    lines.push(line);
                    signals.push(signal);
                }
                Err(why) => report.rejected.push((line, why)),
            }
        }
        Ok((lines, signals))
    }
}

fn signal(row: Row) -> Result<Signal, String> {
    let kind = SignalKind::from_str_name(&format!("SIGNAL_KIND_{}", row.kind));
    let kind = kind.ok_or_else(|| format!("`{}` is no kind of signal", row.kind))?;
    let target: Option<Day> = match row.target_date.as_str() {
        "" => None,
        date => Some(date.parse().map_err(|_| format!("`{date}` is no date"))?),
    };
    Ok(Signal {
        account: row.account,
        kind: kind.into(),
        subject: row.subject,
        value: row.value,
        occur_time: Some(keizoku_proto::timestamp(row.occur_time)),
        source: row.source,
        key: row.key,
        text: row.text,
        target_date: target.map(Into::into),
    })
}

impl Report {
    fn text(&self) -> String {
        let rejected = self.rejected.len();
        let mut text = format!(
            "{} recorded, {} unchanged, {rejected} rejected\n",
            self.created, self.unchanged
        );
        for (line, why) in self.rejected.iter().take(TOLD) {
            let _ = writeln!(text, "  line {line}: {why}");
        }
        if rejected > TOLD {
            let _ = writeln!(text, "  and {} more", rejected - TOLD);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hlt_1_lines_that_cannot_be_read_are_told_with_their_numbers_and_the_others_are_sent() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("signals.csv");
        let lines = [
            "account,kind,value,occur_time,source,key,subject,target_date",
            "accounts/a,NPS,40,2026-11-20T00:00:00Z,survey,1,,",
            "accounts/a,MOOD,1,2026-11-20T00:00:00Z,survey,2,,",
            "accounts/a,NPS,many,2026-11-20T00:00:00Z,survey,3,,",
            "accounts/a,NPS,1,yesterday,survey,4,,",
            "accounts/a,ONBOARDING_STATE,50,2026-11-20T00:00:00Z,survey,5,Core,2026-02-30",
            "accounts/a,ONBOARDING_STATE,50,2026-11-20T00:00:00Z,survey,6,Core,2026-12-31",
            "accounts/a,NPS",
        ];
        std::fs::write(&file, lines.join("\n")).unwrap();
        let mut report = Report::default();
        let (lines, signals) = Args { file }.read(&mut report).unwrap();
        assert_eq!(lines, [2, 7]);
        assert_eq!(signals[1].target_date.map(|date| date.month), Some(12));
        let rejected: Vec<u64> = report.rejected.iter().map(|(line, _)| *line).collect();
        assert_eq!(rejected, [3, 4, 5, 6, 8]);
        assert!(
            report
                .text()
                .contains("line 3: `MOOD` is no kind of signal"),
            "{}",
            report.text()
        );
    }
}
