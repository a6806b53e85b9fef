//! The view of now: one row per account as it is today, in columns, for scanning.

use keizoku_core::Day;

use crate::AccountIx;
use crate::owner::Owner;
use crate::store::CHUNK;

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
    /// More than one subscription was ever its own.
    pub(crate) const SEVERAL: Self = Self(64);

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

/// Up to [`CHUNK`] rows, column by column.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowChunk {
    pub(crate) mrr: Vec<i64>,
    pub(crate) renewal: Vec<Option<Day>>,
    pub(crate) product: Vec<u16>,
    pub(crate) owner: Vec<Owner>,
    pub(crate) group: Vec<u32>,
    pub(crate) tier: Vec<u16>,
    pub(crate) segment: Vec<u32>,
    pub(crate) marks: Vec<Marks>,
    pub(crate) term_months: Vec<u8>,
    pub(crate) from: Vec<Day>,
    pub(crate) until: Vec<Day>,
}

impl RowChunk {
    fn with_capacity(rows: usize) -> Self {
        Self {
            mrr: Vec::with_capacity(rows),
            renewal: Vec::with_capacity(rows),
            product: Vec::with_capacity(rows),
            owner: Vec::with_capacity(rows),
            group: Vec::with_capacity(rows),
            tier: Vec::with_capacity(rows),
            segment: Vec::with_capacity(rows),
            marks: Vec::with_capacity(rows),
            term_months: Vec::with_capacity(rows),
            from: Vec::with_capacity(rows),
            until: Vec::with_capacity(rows),
        }
    }

    fn push(&mut self, row: Row, validity: Validity) {
        self.mrr.push(row.mrr);
        self.renewal.push(row.renewal);
        self.product.push(row.product);
        self.owner.push(row.owner);
        self.group.push(row.group);
        self.tier.push(row.tier);
        self.segment.push(row.segment);
        self.marks.push(row.marks);
        self.term_months.push(row.term_months);
        self.from.push(validity.from);
        self.until.push(validity.until);
    }

    fn set(&mut self, place: usize, row: Row, validity: Validity) {
        self.mrr[place] = row.mrr;
        self.renewal[place] = row.renewal;
        self.product[place] = row.product;
        self.owner[place] = row.owner;
        self.group[place] = row.group;
        self.tier[place] = row.tier;
        self.segment[place] = row.segment;
        self.marks[place] = row.marks;
        self.term_months[place] = row.term_months;
        self.from[place] = validity.from;
        self.until[place] = validity.until;
    }

    pub(crate) fn row(&self, place: usize) -> Row {
        Row {
            mrr: self.mrr[place],
            renewal: self.renewal[place],
            product: self.product[place],
            owner: self.owner[place],
            group: self.group[place],
            tier: self.tier[place],
            segment: self.segment[place],
            marks: self.marks[place],
            term_months: self.term_months[place],
        }
    }

    pub(crate) fn validity(&self, place: usize) -> Validity {
        Validity {
            from: self.from[place],
            until: self.until[place],
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.marks.len()
    }

    fn bytes(&self) -> usize {
        self.marks.capacity() * (size_of::<i64>() + 3 * size_of::<u32>() + 5 * size_of::<u16>() + 2)
    }
}

/// Rows of now in a row, column by column, for scanning; merged and inactive accounts have rows
/// without MRR.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    chunk: &'a RowChunk,
    first: u32,
}

impl<'a> Columns<'a> {
    pub(crate) fn new(chunk: &'a RowChunk, first: u32) -> Self {
        Self { chunk, first }
    }

    /// How many rows there are: at most [`CHUNK`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.chunk.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of the first account.
    #[must_use]
    pub fn first(&self) -> u32 {
        self.first
    }

    /// The account of a row.
    #[must_use]
    #[inline]
    pub fn account(&self, place: usize) -> AccountIx {
        AccountIx(self.first + crate::store::dense(place))
    }

    /// MRR today, in minor units.
    #[must_use]
    pub fn mrr(&self) -> &'a [i64] {
        &self.chunk.mrr
    }

    /// Yes or no about each row.
    #[must_use]
    pub fn marks(&self) -> &'a [Marks] {
        &self.chunk.marks
    }

    /// Owners.
    #[must_use]
    pub fn owners(&self) -> &'a [Owner] {
        &self.chunk.owner
    }

    /// Numbers of the tiers.
    #[must_use]
    pub fn tiers(&self) -> &'a [u16] {
        &self.chunk.tier
    }

    /// Numbers of the segments.
    #[must_use]
    pub fn segments(&self) -> &'a [u32] {
        &self.chunk.segment
    }

    /// Numbers of the products or sets of products; see [`crate::ProductMatch`].
    #[must_use]
    pub fn products(&self) -> &'a [u16] {
        &self.chunk.product
    }

    /// Numbers of the groups.
    #[must_use]
    pub fn groups(&self) -> &'a [u32] {
        &self.chunk.group
    }

    /// Whether a row holds on a date as it is, apart from renewals that advance by themselves.
    #[must_use]
    pub fn is_right(&self, place: usize, on: Day) -> bool {
        let Validity { from, until } = self.chunk.validity(place);
        from <= on && on <= until
    }

    /// What a forecast needs of a row.
    #[must_use]
    #[inline]
    pub fn core(&self, place: usize) -> RowCore {
        RowCore {
            mrr: self.chunk.mrr[place],
            renewal: self.chunk.renewal[place],
            group: self.chunk.group[place],
            marks: self.chunk.marks[place],
            term_months: self.chunk.term_months[place],
        }
    }

    /// One whole row.
    #[must_use]
    pub fn row(&self, place: usize) -> Row {
        self.chunk.row(place)
    }
}

/// All rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    chunks: Vec<RowChunk>,
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.chunks
            .last()
            .map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len())
    }

    /// Adds the row of an account of which nothing is known yet.
    pub(crate) fn push_empty(&mut self) {
        match self.chunks.last_mut() {
            Some(last) if last.len() < CHUNK => {}
            None => self.chunks.push(RowChunk::default()),
            Some(_) => self.chunks.push(RowChunk::with_capacity(CHUNK)),
        }
        if let Some(last) = self.chunks.last_mut() {
            last.push(Row::default(), Validity::ALWAYS);
        }
    }

    pub(crate) fn chunks(&self) -> &[RowChunk] {
        &self.chunks
    }

    pub(crate) fn marks(&self, account: u32) -> Marks {
        let (chunk, place) = split(account);
        self.chunks[chunk].marks[place]
    }

    pub(crate) fn get(&self, account: u32) -> (Row, Validity) {
        let (chunk, place) = split(account);
        (
            self.chunks[chunk].row(place),
            self.chunks[chunk].validity(place),
        )
    }

    pub(crate) fn set(&mut self, account: u32, row: Row, validity: Validity) {
        let (chunk, place) = split(account);
        self.chunks[chunk].set(place, row, validity);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.chunks.iter().map(RowChunk::bytes).sum()
    }
}

fn split(account: u32) -> (usize, usize) {
    (account as usize / CHUNK, account as usize % CHUNK)
}
