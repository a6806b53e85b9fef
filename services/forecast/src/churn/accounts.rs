use keizoku_core::{AccountId, Day, Money};
use keizoku_revenue::{AccountIx, Book};

use super::buckets::BucketKey;
use super::forecast::Question;
use super::parts::{Asked, Basis, Part, Take, Whose};
use crate::boards::Boards;
use crate::owner::OwnerId;
use crate::risks::OpenRisks;

/// An account's part in a bucket of a forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForecastAccount {
    /// The account.
    pub account: AccountId,
    /// The bucket.
    pub bucket: BucketKey,
    /// The date that puts it there; `None` in UNKNOWN.
    pub date: Option<Day>,
    /// Its MRR in this bucket.
    pub mrr: Money,
    /// Whether a cancellation was announced.
    pub announced: bool,
    /// Its open risks.
    pub open_risks: OpenRisks,
    /// Who looks after it.
    pub owner: OwnerId,
}

/// Some of the accounts behind a forecast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPage {
    /// By date, then by id; unknown dates last.
    pub accounts: Vec<ForecastAccount>,
    /// How many there are in all.
    pub total: usize,
}

/// An account in a bucket, small enough to sort all of them.
#[derive(Clone, Copy)]
struct Entry {
    account: AccountIx,
    part: Part,
}

/// The accounts behind a forecast, one entry per account and bucket; `bucket` keeps one bucket.
/// On basis GROUP these are the active members of groups at risk, each with its own MRR, in the
/// bucket of its group: in every bucket the entries add up to the forecast's MRR.
#[must_use]
pub fn accounts<'a>(
    book: &'a Book,
    boards: impl Into<Boards<'a>>,
    question: &Question,
    bucket: Option<BucketKey>,
    offset: usize,
    size: usize,
) -> AccountPage {
    let asked = Asked::of(book, boards.into(), question);
    let on = question.as_of.on;
    let mut entries = match question.basis {
        Basis::Account => entries_by_account(&asked, on),
        Basis::Group => entries_by_group(&asked, on),
    };
    if let Some(bucket) = bucket {
        entries.retain(|entry| BucketKey::of(entry.part.date, on) == bucket);
    }
    let total = entries.len();
    let page = sorted_page(&mut entries, offset, size, |entry| {
        (
            entry.part.date.is_none(),
            entry.part.date,
            book.account_id(entry.account),
        )
    });
    let shown = |entry: &Entry| ForecastAccount {
        account: book.account_id(entry.account),
        bucket: BucketKey::of(entry.part.date, on),
        date: entry.part.date,
        mrr: Money::from_minor(entry.part.mrr),
        announced: entry.part.announced,
        open_risks: asked.open.of_all(book, entry.account),
        owner: OwnerId::of(
            book.attributes_on(entry.account, question.as_of).0.owner,
            book,
        ),
    };
    AccountPage {
        accounts: page.iter().map(shown).collect(),
        total,
    }
}

/// Entries that one thread found, and the groups that are at risk whole.
struct Entries {
    on: Day,
    accounts: Vec<Entry>,
    groups: Vec<(u32, Option<Day>)>,
}

impl Entries {
    fn new(on: Day) -> Self {
        Self {
            on,
            accounts: Vec::new(),
            groups: Vec::new(),
        }
    }
}

impl Take for Entries {
    fn take(&mut self, whose: Whose, parts: &[Part]) {
        match whose {
            Whose::Account(account) => push_account(&mut self.accounts, account, parts, self.on),
            Whose::Group(group) => {
                let dates = parts.iter().map(|part| (group, part.date));
                self.groups.extend(dates);
            }
        }
    }
}

fn entries_by_account(asked: &Asked<'_>, on: Day) -> Vec<Entry> {
    let (taken, _) = asked.by_account(|| Entries::new(on));
    taken.into_iter().flat_map(|taken| taken.accounts).collect()
}

fn entries_by_group(asked: &Asked<'_>, on: Day) -> Vec<Entry> {
    let (taken, _) = asked.by_group(|| Entries::new(on));
    let mut entries = Vec::new();
    let mut whole = vec![None; asked.book.groups().len()];
    for taken in taken {
        entries.extend(taken.accounts);
        for (group, date) in taken.groups {
            whole[group as usize] = Some(date);
        }
    }
    asked.book.scan(asked.as_of, |account, row| {
        let Some(date) = whole[row.group as usize] else {
            return;
        };
        let is_all = asked.selection.has_all_in_product(row.product);
        if !is_all && !asked.selection.may_have_part(row.product) {
            return;
        }
        let Some(seen) = asked.see(account, row.core(), is_all) else {
            return;
        };
        let announced = seen.split.is_some_and(|split| split.has_announced());
        entries.push(Entry {
            account,
            part: Part {
                date,
                mrr: seen.core.mrr,
                announced,
            },
        });
    });
    entries
}

/// Parts of an account in one bucket become one entry, at the earliest date.
fn push_account(entries: &mut Vec<Entry>, account: AccountIx, parts: &[Part], on: Day) {
    let first = entries.len();
    for part in parts {
        let key = BucketKey::of(part.date, on);
        let same = entries[first..]
            .iter_mut()
            .find(|entry| BucketKey::of(entry.part.date, on) == key);
        match same {
            None => entries.push(Entry {
                account,
                part: *part,
            }),
            Some(entry) => {
                entry.part.mrr += part.mrr;
                entry.part.announced |= part.announced;
                entry.part.date = entry.part.date.min(part.date);
            }
        }
    }
}

/// A page of the entries in the order of `key`; only the page itself is sorted.
pub(crate) fn sorted_page<T, K: Ord>(
    entries: &mut [T],
    offset: usize,
    size: usize,
    key: impl Fn(&T) -> K,
) -> &[T] {
    if offset >= entries.len() {
        return &[];
    }
    if offset > 0 {
        entries.select_nth_unstable_by_key(offset, &key);
    }
    let rest = &mut entries[offset..];
    let size = size.min(rest.len());
    if size < rest.len() {
        rest.select_nth_unstable_by_key(size, &key);
    }
    let page = &mut rest[..size];
    page.sort_unstable_by_key(key);
    page
}
