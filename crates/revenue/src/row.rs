//! An account on a date, as small as lists and forecasts allow.

use keizoku_core::Day;

use crate::attributes::Attributes;
use crate::owner::Owner;

/// An account on a date, as far as lists and forecasts need it of every account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Row {
    /// MRR in minor units.
    pub mrr: i64,
    /// Earliest renewal among the active subscriptions; see [`crate::Book::next_renewal`].
    pub renewal: Option<Day>,
    /// Number of the product or of the set of products; see [`crate::ProductMatch`].
    pub product: u16,
    /// Who looks after it.
    pub owner: Owner,
    /// Number of the corporate group; 0 for none.
    pub group: u32,
    /// Number of the tier; 0 for none.
    pub tier: u16,
    /// Number of the segment.
    pub segment: u32,
    /// What else is to be known about it.
    pub marks: Marks,
    /// Length of a term in months, where adding terms to `renewal` gives the later ones; else 0.
    pub(crate) term_months: u8,
}

/// What a forecast needs of a row: reading fewer columns is what makes it fast.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowCore {
    /// MRR in minor units.
    pub mrr: i64,
    /// Earliest renewal among the active subscriptions; see [`crate::Book::next_renewal`].
    pub renewal: Option<Day>,
    /// Number of the corporate group; 0 for none.
    pub group: u32,
    /// What else is to be known about it.
    pub marks: Marks,
    pub(crate) term_months: u8,
}

impl RowCore {
    /// Whether the renewal is the same on every date on which the row is right.
    #[must_use]
    pub const fn renewal_stays(&self) -> bool {
        !self.marks.has(Marks::ADVANCES) && !self.marks.has(Marks::ADVANCED)
    }
}

/// Yes or no about a row, eight of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks(u8);

impl Marks {
    pub(crate) const ACTIVE: Self = Self(1);
    pub(crate) const ANNOUNCED: Self = Self(2);
    /// The earliest renewal moves on by itself: the row is another one after it.
    pub(crate) const ADVANCES: Self = Self(4);
    /// Some renewal has moved on by itself: the row was another one before.
    pub(crate) const ADVANCED: Self = Self(8);
    pub(crate) const ALIASED: Self = Self(16);
    pub(crate) const MERGED: Self = Self(32);

    /// Whether one of its subscriptions is active.
    #[must_use]
    pub const fn is_active(self) -> bool {
        self.has(Self::ACTIVE)
    }

    /// Whether the end of one of its active subscriptions was announced.
    #[must_use]
    pub const fn has_announced_end(self) -> bool {
        self.has(Self::ANNOUNCED)
    }

    /// Whether it was merged into another one.
    #[must_use]
    pub const fn is_merged(self) -> bool {
        self.has(Self::MERGED)
    }

    /// Whether other accounts were merged into it.
    #[must_use]
    pub const fn has_aliases(self) -> bool {
        self.has(Self::ALIASED)
    }

    /// The same of a row whose renewal is right on its date alone.
    pub(crate) const fn staying(self) -> Self {
        self.and(Self::ADVANCES, false).and(Self::ADVANCED, false)
    }

    pub(crate) const fn has(self, mark: Self) -> bool {
        self.0 & mark.0 != 0
    }

    pub(crate) const fn and(self, mark: Self, is_set: bool) -> Self {
        if is_set {
            Self(self.0 | mark.0)
        } else {
            Self(self.0 & !mark.0)
        }
    }
}

impl Row {
    /// What a forecast needs of it.
    #[must_use]
    pub const fn core(&self) -> RowCore {
        let Self {
            mrr,
            renewal,
            group,
            marks,
            term_months,
            ..
        } = *self;
        RowCore {
            mrr,
            renewal,
            group,
            marks,
            term_months,
        }
    }

    /// What of it has an effective date.
    #[must_use]
    pub const fn attributes(&self) -> Attributes {
        let Self {
            group, tier, owner, ..
        } = *self;
        Attributes { group, tier, owner }
    }

    /// Whether one of its subscriptions is active.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.marks.is_active()
    }

    /// Whether the end of one of its active subscriptions was announced.
    #[must_use]
    pub const fn has_announced_end(&self) -> bool {
        self.marks.has_announced_end()
    }

    /// Whether other accounts were merged into it.
    #[must_use]
    pub const fn has_aliases(&self) -> bool {
        self.marks.has_aliases()
    }
}

/// The dates on which a row stays as it is, apart from renewals that advance by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) from: Day,
    pub(crate) until: Day,
}

impl Validity {
    pub(crate) const ALWAYS: Self = Self {
        from: Day::MIN,
        until: Day::MAX,
    };
}
