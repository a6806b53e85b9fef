//! Going through all accounts. As known now, columns say what accounts have today, and what is
//! different on another date is added; only accounts with open risks, announced ends or several
//! products are looked at one by one. As known at an instant every account is folded.

use std::borrow::Cow;
use std::ops::Range;

use keizoku_revenue::{AccountIx, Columns, Row, RowCore, Split};

use super::differences::Differences;
use super::parts::{Asked, Figures, Seen};
use super::spans::{Members, Surveyed, Visit};

/// Accounts whose history is read ahead together.
const READ_AHEAD: usize = 64;

/// What is added up in a span, and who is shown the accounts that play a part.
pub(super) struct Survey<'a, 'd, V> {
    asked: &'a Asked<'a>,
    is_today: bool,
    members: Members,
    /// What is different on the date.
    differences: &'d Differences,
    figures: Figures,
    totals: Vec<i64>,
    visitor: V,
}

impl<'a, 'd, V: Visit<'a>> Survey<'a, 'd, V> {
    pub(super) fn new(
        asked: &'a Asked<'a>,
        members: Members,
        differences: &'d Differences,
        visitor: V,
    ) -> Self {
        let totals = if members == Members::Totals {
            vec![0; asked.book.groups().len()]
        } else {
            Vec::new()
        };
        Self {
            asked,
            is_today: asked.as_of.on == asked.book.today(),
            members,
            differences,
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

    /// Looks at some chunks of the rows of now.
    pub(super) fn look_at_span(&mut self, chunks: Range<usize>) {
        let Asked {
            book, selection, ..
        } = self.asked;
        let mut columns = book
            .columns()
            .skip(chunks.start)
            .take(chunks.len())
            .peekable();
        let first = columns.peek().map_or(0, Columns::first);
        let mut splits = book.splits_today_from(AccountIx(first)).peekable();
        let (mut selected, mut places, mut ahead) = (Vec::new(), Vec::new(), Vec::new());
        for columns in columns {
            selected.clear();
            selected.resize(columns.len(), true);
            selection.mark(&columns, &mut selected);
            self.add_columns(&columns, &selected);
            if !self.is_today {
                self.add_differences(&columns, &selected);
            }
            self.find(&columns, &mut places);
            for places in places.chunks(READ_AHEAD) {
                self.read_ahead(&columns, places, &mut ahead);
                for place in places.iter().copied().map(usize::from) {
                    let account = columns.account(place);
                    while splits.next_if(|(other, _)| *other < account).is_some() {}
                    let split = splits.next_if(|(other, _)| *other == account);
                    self.look(
                        &columns,
                        place,
                        selected[place],
                        split.map(|(_, split)| split),
                    );
                }
            }
        }
    }

    /// Adds what accounts have today; a row that is not active has no MRR.
    fn add_columns(&mut self, columns: &Columns<'_>, selected: &[bool]) {
        let number = selected.len();
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
        for place in (0..number).filter(|place| product.is_all_of(products[*place])) {
            if selected[place] {
                self.figures.mrr += mrr[place];
                self.figures.active += i64::from(marks[place].is_active());
            }
            self.add_to_group(groups[place], mrr[place]);
        }
    }

    /// Adds what is different on the date about the accounts that the columns tell.
    fn add_differences(&mut self, columns: &Columns<'_>, selected: &[bool]) {
        let number = selected.len();
        let (marks, groups) = (&columns.marks()[..number], &columns.groups()[..number]);
        let product = self.asked.selection.product.as_ref();
        for place in 0..number {
            let (mrr, active) = self.differences.get(columns.account(place));
            if mrr == 0 && active == 0 {
                continue;
            }
            let mark = marks[place];
            let has_part = || product.is_some_and(|one| one.is_part_of(columns.products()[place]));
            let is_told_otherwise = mark.is_merged()
                || mark.has_aliases()
                || has_part()
                || self.differences.needs_fold(columns.account(place));
            if is_told_otherwise {
                continue;
            }
            self.add_to_group(groups[place], mrr);
            if selected[place] {
                self.figures.mrr += mrr;
                self.figures.active += active;
            }
        }
    }

    /// Finds the rows of a chunk that have to be looked at.
    fn find(&self, columns: &Columns<'_>, places: &mut Vec<u16>) {
        let open = self.asked.open.chunk(columns.first());
        let (with_open, without) = columns.marks().split_at(open.len().min(columns.len()));
        places.resize(columns.len(), 0);
        let mut found = 0;
        // Without branches, which would be guessed wrongly as often as there are risks.
        for (place, (mark, open)) in (0u16..).zip(with_open.iter().zip(open)) {
            places[found] = place;
            found += usize::from(!open.is_none() | mark.has_announced_end() | mark.has_aliases());
        }
        for (place, mark) in (0u16..)
            .zip(columns.marks())
            .skip(with_open.len())
            .take(without.len())
        {
            places[found] = place;
            found += usize::from(mark.has_announced_end() | mark.has_aliases());
        }
        places.truncate(found);
        self.find_more(columns, places);
    }

    /// Adds the rows that this question alone has to look at.
    fn find_more(&self, columns: &Columns<'_>, places: &mut Vec<u16>) {
        let before = places.len();
        if let Some(product) = &self.asked.selection.product {
            let mut found = before;
            places.resize(before + columns.len(), 0);
            for (place, number) in (0u16..).zip(columns.products()) {
                places[found] = place;
                found += usize::from(product.is_part_of(*number));
            }
            places.truncate(found);
        }
        places.extend(self.differences.to_fold(columns.first(), columns.len()));
        if places.len() > before {
            places.sort_unstable();
            places.dedup();
        }
    }

    /// Reads ahead what looking at these places will take from history.
    fn read_ahead(&self, columns: &Columns<'_>, places: &[u16], accounts: &mut Vec<AccountIx>) {
        let product = self.asked.selection.product.as_ref();
        if self.is_today && product.is_none() {
            return;
        }
        let on = self.asked.as_of.on;
        let needs_history = |place: &usize| {
            product.is_some_and(|product| product.is_part_of(columns.products()[*place]))
                || !self.is_today && !columns.is_right(*place, on)
                || self.differences.needs_fold(columns.account(*place))
        };
        accounts.clear();
        let places = places
            .iter()
            .copied()
            .map(usize::from)
            .filter(needs_history);
        accounts.extend(places.map(|place| columns.account(place)));
        self.asked.book.read_ahead(accounts);
    }

    /// Looks at an account: what columns and differences say wrongly of it is replaced, and it is
    /// handed on.
    fn look(
        &mut self,
        columns: &Columns<'a>,
        place: usize,
        is_selected: bool,
        split: Option<&'a Split>,
    ) {
        let asked = self.asked;
        let (account, marks) = (columns.account(place), columns.marks()[place]);
        if marks.is_merged() {
            return;
        }
        let product = asked.selection.product.as_ref();
        let in_part = product.is_some_and(|product| product.is_part_of(columns.products()[place]));
        let is_other =
            !self.is_today && (marks.has_aliases() || self.differences.needs_fold(account));
        let is_right = self.is_today || columns.is_right(place, asked.as_of.on);
        if in_part && is_right && !is_other && !marks.has_aliases() {
            self.look_at_part(account, columns, place, is_selected);
            return;
        }
        if in_part || is_other {
            self.look_again(columns, place, in_part);
            return;
        }
        let is_all = product.is_none_or(|product| product.is_all_of(columns.products()[place]));
        let is_wanted = is_selected || (self.members != Members::Ignored && split.is_some());
        if !is_all || !is_wanted {
            return;
        }
        if is_right && marks.is_active() {
            let core = columns.core(place);
            let is_kept = self.is_today || core.renewal_stays();
            let split = split.map(|split| {
                if is_kept {
                    Cow::Borrowed(split)
                } else {
                    Cow::Owned(asked.split_on(account))
                }
            });
            self.hand_on(account, Seen { core, split }, is_selected);
        } else if !is_right {
            self.look_at_another_date(account, columns, place, is_selected, split);
        }
    }

    /// An account that has other products as well, and whose row is right.
    fn look_at_part(
        &mut self,
        account: AccountIx,
        columns: &Columns<'a>,
        place: usize,
        is_selected: bool,
    ) {
        let core = columns.core(place);
        let is_member = self.members.need(&core);
        if !core.marks.is_active() || !(is_selected || is_member) {
            return;
        }
        let split = self.asked.split_on(account);
        if !split.is_empty() {
            let mut core = core;
            core.mrr = split.mrr().minor();
            self.add(&core, is_selected, 1);
            let split = Some(Cow::Owned(split));
            self.hand_on(account, Seen { core, split }, is_selected);
        }
    }

    /// An account whose figures the differences say, but whose parts history has to tell.
    fn look_at_another_date(
        &mut self,
        account: AccountIx,
        columns: &Columns<'a>,
        place: usize,
        is_selected: bool,
        split: Option<&'a Split>,
    ) {
        let asked = self.asked;
        let on = asked.as_of.on;
        let is_gone = |split: &Split| {
            split.rest.is_none()
                && on > asked.book.today()
                && split.announced().all(|part| part.end <= on)
        };
        if split.is_some_and(is_gone) {
            return;
        }
        let split = asked.split_on(account);
        if !split.is_empty() {
            let mut core = columns.core(place);
            core.mrr = split.mrr().minor();
            self.hand_on(
                account,
                Seen {
                    core,
                    split: Some(Cow::Owned(split)),
                },
                is_selected,
            );
        }
    }

    /// An account that columns and differences together do not tell: they are taken back.
    fn look_again(&mut self, columns: &Columns<'a>, place: usize, in_part: bool) {
        let Asked {
            book,
            as_of,
            selection,
            ..
        } = self.asked;
        let (account, today) = (columns.account(place), columns.row(place));
        let is_right = self.is_today || columns.is_right(place, as_of.on);
        let row = if is_right {
            Some(today)
        } else {
            book.folded_row(account, *as_of)
        };
        if !in_part && selection.has_all_in_product(today.product) {
            self.add(&today.core(), selection.includes(&today), -1);
        }
        if let Some(row) = row.filter(Row::is_active) {
            self.look_at_row(account, &row);
        }
    }

    /// Adds an account as its row says, restricted to the product, and hands it on.
    pub(super) fn look_at_row(&mut self, account: AccountIx, row: &Row) {
        let is_selected = self.asked.selection.includes(row);
        let is_member = self.members.need(&row.core());
        if !is_selected && !is_member {
            return;
        }
        if let Some(seen) = self.asked.see(account, row) {
            self.add(&seen.core, is_selected, 1);
            self.hand_on(account, seen, is_selected);
        }
    }

    fn add_to_group(&mut self, group: u32, mrr: i64) {
        if let Some(total) = self.totals.get_mut(group as usize) {
            *total += mrr;
        }
    }

    /// Adds an account, or takes it away again: to its group, and to the figures if it is selected.
    fn add(&mut self, core: &RowCore, is_selected: bool, accounts: i64) {
        self.add_to_group(core.group, accounts * core.mrr);
        if is_selected && core.marks.is_active() {
            self.figures.mrr += accounts * core.mrr;
            self.figures.active += accounts;
        }
    }

    /// Counts the risks of an account as it is on the date, and hands it on if it has parts.
    fn hand_on(&mut self, account: AccountIx, seen: Seen<'a>, is_selected: bool) {
        let asked = self.asked;
        if !is_selected {
            let is_member = self.members != Members::Ignored && seen.core.group != 0;
            if is_member && seen.split.is_some() {
                self.visitor.visit(account, seen, None);
            }
            return;
        }
        let open = asked.open.get(asked.book, account, seen.core.marks);
        self.figures.at_risk += i64::from(open.leads_to_churn > 0);
        if seen.split.is_some() || asked.scenario.includes(open) {
            self.visitor.visit(account, seen, Some(open));
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
