//! `keizoku log export`: events as JSON, one object a line.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use indicatif::HumanCount;
use keizoku_core::Position;
use keizoku_log::sqlite::Progress;

use super::event::Exported;
use super::log_file::{LogFile, PAGE};
use super::meter::Meter;
use super::{DataDirectory, Refusal, Service};

const EXAMPLES: &str = "\
Examples:
  keizoku log export > events.jsonl
  keizoku log export risk --output risks.jsonl
  keizoku log export accounts --after 120000 | jq -r .type | sort | uniq -c

Each line: service, position, stream, revision, id, type, recordedAt, metadata, and data, which is the event
as canonical protobuf JSON. The bytes of what this version does not know are in `raw`, in hexadecimal.
A running server goes on meanwhile: the export ends where the log ended when it began.";

/// Arguments of `keizoku log export`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Whose log [default: all, one after the other]
    service: Option<Service>,
    #[command(flatten)]
    data: DataDirectory,
    /// Only events after this position, where the last export ended; needs SERVICE
    // Of the type that the global option of this name has: the two share their values.
    #[arg(long, value_name = "POSITION", requires = "service")]
    after: Option<String>,
    /// Write to a new file, `-` being standard output
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    output: PathBuf,
}

impl Args {
    pub(super) fn run(&self) -> Result<(), Refusal> {
        let after = self.after()?;
        let logs = self.data.open(self.service)?;
        let exports = if self.output == Path::new("-") {
            let is_terminal = io::stdout().is_terminal();
            export(
                &logs,
                after,
                io::stdout().lock(),
                "standard output",
                !is_terminal,
            )?
        } else {
            self.to_file(&logs, after)?
        };
        // A reader that has gone knows what it has.
        for ended in exports.iter().flatten() {
            eprintln!("{ended}");
        }
        Ok(())
    }

    fn after(&self) -> Result<Position, Refusal> {
        let Some(text) = &self.after else {
            return Ok(Position::START);
        };
        let what = || format!("--after {text}: a position is a whole number");
        let after = text.parse().map_err(|_| Refusal::unusable(what()))?;
        Ok(Position(after))
    }

    /// Under another name until it is whole. What is no file, such as a pipe, is written directly.
    fn to_file(&self, logs: &[LogFile], after: Position) -> Result<Option<Vec<String>>, Refusal> {
        let name = self.output.display();
        let failed = |error| Refusal::io(format!("{name} cannot be written"), error);
        if self.output.is_dir() {
            return Err(Refusal::unusable(format!("{name} is a directory")));
        }
        if self.output.is_file() {
            let what = format!("{name} exists already");
            return Err(
                Refusal::refused(what).advising("choose another name: nothing is overwritten")
            );
        }
        if self.output.exists() {
            let pipe = File::options().write(true).open(&self.output);
            return export(logs, after, pipe.map_err(failed)?, &name.to_string(), true);
        }
        let mut part = self.output.clone().into_os_string();
        part.push(".part");
        let file = File::create(&part).map_err(failed)?;
        let exported = export(logs, after, &file, &name.to_string(), true)
            .and_then(|ended| file.sync_all().map(|()| ended).map_err(failed))
            .and_then(|ended| {
                fs::rename(&part, &self.output)
                    .map(|()| ended)
                    .map_err(failed)
            });
        if exported.is_err() {
            // The failure itself is what has to be told.
            let _ = fs::remove_file(&part);
        }
        exported
    }
}

/// Writes the logs, one after the other; says of each where it ended. `None` when the reader has
/// gone.
fn export(
    logs: &[LogFile],
    after: Position,
    out: impl Write,
    place: &str,
    with_meter: bool,
) -> Result<Option<Vec<String>>, Refusal> {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    let mut ended = Vec::new();
    for log in logs {
        let mut meter = with_meter.then(Meter::fitting);
        let end = log.head()?.position;
        let written = export_one(log, after, end, &mut out, |done| {
            if let Some(meter) = &mut meter {
                let what = "exporting";
                let (done, total) = (done - after.0, end.0 - after.0);
                meter.show(log.service.name(), Progress { what, done, total });
            }
        });
        match written {
            Ok(sum) => ended.push(sum.told(log.service, after.max(end))),
            Err(Stopped::Reading(refusal)) => return Err(refusal),
            Err(Stopped::Writing(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                return Ok(None);
            }
            Err(Stopped::Writing(error)) => {
                return Err(Refusal::io(format!("{place} cannot be written"), error));
            }
        }
    }
    Ok(Some(ended))
}

#[derive(Default)]
struct Sum {
    events: u64,
    incomplete: u64,
}

enum Stopped {
    Reading(Refusal),
    Writing(io::Error),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Writing(error)
    }
}

fn export_one(
    log: &LogFile,
    mut after: Position,
    end: Position,
    out: &mut impl Write,
    mut progress: impl FnMut(u64),
) -> Result<Sum, Stopped> {
    let mut sum = Sum::default();
    while after < end {
        let page = log.page(after, PAGE).map_err(Stopped::Reading)?;
        let Some(last) = page.last() else { break };
        after = last.position;
        for event in page.iter().filter(|event| event.position <= end) {
            let exported = Exported::new(log.service, event);
            serde_json::to_writer(&mut *out, &exported).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
            sum.events += 1;
            sum.incomplete += u64::from(!exported.is_complete());
        }
        progress(after.min(end).0);
    }
    out.flush()?;
    Ok(sum)
}

impl Sum {
    fn told(&self, service: Service, end: Position) -> String {
        let (name, events) = (service.name(), HumanCount(self.events));
        let mut text =
            format!("{name}: {events} events; the next export goes on with --after {end}");
        if self.incomplete > 0 {
            let count = HumanCount(self.incomplete);
            let _ = write!(
                text,
                "\n{name}: {count} of them not known to this version in full; their bytes are in `raw`"
            );
        }
        text
    }
}
