//! The view of now: one row per account as it is today, in columns, for scanning.

use keizoku_core::Day;

use crate::owner::Owner;
use crate::store::CHUNK;

/// An account on a date, as far as lists and forecasts need it of every account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Row {
    /// MRR in minor units.
    pub mrr: i64,
    /// Earliest renewal among the active subscriptions; see [`crate::Book::next_renewal`].
    pub renewal: Option<Day>,
    /// Number of the product, or [`Row::SEVERAL`].
    pub product: u16,
    /// Who looks after it.
    pub owner: Owner,
    /// Number of the corporate group; 0 for none.
    pub group: u32,
    /// Number of the tier; 0 for none.
    pub tier: u16,
    /// Number of the segment.
    pub segment: u32,
    pub(crate) marks: u8,
}

impl Row {
    /// Its active subscriptions are of several products.
    pub const SEVERAL: u16 = u16::MAX;

    pub(crate) const ACTIVE: u8 = 1;
    pub(crate) const ANNOUNCED: u8 = 2;
    /// The earliest renewal moves on by itself: the row is another one after it.
    pub(crate) const ADVANCES: u8 = 4;
    /// Some renewal has moved on by itself: the row was another one before.
    pub(crate) const ADVANCED: u8 = 8;
    pub(crate) const ALIASED: u8 = 16;

    /// Whether one of its subscriptions is active.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.marks & Self::ACTIVE != 0
    }

    /// Whether the end of one of its active subscriptions was announced.
    #[must_use]
    pub fn has_announced_end(&self) -> bool {
        self.marks & Self::ANNOUNCED != 0
    }

    /// Whether other accounts were merged into it.
    #[must_use]
    pub fn has_aliases(&self) -> bool {
        self.marks & Self::ALIASED != 0
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
    pub(crate) marks: Vec<u8>,
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
        }
    }

    fn validity(&self, place: usize) -> Validity {
        Validity {
            from: self.from[place],
            until: self.until[place],
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.marks.len()
    }

    fn bytes(&self) -> usize {
        self.marks.capacity() * (size_of::<i64>() + 3 * size_of::<u32>() + 5 * size_of::<u16>() + 1)
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
