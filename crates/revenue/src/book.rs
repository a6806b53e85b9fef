use jiff::Timestamp;
use keizoku_core::{AccountId, Day};

use crate::attributes::{AttributeHistory, SegmentHistory};
use crate::contract::{CompactedFacts, Contracts, Subscription};
use crate::directory::Directory;
use crate::identity::Identity;
use crate::imports::Imports;
use crate::initiatives::Initiatives;
use crate::memory::Memory;
use crate::products::{FIRST_SET, ProductPart, Products, SEVERAL};
use crate::row::{Marks, Row, Validity};
use crate::rows::Rows;
use crate::segment::Segments;
use crate::settings::SettingsHistory;
use crate::split::Split;
use crate::store::{Chunked, IdTable, Names};
use crate::time::Known;

/// Dense number of an account in one book; another book numbers them otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountIx(pub u32);

/// The model of the accounts service's log: all of history, and the rows of now.
#[derive(Debug, Clone)]
pub struct Book {
    pub(crate) today: Day,
    pub(crate) ids: IdTable,
    pub(crate) first_subscription: Chunked<u32>,
    pub(crate) rows: Rows,
    pub(crate) group_totals: Chunked<i64>,
    pub(crate) contracts: Contracts,
    pub(crate) attributes: AttributeHistory,
    pub(crate) segment_history: SegmentHistory,
    pub(crate) identity: Identity,
    pub(crate) settings: SettingsHistory,
    pub(crate) initiatives: Initiatives,
    pub(crate) imports: Imports,
    pub(crate) directory: Directory,
    pub(crate) segments: Segments,
    pub(crate) groups: Names,
    pub(crate) tiers: Names,
    pub(crate) products: Products,
    pub(crate) first_import: Option<Timestamp>,
    pub(crate) version: u64,
}

/// Facts in fewer bytes than a processor keeps close need not be in order.
const SCATTERED: usize = 1 << 18;

/// A book's history, compacted.
#[derive(Debug)]
pub struct Compacted {
    version: (u64, usize),
    contracts: CompactedFacts,
    attributes: AttributeHistory,
}

impl Book {
    /// An empty book whose rows show `today`.
    #[must_use]
    pub fn new(today: Day) -> Self {
        Self {
            today,
            ids: IdTable::default(),
            first_subscription: Chunked::default(),
            rows: Rows::default(),
            group_totals: Chunked::default(),
            contracts: Contracts::default(),
            attributes: AttributeHistory::default(),
            segment_history: SegmentHistory::default(),
            identity: Identity::default(),
            settings: SettingsHistory::default(),
            initiatives: Initiatives::default(),
            imports: Imports::default(),
            directory: Directory::default(),
            segments: Segments::default(),
            groups: Names::default(),
            tiers: Names::default(),
            products: Products::default(),
            first_import: None,
            version: 0,
        }
    }

    /// The number of an account, which gets the next one if no event named it yet.
    ///
    /// Other sources name accounts too (a risk's), perhaps before the accounts service's own
    /// event is read; until then the account is there, without contracts and attributes.
    pub fn intern(&mut self, account: AccountId) -> AccountIx {
        let number = self.ids.intern(account.uuid());
        if self.rows.len() < self.ids.len() {
            self.rows.push_empty();
            self.first_subscription.push(Subscription::LAST);
            self.attributes.grow(self.ids.len());
            self.group_totals.fill_to(1, &0);
        }
        AccountIx(number)
    }

    /// Forgets everything but which account has which number: the log is read anew, while models
    /// of other sources go on using the numbers.
    pub fn reset(&mut self) {
        let ids = std::mem::take(&mut self.ids);
        *self = Self::new(self.today);
        for id in ids.iter() {
            self.intern(AccountId::from(id));
        }
    }

    /// Whether so much was recorded all over memory that [`Self::compacted`] is worth its time.
    #[must_use]
    pub fn is_scattered(&self) -> bool {
        let scattered = self.contracts.scattered();
        scattered > SCATTERED && scattered > self.contracts.facts_len() / 2
    }

    /// History with what belongs to an account in one place, so that folding many of them reads
    /// memory in order. Takes a moment, and twice the memory of history meanwhile.
    #[must_use]
    pub fn compacted(&self) -> Compacted {
        let accounts = 0..crate::store::dense(self.rows.len());
        let order = accounts.flat_map(|account| self.subscriptions_of(account));
        Compacted {
            version: (self.version, self.ids.len()),
            contracts: self.contracts.compacted(order),
            attributes: self.attributes.compacted(),
        }
    }

    /// Puts compacted history in its place, unless something was read meanwhile; answers what is no
    /// longer needed, which takes a moment to drop.
    pub fn put_compacted(&mut self, compacted: Compacted) -> Compacted {
        let version = (self.version, self.ids.len());
        if compacted.version != version {
            return compacted;
        }
        Compacted {
            version,
            contracts: self.contracts.put(compacted.contracts),
            attributes: std::mem::replace(&mut self.attributes, compacted.attributes),
        }
    }

    /// Advances the rows to a new day, folding only those that change; no figure waits for it.
    pub fn roll_to(&mut self, today: Day) {
        // Only a change of time zone goes back, by one day.
        let due = if today < self.today {
            (0..crate::store::dense(self.rows.len())).collect()
        } else {
            self.rows.due(today)
        };
        self.today = today;
        for account in due {
            self.refresh(account);
        }
    }

    /// Folds the row of an account again, and of the one that it was merged into.
    pub(crate) fn refresh(&mut self, account: u32) {
        let survivor = self.identity.survivor(account, Known::NOW);
        if survivor != account {
            let segment = self.rows.get(account).0.segment;
            let marks = Marks::default().and(Marks::MERGED, true);
            let row = Row {
                segment,
                marks,
                ..Row::default()
            };
            self.set_row(account, row, Validity::ALWAYS, &[], Split::default());
        }
        let view = self.fold(survivor, Known::NOW, self.today, None);
        let product = self.products.intern(view.products.as_slice());
        let has_number = product != SEVERAL;
        let parts = view.products.parts();
        let parts = if has_number { parts } else { &[] };
        let row = view.row(product);
        self.set_row(survivor, row, view.validity, parts, view.split);
    }

    fn set_row(
        &mut self,
        account: u32,
        row: Row,
        validity: Validity,
        parts: &[ProductPart],
        split: Split,
    ) {
        let (old, old_validity) = self.rows.get(account);
        self.rows.set(account, row, validity);
        self.group_totals[old.group] -= old.mrr;
        self.group_totals[row.group] += row.mrr;
        if old.has_announced_end() || row.has_announced_end() {
            self.rows.set_split(account, split);
        }
        if old.product >= FIRST_SET || row.product >= FIRST_SET {
            self.rows.set_parts(account, parts);
        }
        if old_validity.until < Day::MAX || validity.until < Day::MAX {
            let later = self.later_rows(account, validity.until);
            self.rows.set_later(account, &later);
        }
    }

    /// What follows on a row that holds until a date: each row from its date on.
    fn later_rows(&mut self, account: u32, until: Day) -> Vec<(Day, Row)> {
        let (mut rows, mut until) = (Vec::new(), until);
        while until < Day::MAX {
            let from = until.plus_days(1);
            let view = self.fold(account, Known::NOW, from, None);
            let product = self.products.intern(view.products.as_slice());
            rows.push((from, view.row(product)));
            until = view.validity.until;
        }
        rows
    }

    /// Numbers of an account's own subscriptions.
    pub(crate) fn subscriptions_of(&self, account: u32) -> impl Iterator<Item = u32> {
        let mut next = self.first_subscription[account];
        std::iter::from_fn(move || {
            let number = next;
            if number == Subscription::LAST {
                return None;
            }
            next = self.contracts.get(number).next;
            Some(number)
        })
    }

    /// Number of the segment that an account was in, as known.
    pub(crate) fn segment_as_known(&self, account: u32, known: Known) -> u32 {
        let current = || self.rows.get(account).0.segment;
        if known == Known::NOW {
            return current();
        }
        if let Some(segment) = self.segment_history.as_known(account, known) {
            return segment;
        }
        let is_known = self
            .attributes
            .opened(account)
            .is_some_and(|at| known.includes(at));
        if is_known { current() } else { 0 }
    }

    /// Bytes allocated, by part.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let (attribute_bytes, first_changes) = self.attributes.bytes();
        Memory {
            accounts: self.ids.len(),
            subscriptions_len: self.contracts.len(),
            facts: self.contracts.facts_len(),
            attribute_changes: self.attributes.len(),
            account_ids: self.ids.bytes(),
            rows: self.rows.bytes() + first_changes + self.first_subscription.bytes(),
            subscriptions: self.contracts.bytes_of_subscriptions(),
            fact_bytes: self.contracts.bytes_of_facts(),
            attribute_bytes,
            shared: self.groups.bytes()
                + self.tiers.bytes()
                + self.products.bytes()
                + self.segments.bytes()
                + self.directory.bytes()
                + self.identity.bytes()
                + self.segment_history.bytes()
                + self.group_totals.bytes()
                + self.rows.bytes_of_splits()
                + self.contracts.bytes_of_days(),
        }
    }
}
