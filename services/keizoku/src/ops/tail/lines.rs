//! Events as lines whose columns stay aligned, also while more of them come.

use std::sync::Arc;

use jiff::tz::TimeZone;
use keizoku_core::Recorded;
use unicode_width::UnicodeWidthStr as _;

use super::super::{Service, event, summary};

/// Widest summary on a terminal; programs get all of it.
const WIDEST: usize = 100;
/// Digits of an id on a terminal: enough to tell two apart, and to hand to `--stream`.
const DIGITS: usize = 13;

const COLUMNS: usize = 6;

/// Prints events under one heading.
pub(super) struct Lines {
    zone: TimeZone,
    is_terminal: bool,
    /// Of each column but the last; they grow, never shrink.
    widths: [usize; COLUMNS],
    has_heading: bool,
}

impl Lines {
    pub(super) fn new(zone: TimeZone, is_terminal: bool) -> Self {
        Self {
            zone,
            is_terminal,
            widths: [0; COLUMNS],
            has_heading: false,
        }
    }

    pub(super) fn render(&mut self, events: &[(Service, Arc<Recorded>)]) -> String {
        let mut rows: Vec<([String; COLUMNS], String)> = events
            .iter()
            .map(|(service, event)| (self.cells(*service, event), self.summary(*service, event)))
            .collect();
        if !self.has_heading {
            rows.insert(0, (self.heading(), "Summary".to_owned()));
            self.has_heading = true;
        }
        for (cells, _) in &rows {
            for (width, cell) in self.widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.width());
            }
        }
        let mut text = String::new();
        for (cells, summary) in &rows {
            for (cell, width) in cells.iter().zip(self.widths) {
                text.push_str(cell);
                text.push_str(&" ".repeat(width - cell.width() + 2));
            }
            text.push_str(summary);
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text
    }

    fn heading(&self) -> [String; COLUMNS] {
        let zone = self.zone.iana_name().unwrap_or("UTC");
        let recorded = format!("Recorded ({zone})");
        let others = ["Log", "Position", "Kind", "Stream", "Actor"].map(str::to_owned);
        let [log, position, kind, stream, actor] = others;
        [recorded, log, position, kind, stream, actor]
    }

    fn cells(&self, service: Service, event: &Recorded) -> [String; COLUMNS] {
        let recorded = self.zone.to_datetime(event.recorded_at);
        let cells = [
            recorded.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(),
            service.name().to_owned(),
            event.position.to_string(),
            event.kind.clone(),
            self.stream(&event.stream),
            event::metadata(event).actor,
        ];
        cells.map(|cell| cell.replace(char::is_control, " "))
    }

    fn stream(&self, stream: &str) -> String {
        let Some((category, id)) = stream.rsplit_once('-').filter(|_| self.is_terminal) else {
            return stream.to_owned();
        };
        let beginning: String = id.chars().take(DIGITS).collect();
        if beginning.len() == id.len() {
            return stream.to_owned();
        }
        format!("{category}-{beginning}…")
    }

    fn summary(&self, service: Service, event: &Recorded) -> String {
        let text = match event::contents(service, &event.data) {
            Some((message, _)) => summary::of(&message, &event.stream),
            None => "(not known to this version: written by a newer one, or damaged)".to_owned(),
        };
        if self.is_terminal && text.width() > WIDEST {
            return cut(&text);
        }
        text
    }
}

fn cut(text: &str) -> String {
    let mut width = 0;
    let fits = |letter: &char| {
        width += letter.to_string().width();
        width < WIDEST
    };
    let mut beginning: String = text.chars().take_while(fits).collect();
    beginning.push('…');
    beginning
}

#[cfg(test)]
mod tests {
    use super::super::super::event::tests::reopened;
    use super::*;

    #[test]
    fn columns_stay_aligned_as_more_comes() {
        let zone = TimeZone::get("Asia/Tokyo").unwrap();
        let mut lines = Lines::new(zone, true);
        let first = lines.render(&[(Service::Risk, Arc::new(reopened()))]);
        assert_eq!(
            first,
            "Recorded (Asia/Tokyo)    Log   Position  Kind           Stream               Actor      Summary\n\
             2026-11-22 09:10:00.250  risk  12        risk_reopened  risk-0198000000007…  user:sato  reason=\"顧客が 戻った\"\n"
        );
        let second = lines.render(&[(Service::Accounts, Arc::new(reopened()))]);
        assert!(
            second.starts_with("2026-11-22 09:10:00.250  accounts  12 "),
            "{second}"
        );
        assert_eq!(lines.render(&[]), "");
    }

    #[test]
    fn long_summaries_are_cut_on_terminals_only() {
        let zone = TimeZone::UTC;
        let mut event = reopened();
        event.data = {
            use keizoku_proto::StoredEvent as _;
            let reason = "あ".repeat(200);
            let risk_id = String::new();
            let reopened = keizoku_proto::risk::RiskReopened { risk_id, reason };
            keizoku_proto::risk::event::Kind::RiskReopened(reopened).to_bytes()
        };
        let events = [(Service::Risk, Arc::new(event))];
        let whole = Lines::new(zone.clone(), false).render(&events);
        assert!(whole.contains(&"あ".repeat(200)));
        let cut = Lines::new(zone, true).render(&events);
        assert!(
            cut.ends_with("…\n") && !cut.contains(&"あ".repeat(60)),
            "{cut}"
        );
    }
}
