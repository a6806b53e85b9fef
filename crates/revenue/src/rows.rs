//! The view of now: one row per account as it is today, in columns, for scanning; and the rows that
//! follow it where something is known to change later.

use std::iter;

use keizoku_core::Day;

use crate::AccountIx;
use crate::by_place::{ByPlace, make_room};
use crate::owner::Owner;
use crate::products::{ProductMatch, ProductPart};
use crate::row::{Marks, Row, RowCore, Validity};
use crate::split::Split;
use crate::store::{CHUNK, dense};

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
    /// What follows on a row whose `until` is a day: each row from a date on, in that order.
    pub(crate) later: ByPlace<(Day, Row)>,
    /// Of rows with announced ends.
    pub(crate) splits: ByPlace<Split>,
    /// MRR of each product but the last of its set, in the set's order.
    pub(crate) parts: ByPlace<i64>,
    /// Their earliest renewals, at the same places.
    pub(crate) part_renewals: Vec<Option<Day>>,
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
            later: ByPlace::default(),
            splits: ByPlace::default(),
            parts: ByPlace::default(),
            part_renewals: Vec::new(),
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
        let row = size_of::<i64>() + 3 * size_of::<u32>() + 5 * size_of::<u16>() + 2;
        let renewals = self.part_renewals.capacity() * size_of::<Option<Day>>();
        self.marks.capacity() * row + self.later.bytes() + self.parts.bytes() + renewals
    }

    fn bytes_of_splits(&self) -> usize {
        let (_, splits) = self.splits.as_slices();
        let more = splits.iter().map(Split::bytes_of_more);
        self.splits.bytes() + more.sum::<usize>()
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
        AccountIx(self.first + dense(place))
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

    /// Calls `visit` for each row that has the product among others, with the product's MRR.
    pub fn for_each_part(&self, product: &ProductMatch, mut visit: impl FnMut(usize, i64)) {
        let (places, parts) = self.chunk.parts.as_slices();
        let mut first = 0;
        while let Some(place) = places.get(first).copied().map(usize::from) {
            let number = self.chunk.product[place];
            let end = first + product.parts_of(number);
            if let Some(which) = product.part_of(number) {
                let parts = &parts[first..end];
                let rest = || self.chunk.mrr[place] - parts.iter().sum::<i64>();
                visit(place, parts.get(which).copied().unwrap_or_else(rest));
            }
            first = end;
        }
    }

    /// What a forecast needs of a row that has the product among others, restricted to it, on a date
    /// that is not past; `None` where only the account's contracts can tell, as with announced ends.
    #[must_use]
    pub fn part_core(&self, place: usize, product: &ProductMatch, on: Day) -> Option<RowCore> {
        let mut core = self.core(place);
        let number = self.chunk.product[place];
        let which = product.part_of(number)?;
        let first = self.chunk.parts.find(place)?;
        let parts = first..first + product.parts_of(number);
        let (_, mrr) = self.chunk.parts.as_slices();
        let (mrr, renewals) = (&mrr[parts.clone()], &self.chunk.part_renewals[parts]);
        let (mrr, renewal) = match (mrr.get(which), renewals.get(which)) {
            (Some(mrr), Some(renewal)) => (*mrr, *renewal),
            // The last: its renewal is the earliest of all, or else it is not known.
            _ if renewals.contains(&core.renewal) => return None,
            _ => (core.mrr - mrr.iter().sum::<i64>(), core.renewal),
        };
        let is_passed = renewal.is_some_and(|renewal| renewal < on);
        if core.marks.has_announced_end() || is_passed {
            return None;
        }
        (core.mrr, core.renewal, core.term_months) = (mrr, renewal, 0);
        core.marks = core.marks.staying();
        Some(core)
    }

    /// The rows with announced ends, in their order, each with what will end and what will not.
    pub fn splits(&self) -> impl Iterator<Item = (usize, &'a Split)> {
        let splits = self.chunk.splits.iter();
        splits.filter_map(|(place, of)| of.first().map(|split| (place, split)))
    }

    /// Whether what a row says about a date after today has to be looked up in its history.
    #[must_use]
    pub fn needs_history(&self, place: usize, on: Day) -> bool {
        let (marks, renewal) = (self.chunk.marks[place], self.chunk.renewal[place]);
        marks.has(Marks::ADVANCES)
            && self.chunk.term_months[place] == 0
            && renewal.is_some_and(|renewal| renewal < on)
    }

    /// Whether a row holds on a date as it is, apart from renewals that advance by themselves.
    pub(crate) fn is_right(&self, place: usize, on: Day) -> bool {
        let Validity { from, until } = self.chunk.validity(place);
        from <= on && on <= until
    }

    /// The rows that hold on a date after today instead of those of now.
    pub(crate) fn later(&self, on: Day) -> impl Iterator<Item = (usize, &'a Row)> {
        let mut rows = self.chunk.later.pairs().peekable();
        iter::from_fn(move || {
            loop {
                let (place, (from, row)) = rows.next()?;
                let is_followed = rows
                    .peek()
                    .is_some_and(|(other, (from, _))| *other == place && *from <= on);
                if *from <= on && !is_followed {
                    return Some((place, row));
                }
            }
        })
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

    /// Touches a row; answers something that depends on all of its columns.
    pub(crate) fn touch(&self, account: u32) -> u32 {
        let (row, validity) = self.get(account);
        let flags = u32::from(row.is_active()) ^ u32::from(row.term_months);
        let days = [row.renewal, Some(validity.from), Some(validity.until)];
        let days = days
            .into_iter()
            .flatten()
            .fold(0, |all, day| all ^ u32::from(day.number()));
        let numbers = row.group ^ row.segment ^ u32::from(row.tier ^ row.product);
        let has_mrr = u32::from(row.mrr > 0) ^ u32::from(row.owner == Owner::NOBODY);
        flags ^ days ^ numbers ^ has_mrr
    }

    /// What follows on a row, each from its date on.
    pub(crate) fn set_later(&mut self, account: u32, rows: &[(Day, Row)]) {
        let (chunk, place) = split(account);
        self.chunks[chunk].later.set(place, rows);
    }

    /// The announced ends of a row and the rest; one without announced ends is not kept.
    pub(crate) fn set_split(&mut self, account: u32, of: Split) {
        let (chunk, place) = split(account);
        if of.has_announced() {
            self.chunks[chunk].splits.set(place, &[of]);
        } else {
            self.chunks[chunk].splits.set(place, &[]);
        }
    }

    /// What a row has of each of its products but the last, in the order of their set.
    pub(crate) fn set_parts(&mut self, account: u32, parts: &[ProductPart]) {
        let (chunk, place) = split(account);
        let chunk = &mut self.chunks[chunk];
        let mrr: Vec<i64> = parts.iter().map(|part| part.mrr).collect();
        let replaced = chunk.parts.set(place, &mrr);
        make_room(&mut chunk.part_renewals, parts.len());
        let renewals = parts.iter().map(|part| part.renewal);
        chunk.part_renewals.splice(replaced, renewals);
    }

    /// The accounts whose rows are no longer right on a day after the one that they show.
    pub(crate) fn due(&self, today: Day) -> Vec<u32> {
        let mut due = Vec::new();
        for (number, chunk) in self.chunks.iter().enumerate() {
            let columns = chunk.until.iter().zip(&chunk.renewal).zip(&chunk.marks);
            for (place, ((until, renewal), marks)) in columns.enumerate() {
                let has_advanced =
                    marks.has(Marks::ADVANCES) && renewal.is_some_and(|renewal| renewal < today);
                if *until < today || has_advanced {
                    due.push(dense(number * CHUNK + place));
                }
            }
        }
        due
    }

    pub(crate) fn bytes(&self) -> usize {
        self.chunks.iter().map(RowChunk::bytes).sum()
    }

    pub(crate) fn bytes_of_splits(&self) -> usize {
        self.chunks.iter().map(RowChunk::bytes_of_splits).sum()
    }
}

fn split(account: u32) -> (usize, usize) {
    (account as usize / CHUNK, account as usize % CHUNK)
}
