//! `keizoku log tail`: the newest events, and those that come.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use keizoku_core::{Position, Recorded, StreamId};
use keizoku_proto::accounts::{Event, event::Kind};
use prost::Message as _;

use super::event::{self, Exported};
use super::log_file::{LogFile, PAGE};
use super::{DataDirectory, Refusal, Service, nearest};

mod lines;

use lines::Lines;

const EXAMPLES: &str = "\
Examples:
  keizoku log tail                                   the last 20 events of all services
  keizoku log tail risk --follow                     and those that come, until Ctrl-C
  keizoku log tail --kind risk_closed -n 5
  keizoku log tail --stream account-0198             everything about the accounts whose ids begin so
  keizoku log tail --follow --json | jq .data";

/// How often a follower looks: quick to a person, nothing to the server.
const PACE: Duration = Duration::from_millis(200);

/// Largest step of the search backwards for events that match.
const LARGEST_STEP: u64 = 16_384;

/// Arguments of `keizoku log tail`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Whose log [default: all, by the time of recording]
    service: Option<Service>,
    #[command(flatten)]
    data: DataDirectory,
    /// Go on with what is recorded from now on
    #[arg(long, short)]
    follow: bool,
    /// How many of those that are there
    #[arg(
        short = 'n',
        long = "lines",
        value_name = "COUNT",
        default_value_t = 20
    )]
    count: usize,
    /// Only this kind of event, such as `risk_closed`; may be given several times
    #[arg(long, value_name = "KIND")]
    kind: Vec<String>,
    /// Only streams whose names begin with this, such as `risk-` or `account-0198…`
    #[arg(long, value_name = "STREAM")]
    stream: Option<String>,
    /// Print JSON, one object a line, as `keizoku log export` does
    // The global option of this name, with words that fit here.
    #[arg(long)]
    json: bool,
}

/// An event and whose it is.
type Owned = (Service, Arc<Recorded>);

impl Args {
    pub(super) fn run(&self) -> Result<(), Refusal> {
        self.require_known_kinds()?;
        let logs = self.data.open(self.service)?;
        let zone = organisations_zone(&self.data, &logs)?;
        let mut lines = Lines::new(zone, io::stdout().is_terminal());

        let mut newest = Vec::new();
        let mut positions = Vec::new();
        for log in &logs {
            let head = log.head()?.position;
            positions.push(head);
            newest.extend(self.newest(log, head)?);
        }
        newest.sort_by_key(|(_, event)| event.recorded_at);
        newest.drain(..newest.len().saturating_sub(self.count));
        let has_reader = self.show(&newest, &mut lines)?;
        if !self.follow || !has_reader {
            return Ok(());
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Refusal::io("cannot wait for events", error))?;
        runtime.block_on(self.go_on(&logs, positions, &mut lines))
    }

    /// Prints what comes until it is interrupted or nobody reads any more.
    async fn go_on(
        &self,
        logs: &[LogFile],
        mut positions: Vec<Position>,
        lines: &mut Lines,
    ) -> Result<(), Refusal> {
        loop {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => return Ok(()),
                () = tokio::time::sleep(PACE) => {}
            }
            let mut events = Vec::new();
            for (log, position) in logs.iter().zip(&mut positions) {
                let page = log.page(*position, PAGE)?;
                if let Some(last) = page.last() {
                    *position = last.position;
                }
                let matching = page.into_iter().filter(|event| self.matches(event));
                events.extend(matching.map(|event| (log.service, event)));
            }
            events.sort_by_key(|(_, event)| event.recorded_at);
            if !self.show(&events, lines)? {
                return Ok(());
            }
        }
    }

    fn show(&self, events: &[Owned], lines: &mut Lines) -> Result<bool, Refusal> {
        if !self.json {
            return super::print(&lines.render(events));
        }
        let mut text = String::new();
        for (service, event) in events {
            let exported = Exported::new(*service, event);
            let line = serde_json::to_string(&exported)
                .map_err(|error| Refusal::refused("an event cannot be shown").because(error))?;
            text += &line;
            text.push('\n');
        }
        super::print(&text)
    }

    /// The last events up to `head` that match, searched backwards in growing steps.
    fn newest(&self, log: &LogFile, head: Position) -> Result<Vec<Owned>, Refusal> {
        let mut found: Vec<Arc<Recorded>> = Vec::new();
        let (mut upper, mut step) = (head.0, (self.count as u64).clamp(64, LARGEST_STEP));
        while upper > 0 && found.len() < self.count {
            let lower = upper.saturating_sub(step);
            let limit = usize::try_from(upper - lower).unwrap_or(usize::MAX);
            let mut earlier = log.page(Position(lower), limit)?;
            earlier.retain(|event| event.position.0 <= upper && self.matches(event));
            earlier.append(&mut found);
            found = earlier;
            (upper, step) = (lower, (step * 2).min(LARGEST_STEP));
        }
        found.drain(..found.len().saturating_sub(self.count));
        Ok(found
            .into_iter()
            .map(|event| (log.service, event))
            .collect())
    }

    fn matches(&self, event: &Recorded) -> bool {
        let is_wanted_kind = self.kind.is_empty() || self.kind.contains(&event.kind);
        is_wanted_kind
            && self
                .stream
                .as_ref()
                .is_none_or(|wanted| begins_with(&event.stream, wanted))
    }

    /// A mistyped kind would wait for ever.
    fn require_known_kinds(&self) -> Result<(), Refusal> {
        let services = Service::ALL.into_iter();
        let known: Vec<String> = services
            .filter(|service| self.service.is_none_or(|wanted| wanted == *service))
            .flat_map(event::kinds)
            .collect();
        let Some(kind) = self.kind.iter().find(|kind| !known.contains(kind)) else {
            return Ok(());
        };
        let nearest = nearest::of(kind, known.iter().map(String::as_str));
        let advice = nearest.map_or_else(
            || format!("one of {}", known.join(", ")),
            |nearest| format!("--kind {nearest}"),
        );
        let what = format!("--kind {kind}: there is no such event");
        Err(Refusal::unusable(what).advising(advice))
    }
}

/// Whether a stream's name begins with this. Hyphens do not count: ids are stored without them and
/// written with them elsewhere, and categories may have some.
fn begins_with(stream: &str, wanted: &str) -> bool {
    let mut stream = letters(stream);
    letters(wanted).all(|letter| stream.next() == Some(letter))
}

fn letters(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().filter(|letter| *letter != b'-')
}

/// The time zone of the organisation (GEN-1), which is recorded in the accounts log.
fn organisations_zone(data: &DataDirectory, logs: &[LogFile]) -> Result<TimeZone, Refusal> {
    const DEFAULT: &str = "Asia/Tokyo";
    let stream = StreamId::singleton("organisation");
    let settings = match logs.iter().find(|log| log.service == Service::Accounts) {
        Some(accounts) => accounts.last_of(&stream)?,
        None if !Service::Accounts.log(&data.path).exists() => return Ok(TimeZone::UTC),
        None => {
            LogFile::open(Service::Accounts, Service::Accounts.log(&data.path))?.last_of(&stream)?
        }
    };
    let event = settings.and_then(|event| Event::decode(event.data.as_slice()).ok());
    let name = match event.and_then(|event| event.kind) {
        Some(Kind::OrganisationConfigured(configured)) => configured
            .organisation
            .map(|organisation| organisation.time_zone)
            .unwrap_or_default(),
        _ => String::new(),
    };
    let name = if name.is_empty() { DEFAULT } else { &name };
    // A machine without that zone shows UTC; the heading says which one it is.
    Ok(TimeZone::get(name).unwrap_or(TimeZone::UTC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_found_by_its_beginning_with_hyphens_or_without() {
        let entry = "contact-log-0197f0a0000070008000000000000001";
        for wanted in [
            "contact-",
            "contact-log-0197",
            "contact-log-0197f0a0-0000-7000-8000-000000000001",
            entry,
        ] {
            assert!(begins_with(entry, wanted), "{wanted}");
        }
        assert!(!begins_with(entry, "contact-log-0198"));
        assert!(!begins_with("risk-0197", "risk-0197f0a0"));
    }
}
