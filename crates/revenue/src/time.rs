use jiff::Timestamp;
use keizoku_core::Day;

/// The two times of a question (GEN-5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AsOf {
    /// Only what was recorded by this instant counts; `None`: everything that was read.
    pub known_at: Option<Timestamp>,
    /// The local date that the answer holds for.
    pub on: Day,
}

impl AsOf {
    /// What everything that was read says about a date.
    #[must_use]
    pub fn now(on: Day) -> Self {
        Self { known_at: None, on }
    }

    /// What had been recorded by an instant says about a date.
    #[must_use]
    pub fn known_at(known_at: Timestamp, on: Day) -> Self {
        Self {
            known_at: Some(known_at),
            on,
        }
    }
}

/// What counts as recorded: everything up to an instant, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known(i64);

impl Known {
    /// Everything that was read.
    pub(crate) const NOW: Self = Self(i64::MAX);

    pub(crate) fn includes(self, recorded: i64) -> bool {
        recorded <= self.0
    }
}

impl From<Option<Timestamp>> for Known {
    fn from(known_at: Option<Timestamp>) -> Self {
        known_at.map_or(Self::NOW, |instant| Self(instant.as_microsecond()))
    }
}
