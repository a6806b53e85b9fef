//! On which days people work.

use std::fmt::Write as _;
use std::path::PathBuf;

use keizoku_core::{UnreadableHoliday, WorkingDays};
use serde::Deserialize;

/// Section `calendar`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CalendarConfig {
    /// Holidays, a line each: `2026-11-23,勤労感謝の日`. Empty: Japan's, of the years that have been
    /// published.
    pub holidays_file: PathBuf,
}

/// Why the holiday calendar cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HolidaysError {
    /// The file is not there, or no text.
    #[error("{} (calendar.holidays_file) cannot be read", .0.display())]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// Some of its lines are no holidays.
    #[error("{} (calendar.holidays_file) cannot be used:{}", .0.display(), lines(.1))]
    Lines(PathBuf, Vec<UnreadableHoliday>),
}

fn lines(unreadable: &[UnreadableHoliday]) -> String {
    let mut text = String::new();
    for line in unreadable {
        let _ = write!(text, "\n  {line}");
    }
    text
}

impl CalendarConfig {
    /// Monday to Friday, without the holidays.
    ///
    /// # Errors
    /// When the file cannot be read; all lines then that are no holidays.
    pub fn working_days(&self) -> Result<WorkingDays, HolidaysError> {
        let path = &self.holidays_file;
        if path.as_os_str().is_empty() {
            return Ok(WorkingDays::default());
        }
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| HolidaysError::Unreadable(path.clone(), error))?;
        WorkingDays::parse(&text).map_err(|lines| HolidaysError::Lines(path.clone(), lines))
    }
}
