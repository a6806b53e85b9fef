//! Adding up accounts: columns are added up as they are today, rows that are others at the
//! times that are asked for replace them, and only accounts with open risks, announced ends or
//! something to be told about their products are looked at one by one.

use std::borrow::Cow;

use keizoku_revenue::{AccountIx, Columns, Row, RowCore, Split};

use super::parts::{Asked, Figures, Scenario, Seen};
use super::threads::{Members, Surveyed, Visit};
use crate::risks::OpenRisks;

/// Accounts whose history is read ahead together.
const READ_AHEAD: usize = 64;

/// What one thread adds up, and who is shown the accounts that play a part.
pub(super) struct Survey<'a, V> {
    asked: &'a Asked<'a>,
    is_today: bool,
    members: Members,
    figures: Figures,
    totals: Vec<i64>,
    visitor: V,
}

/// Which rows of a chunk are added up as they are, and which of them the filter leaves.
#[derive(Default)]
struct Standing {
    stays: Vec<bool>,
    selected: Vec<bool>,
    /// Those that have to be looked at.
    wanted: Vec<bool>,
}

impl<'a, V: Visit<'a>> Survey<'a, V> {
    pub(super) fn new(asked: &'a Asked<'a>, members: Members, visitor: V) -> Self {
        let totals = if members == Members::Totals {
            vec![0; asked.book.groups().len()]
        } else {
            Vec::new()
        };
        Self {
            asked,
            is_today: asked.as_of.known_at.is_none() && asked.as_of.on == asked.book.today(),
            members,
            figures: Figures::default(),
            totals,
            visitor,
        }
    }

    pub(super) fn found(self) -> Surveyed<V> {
        Surveyed {
            figures: self.figures,
            visits: vec![self.visitor],
            totals: self.totals,
        }
    }

    /// Looks at chunks of the rows, in whatever order.
    pub(super) fn look_through(&mut self, chunks: impl Iterator<Item = Columns<'a>>) {
        let (mut standing, mut places, mut ahead) = (Standing::default(), Vec::new(), Vec::new());
        for columns in chunks {
            self.replace(&columns, &mut standing);
            self.add_columns(&columns, &mut standing, &mut places);
            self.find(&columns, &mut standing, &mut places);
            let mut splits = columns.splits().peekable();
            for places in places.chunks(READ_AHEAD) {
                self.read_ahead(&columns, places, &mut ahead);
                for place in places.iter().copied().map(usize::from) {
                    while splits.next_if(|(other, _)| *other < place).is_some() {}
                    let split = splits.next_if(|(other, _)| *other == place);
                    let split = split.map(|(_, split)| split);
                    self.look(&columns, place, standing.selected[place], split);
                }
            }
        }
    }

    /// Looks at the rows that are others at the times asked for, and takes those of today out.
    fn replace(&mut self, columns: &Columns<'_>, standing: &mut Standing) {
        let Asked {
            book,
            selection,
            as_of,
            ..
        } = self.asked;
        standing.stays.clear();
        standing.stays.resize(columns.len(), true);
        standing.selected.clear();
        standing.selected.resize(columns.len(), true);
        selection.mark(columns, &mut standing.selected);
        book.other_rows(columns, *as_of, |place, row| {
            self.put(columns, place, row.as_ref(), standing);
        });
        if let Some(product) = selection.product.as_ref().filter(|one| one.has_unknown()) {
            for place in 0..columns.len() {
                if product.is_unknown(columns.products()[place]) && standing.stays[place] {
                    self.put(columns, place, Some(&columns.row(place)), standing);
                }
            }
        }
    }

    /// Puts another row in the place of the one that is added up, or none.
    fn put(
        &mut self,
        columns: &Columns<'_>,
        place: usize,
        row: Option<&Row>,
        standing: &mut Standing,
    ) {
        standing.stays[place] = false;
        standing.selected[place] = false;
        if self.asked.selection.product.is_none() {
            // The totals that the book keeps have what it has today.
            self.add_to_group(columns.groups()[place], -columns.mrr()[place]);
        }
        if let Some(row) = row {
            self.look_at_row(columns.account(place), row);
        }
    }

    /// Adds rows as they are today; one that is not active has no MRR.
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "a branch would be guessed wrongly as often as there are such rows"
    )]
    fn add_columns(
        &mut self,
        columns: &Columns<'_>,
        standing: &mut Standing,
        places: &mut Vec<u16>,
    ) {
        let number = columns.len();
        let Standing {
            stays,
            selected,
            wanted,
        } = standing;
        let (stays, selected) = (&stays[..number], &selected[..number]);
        let (mrr, marks) = (&columns.mrr()[..number], &columns.marks()[..number]);
        let Some(product) = &self.asked.selection.product else {
            for place in 0..number {
                // Masked instead of multiplied or skipped: several rows at once.
                let mask = -i64::from(selected[place]);
                self.figures.mrr += mrr[place] & mask;
                self.figures.active += i64::from(marks[place].is_active()) & mask;
            }
            return;
        };
        let (products, groups) = (&columns.products()[..number], &columns.groups()[..number]);
        wanted.clear();
        wanted.resize(number, false);
        for place in 0..number {
            let counts = product.is_all_of(products[place]) & stays[place];
            let mask = -i64::from(counts & selected[place]);
            self.figures.mrr += mrr[place] & mask;
            self.figures.active += i64::from(marks[place].is_active()) & mask;
            wanted[place] = counts & (groups[place] != 0);
        }
        if self.members == Members::Totals {
            places.clear();
            list(wanted, places);
            for place in places.iter().copied().map(usize::from) {
                self.totals[groups[place] as usize] += mrr[place];
            }
        }
        columns.for_each_part(product, |place, mrr| {
            if selected[place] {
                self.figures.mrr += mrr;
                self.figures.active += 1;
            }
            if stays[place] {
                self.add_to_group(groups[place], mrr);
            }
        });
    }

    /// Finds the rows of a chunk that have to be looked at: those that the filter leaves and that
    /// have open risks, perhaps their duplicates', and those with announced ends.
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "a branch would be guessed wrongly as often as there are such rows"
    )]
    fn find(&self, columns: &Columns<'_>, standing: &mut Standing, places: &mut Vec<u16>) {
        let Standing {
            stays,
            selected,
            wanted,
        } = standing;
        let open = self.asked.open.chunk(columns.first());
        let counts_unknown = matches!(
            self.asked.scenario,
            Scenario::UnknownAtPresent | Scenario::Red
        );
        let counted = OpenRisks {
            leads_to_churn: u16::MAX,
            unknown: if counts_unknown { u16::MAX } else { 0 },
        };
        let every_member = self.members != Members::Ignored;
        wanted.clear();
        let rows = columns.marks().iter().zip(&*stays).zip(&*selected);
        wanted.extend(rows.map(|((mark, stays), selected)| {
            let is_announced = mark.has_announced_end() & (every_member | selected);
            mark.has_aliases() & selected | is_announced & stays
        }));
        for ((wanted, selected), open) in wanted.iter_mut().zip(&*selected).zip(open) {
            *wanted |= open.has_any_of(counted) & selected;
        }
        if let Some(red) = &self.asked.red {
            let red = &red[columns.first() as usize..];
            for ((wanted, selected), is_red) in wanted.iter_mut().zip(&*selected).zip(red) {
                *wanted |= is_red & selected;
            }
        }
        places.clear();
        list(wanted, places);
    }

    /// Reads ahead what looking at these places will take from history.
    fn read_ahead(&self, columns: &Columns<'_>, places: &[u16], accounts: &mut Vec<AccountIx>) {
        let Asked {
            selection, as_of, ..
        } = self.asked;
        if self.is_today && selection.product.is_none() {
            return;
        }
        let needs_history = |place: &usize| {
            if selection.may_have_part(columns.products()[*place]) {
                self.part(columns, *place).is_none()
            } else {
                columns.needs_history(*place, as_of.on)
            }
        };
        accounts.clear();
        let places = places.iter().copied().map(usize::from);
        accounts.extend(
            places
                .filter(needs_history)
                .map(|place| columns.account(place)),
        );
        self.asked.book.read_ahead(accounts);
    }

    /// Looks at an account whose row stays as it is today.
    fn look(
        &mut self,
        columns: &Columns<'a>,
        place: usize,
        is_selected: bool,
        split: Option<&'a Split>,
    ) {
        let asked = self.asked;
        let (account, core) = (columns.account(place), columns.core(place));
        let products = columns.products()[place];
        let is_all = asked.selection.has_all_in_product(products);
        if !core.marks.is_active() || !is_all && !asked.selection.may_have_part(products) {
            return;
        }
        let part = (!is_all).then(|| self.part(columns, place)).flatten();
        let is_kept = is_all && (self.is_today || core.renewal_stays());
        let split = split.filter(|split| is_kept && !self.has_passed(split));
        self.hand_on(account, core, is_selected, || match split {
            Some(split) => Some(Seen {
                core,
                split: Some(Cow::Borrowed(split)),
            }),
            None => match part {
                Some(core) => Some(Seen { core, split: None }),
                None => asked.see(account, core, is_all),
            },
        });
    }

    /// Whether the rest would have renewed by the date, and may have done so by itself: the row,
    /// which has the earliest renewal of all, says nothing about that.
    fn has_passed(&self, split: &Split) -> bool {
        let renewal = split.rest.and_then(|rest| rest.next_renewal);
        renewal.is_some_and(|renewal| renewal < self.asked.as_of.on)
    }

    /// What is kept of a product that the account has among others; `None` where history has to
    /// tell, as about every past date.
    fn part(&self, columns: &Columns<'_>, place: usize) -> Option<RowCore> {
        let Asked {
            book,
            selection,
            as_of,
            ..
        } = self.asked;
        let product = selection
            .product
            .as_ref()
            .filter(|_| as_of.on >= book.today())?;
        columns.part_core(place, product, as_of.on)
    }

    /// Adds an account as a row says, restricted to the product, and hands it on.
    fn look_at_row(&mut self, account: AccountIx, row: &Row) {
        let asked = self.asked;
        let is_all = asked.selection.has_all_in_product(row.product);
        if !is_all && !asked.selection.may_have_part(row.product) {
            return;
        }
        let is_selected = asked.selection.includes(account, row);
        if !is_selected && !self.members.need(&row.core()) {
            return;
        }
        let mut seen = None;
        let mut core = row.core();
        if !is_all {
            seen = asked.see(account, core, is_all);
            let Some(seen) = &seen else { return };
            core = seen.core;
        }
        self.add_to_group(core.group, core.mrr);
        if is_selected {
            self.figures.mrr += core.mrr;
            self.figures.active += 1;
        }
        self.hand_on(account, core, is_selected, || {
            seen.or_else(|| asked.see(account, core, is_all))
        });
    }

    fn add_to_group(&mut self, group: u32, mrr: i64) {
        if let Some(total) = self.totals.get_mut(group as usize) {
            *total += mrr;
        }
    }

    /// Counts the risks of an account as it is on the date, and shows it to the visitor if it may
    /// have parts; only then `see` is called.
    fn hand_on(
        &mut self,
        account: AccountIx,
        core: RowCore,
        is_selected: bool,
        see: impl FnOnce() -> Option<Seen<'a>>,
    ) {
        let asked = self.asked;
        let has_announced = core.marks.has_announced_end();
        if !is_selected {
            let is_member = self.members != Members::Ignored && core.group != 0;
            if is_member
                && has_announced
                && let Some(seen) = see()
            {
                self.visitor.visit(account, &seen, None);
            }
            return;
        }
        let open = asked.open.get(asked.book, account, core.marks);
        let plays_a_part = has_announced || asked.includes(account, open);
        if open.leads_to_churn == 0 && !plays_a_part {
            return;
        }
        self.figures.at_risk += i64::from(open.leads_to_churn > 0);
        if plays_a_part && let Some(seen) = see() {
            self.visitor.visit(account, &seen, Some(open));
        }
    }
}

impl Members {
    /// Whether an account outside the filter plays a part.
    fn need(self, core: &RowCore) -> bool {
        let is_wanted = match self {
            Self::Ignored => false,
            Self::Announced => core.marks.has_announced_end(),
            Self::Totals => true,
        };
        core.group != 0 && is_wanted
    }
}

/// Adds the places of what is true, in order.
fn list(all: &[bool], places: &mut Vec<u16>) {
    // By masks of 64, so that there is one wrong guess in 64 rows instead of one for each found.
    for (word, first) in all.chunks(64).zip((0u16..).step_by(64)) {
        let mask = word
            .iter()
            .rfold(0, |mask: u64, is_true| mask << 1 | u64::from(*is_true));
        let mut left = mask;
        while left != 0 {
            places.push(first + u16::try_from(left.trailing_zeros()).unwrap_or(0));
            left &= left - 1;
        }
    }
}
