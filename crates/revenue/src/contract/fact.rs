use keizoku_core::Day;

use super::Terms;

/// What a fact says happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FactKind {
    Started,
    Expanded,
    Downsized,
    Renewed,
    CancellationAnnounced,
    Churned,
    Reactivated,
    TermsChanged,
}

/// One contract fact in 32 bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fact {
    /// When it was recorded, in microseconds.
    pub(crate) recorded: i64,
    /// MRR in minor units from the effective date on; 0 where the fact states none.
    pub(crate) mrr: i64,
    /// The next fact of the same subscription, or [`Fact::LAST`].
    pub(crate) next: u32,
    /// Revision in the subscription's stream: the recording order, and what a void names.
    pub(crate) revision: u32,
    pub(crate) effective: Day,
    renewal: Option<Day>,
    notice: Option<Day>,
    term_months: u8,
    bits: u8,
}

const KIND: u8 = 0b0000_0111;
const AUTO_RENEW: u8 = 0b0000_1000;
const STATES_TERMS: u8 = 0b0001_0000;
const VOIDED: u8 = 0b0010_0000;

impl Fact {
    /// Marks the end of a chain.
    pub(crate) const LAST: u32 = u32::MAX;

    pub(crate) fn new(kind: FactKind, effective: Day, mrr: i64, terms: Option<Terms>) -> Self {
        let stated = terms.unwrap_or_default();
        let auto_renew = if stated.auto_renew { AUTO_RENEW } else { 0 };
        let states_terms = if terms.is_some() { STATES_TERMS } else { 0 };
        Self {
            recorded: 0,
            mrr,
            next: Self::LAST,
            revision: 0,
            effective,
            renewal: stated.renewal,
            notice: stated.notice,
            term_months: stated.term_months,
            bits: number(kind) | auto_renew | states_terms,
        }
    }

    /// The fact with what its envelope says.
    pub(crate) fn recorded(mut self, revision: u32, recorded: i64) -> Self {
        self.revision = revision;
        self.recorded = recorded;
        self
    }

    pub(crate) fn kind(&self) -> FactKind {
        match self.bits & KIND {
            0 => FactKind::Started,
            1 => FactKind::Expanded,
            2 => FactKind::Downsized,
            3 => FactKind::Renewed,
            4 => FactKind::CancellationAnnounced,
            5 => FactKind::Churned,
            6 => FactKind::Reactivated,
            _ => FactKind::TermsChanged,
        }
    }

    /// The terms that hold from the effective date on, where the fact states any.
    pub(crate) fn terms(&self) -> Option<Terms> {
        (self.bits & STATES_TERMS != 0).then_some(Terms {
            renewal: self.renewal,
            notice: self.notice,
            term_months: self.term_months,
            auto_renew: self.bits & AUTO_RENEW != 0,
        })
    }

    /// Whether it was ever voided; when that was recorded is kept apart, as it is rare.
    pub(crate) fn is_voided(&self) -> bool {
        self.bits & VOIDED != 0
    }

    pub(crate) fn set_voided(&mut self) {
        self.bits |= VOIDED;
    }
}

fn number(kind: FactKind) -> u8 {
    match kind {
        FactKind::Started => 0,
        FactKind::Expanded => 1,
        FactKind::Downsized => 2,
        FactKind::Renewed => 3,
        FactKind::CancellationAnnounced => 4,
        FactKind::Churned => 5,
        FactKind::Reactivated => 6,
        FactKind::TermsChanged => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_takes_32_bytes_and_keeps_what_it_says() {
        assert_eq!(size_of::<Fact>(), 32);
        let day: Day = "2026-11-22".parse().unwrap();
        let terms = Terms {
            renewal: Some(day),
            notice: None,
            term_months: 12,
            auto_renew: true,
        };
        let mut fact = Fact::new(FactKind::Reactivated, day, 5, Some(terms));
        fact.set_voided();
        assert_eq!(
            (fact.kind(), fact.terms()),
            (FactKind::Reactivated, Some(terms))
        );
        assert_eq!(Fact::new(FactKind::Churned, day, 0, None).terms(), None);
    }
}
