//! `keizoku log verify`: a log, or the logs of a backup, from end to end.

use std::fmt::Write as _;
use std::path::Path;

use indicatif::HumanCount;
use keizoku_core::{Position, Recorded};
use keizoku_log::sqlite::{self, OpenError, Progress};
use keizoku_proto::UnreadableEvent;
use keizoku_proto::common::EventMetadata;
use prost::Message as _;
use serde::Serialize;

use super::log_file::{LogFile, PAGE};
use super::meter::Meter;
use super::{DataDirectory, Refusal, Service, event, manifest};

const EXAMPLES: &str = "\
Examples:
  keizoku log verify                               all logs in ./data, also while a server runs
  keizoku log verify risk --data /var/lib/keizoku
  keizoku log verify --data /backup/2026-11-22     a backup, against its manifest too

Exit status: 0 nothing is wrong, 1 something is, 2 there is no log.
A log holds no checksums: a letter that changed within a text is found in a backup only, by its manifest.";

/// Findings that are told for each log; more are only counted.
const TOLD: usize = 100;
/// Unreadable events after which the rest is given up.
const PATIENCE: usize = 100;
/// Version of the event schema that this version writes.
const SCHEMA_VERSION: u32 = 1;

/// Arguments of `keizoku log verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Whose log [default: all]
    service: Option<Service>,
    #[command(flatten)]
    data: DataDirectory,
    /// Print the findings as JSON
    // The global option of this name, with words that fit here.
    #[arg(long)]
    json: bool,
}

/// What the check of one log found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Whose log it is.
    pub service: &'static str,
    /// Events that were read.
    pub events: u64,
    /// Streams that they belong to.
    pub streams: u64,
    /// Position of the last one.
    pub head: u64,
    /// How many things are wrong.
    pub finding_count: u64,
    /// The first hundred of them, for people.
    pub findings: Vec<String>,
    #[serde(skip)]
    is_damaged: bool,
}

impl Args {
    pub(super) fn run(&self) -> Result<u8, Refusal> {
        let mut meter = Meter::fitting();
        let directory = self.data.path.as_path();
        let mut reports = Vec::new();
        for service in self.data.logs(self.service)? {
            let report = check(service, directory, |progress| {
                meter.show(service.name(), progress);
            });
            reports.push(report);
        }
        drop(meter);
        let text = if self.json {
            let json = serde_json::to_string_pretty(&reports)
                .map_err(|error| Refusal::refused("the findings cannot be shown").because(error))?;
            json + "\n"
        } else {
            reports.iter().map(Report::told).collect()
        };
        super::print(&text)?;
        let is_sound = reports.iter().all(Report::is_sound);
        if !is_sound {
            eprintln!("{}", advice(&reports));
        }
        Ok(u8::from(!is_sound))
    }
}

/// Checks the log of a service in a data directory or backup.
pub fn check(service: Service, directory: &Path, mut progress: impl FnMut(Progress)) -> Report {
    let mut report = Report {
        service: service.name(),
        events: 0,
        streams: 0,
        head: 0,
        finding_count: 0,
        findings: Vec::new(),
        is_damaged: false,
    };
    if let Err(refusal) = manifest::check_one(directory, service, &mut progress) {
        report.damage(refusal.in_one_line());
    }
    let path = service.log(directory);
    match sqlite::verify(&path, &mut progress) {
        Ok(verified) => {
            report.events = verified.events;
            report.streams = verified.streams;
            report.head = verified.last.0;
            report.finding_count += verified.problem_count;
            report.is_damaged |= !verified.is_sound();
            report.findings.extend(verified.problems);
        }
        Err(error @ OpenError::NewerVersion { .. }) => report.newer(error.to_string()),
        // It stopped there; the events that can be read may say more.
        Err(error) => report.damage(Refusal::from(error).in_one_line()),
    }
    match LogFile::open(service, path) {
        Ok(log) => every_event(&log, &mut report, &mut progress),
        Err(refusal) if report.is_sound() => report.damage(refusal.in_one_line()),
        Err(_) => {}
    }
    report
}

fn every_event(log: &LogFile, report: &mut Report, progress: &mut impl FnMut(Progress)) {
    let end = match log.head() {
        Ok(head) => head.position,
        Err(refusal) => return report.damage(refusal.in_one_line()),
    };
    let (mut after, mut limit, mut unreadable) = (Position::START, PAGE, 0);
    while after < end {
        match log.page(after, limit) {
            Ok(events) => {
                let Some(last) = events.last() else { break };
                after = last.position;
                for event in &events {
                    examine(log.service, event, report);
                }
            }
            // One at a time, up to the one that cannot be read.
            Err(_) if limit > 1 => limit = 1,
            Err(refusal) => {
                after = Position(after.0 + 1);
                let why = refusal.in_one_line();
                report.damage(format!("position {after} cannot be read: {why}"));
                limit = PAGE;
                unreadable += 1;
                if unreadable == PATIENCE {
                    return report.damage(format!("gave up at position {after} of {end}"));
                }
            }
        }
        progress(Progress {
            what: "reading events",
            done: after.0.min(end.0),
            total: end.0,
        });
    }
}

/// Reports what is wrong with an event, if anything is.
fn examine(service: Service, event: &Recorded, report: &mut Report) {
    let metadata = EventMetadata::decode(event.metadata.as_slice());
    let is_newer = metadata
        .as_ref()
        .is_ok_and(|metadata| metadata.schema_version > SCHEMA_VERSION);
    let found = match service.reencoded(&event.data) {
        Err(UnreadableEvent::NewerVersion) if event::is_known_kind(service, &event.kind) => {
            Err("its bytes hold no event that is known".to_owned())
        }
        Err(UnreadableEvent::NewerVersion) => Ok("this version does not know such an event"),
        Err(UnreadableEvent::Damaged(error)) => Err(format!("its bytes are no event: {error}")),
        Ok((kind, _)) if kind != event.kind => Err(format!("its bytes are a {kind}")),
        Ok((_, bytes)) if bytes != event.data && is_newer => {
            Ok("it has fields that this version does not know")
        }
        Ok((_, bytes)) if bytes != event.data => {
            Err("its bytes are not those that its contents give".to_owned())
        }
        Ok(_) => match (metadata, event.subject()) {
            (Err(error), _) => Err(format!("who caused it cannot be read: {error}")),
            (Ok(metadata), _) if !is_newer && metadata.encode_to_vec() != event.metadata => {
                Err("who caused it is not written as any version writes it".to_owned())
            }
            (Ok(_), Err(_)) => Err("the stream's name has no id".to_owned()),
            (Ok(_), Ok(_)) => return,
        },
    };
    let (position, kind, stream) = (event.position, &event.kind, &event.stream);
    let place = format!("position {position}, {kind} in {stream}");
    let place = place.replace(char::is_control, "?");
    match found {
        Ok(newer) => report.newer(format!("{place}: written by a newer version: {newer}")),
        Err(damage) => report.damage(format!("{place}: {damage}")),
    }
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.finding_count == 0
    }

    fn damage(&mut self, finding: String) {
        self.is_damaged = true;
        self.newer(finding);
    }

    /// Something that is wrong for this version only.
    fn newer(&mut self, finding: String) {
        self.finding_count += 1;
        if self.findings.len() < TOLD {
            self.findings.push(finding);
        }
    }

    fn told(&self) -> String {
        let (service, head) = (self.service, self.head);
        let events = counted(self.events, "event");
        let streams = counted(self.streams, "stream");
        let size = format!("{events} in {streams}, up to position {head}");
        if self.is_sound() {
            return format!("{service}: nothing is wrong; {size}\n");
        }
        let findings = counted(self.finding_count, "finding");
        let mut text = format!("{service}: {findings}; {size}\n");
        for finding in &self.findings {
            let _ = writeln!(text, "  {finding}");
        }
        let untold = self.finding_count - self.findings.len() as u64;
        if untold > 0 {
            let _ = writeln!(text, "  and {} more", HumanCount(untold));
        }
        text
    }
}

/// `1 event`, `2,000 events`.
fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", HumanCount(count))
}

/// What to do about findings.
fn advice(reports: &[Report]) -> &'static str {
    if !reports.iter().any(|report| report.is_damaged) {
        return "  try: the version of Keizoku that wrote it, or a newer one";
    }
    "  try: keep these files, and restore the newest backup that `keizoku log verify --data BACKUP` finds sound"
}
