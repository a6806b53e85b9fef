use keizoku_core::Day;

/// Whether a risk is expected to end in churn (RISK-1); there is no "no".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flag {
    /// 解約につながる.
    LeadsToChurn,
    /// 現時点では不明.
    UnknownAtPresent,
}

/// How a risk was completed (RISK-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Completion {
    /// The customer stays.
    Completed,
    /// The customer leaves.
    Failed,
    /// It was none.
    NotARisk,
}

/// What figures need of a risk, in 20 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Number of the owner; 0 for nobody.
    pub(crate) owner: u32,
    /// Number of the type.
    pub(crate) kind: u32,
    pub(crate) opened_on: Day,
    pub(crate) next_action: Option<Day>,
    pub(crate) completed_on: Option<Day>,
    pub(crate) flag: Flag,
    /// `None` while it is open.
    pub(crate) completion: Option<Completion>,
}

impl Facts {
    /// Whether it is open on `on`, if `today` is the date of the instant that it is known at.
    ///
    /// From today on that is its present state. On a date before, it counts from the day on which
    /// it was opened until the day before its completion.
    pub(crate) fn is_open(&self, on: Day, today: Day) -> bool {
        if on >= today {
            return self.completion.is_none();
        }
        let is_completed =
            self.completion.is_some() && self.completed_on.is_none_or(|completed| completed <= on);
        self.opened_on <= on && !is_completed
    }
}

/// A risk from one instant until the next version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Version {
    pub(crate) recorded: i64,
    /// The version before, or [`Version::FIRST`].
    pub(crate) previous: u32,
    /// Text of the name.
    pub(crate) name: u32,
    /// Text of the result; [`Version::NO_TEXT`] while it is open.
    pub(crate) result: u32,
    pub(crate) facts: Facts,
}

impl Version {
    pub(crate) const FIRST: u32 = u32::MAX;
    pub(crate) const NO_TEXT: u32 = u32::MAX;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_takes_40_bytes() {
        assert_eq!((size_of::<Facts>(), size_of::<Version>()), (16, 40));
    }
}
