//! Going through all accounts. As known now, columns say what accounts have today; what is
//! different on another date is added; and only accounts with open risks, announced ends or several
//! products are looked at one by one. As known at an instant every account is folded.

use keizoku_revenue::{AccountIx, Columns, Marks, Row};

use super::parts::{Asked, Figures, Seen};
use crate::risks::OpenRisks;

/// Total MRR of groups, which basis GROUP needs of members outside the filter as well.
pub(crate) struct Members {
    /// By number of the group; `None` where the book keeps them for this question.
    pub(crate) totals: Option<Vec<i64>>,
}

/// What a survey adds up, and what it hands on.
struct Survey<'a, V> {
    asked: &'a Asked<'a>,
    is_today: bool,
    figures: Figures,
    members: Option<&'a mut Members>,
    visit: V,
    /// One bit per account: its row and the differences do not say what it is on the date.
    needs_fold: Vec<u64>,
}

impl Asked<'_> {
    /// Adds up the accounts that the filter leaves, and calls `visit` for those at risk in the
    /// scenario or with announced ends; with `members` also for members of groups outside the
    /// filter with announced ends, without open risks.
    pub(crate) fn survey(
        &self,
        members: Option<&mut Members>,
        visit: impl FnMut(AccountIx, Seen, Option<OpenRisks>),
    ) -> Figures {
        let is_today = self.as_of.on == self.book.today();
        let figures = Figures::default();
        let needs_fold = Vec::new();
        let mut survey = Survey {
            asked: self,
            is_today,
            figures,
            members,
            visit,
            needs_fold,
        };
        if self.as_of.known_at.is_some() {
            self.book.scan(self.as_of, |account, row| {
                if let Some(seen) = self.see(account, row) {
                    survey.add(&seen.row, 1);
                    survey.hand_on(account, seen);
                }
            });
        } else {
            survey.now();
        }
        survey.figures
    }
}

impl<V: FnMut(AccountIx, Seen, Option<OpenRisks>)> Survey<'_, V> {
    fn now(&mut self) {
        let Asked {
            book,
            selection,
            as_of,
            ..
        } = self.asked;
        if !self.is_today {
            self.needs_fold = vec![0; book.len().div_ceil(64)];
            for difference in book
                .differences(as_of.on)
                .filter(|difference| difference.needs_fold)
            {
                let account = difference.account.0;
                self.needs_fold[account as usize / 64] |= 1 << (account % 64);
            }
        }
        let totals = self
            .members
            .as_mut()
            .and_then(|members| members.totals.as_mut());
        if let Some(totals) = totals.filter(|_| selection.product.is_none()) {
            totals.clear();
            totals.extend(book.group_totals());
        }
        let mut places = Vec::new();
        for columns in book.columns() {
            self.add_columns(&columns);
            places.clear();
            self.find(&columns, &mut places);
            for place in &places {
                self.look(&columns, usize::from(*place));
            }
        }
        if !self.is_today {
            self.add_differences();
        }
    }

    /// Adds what the accounts that the filter leaves have today; a row that is not active has no
    /// MRR.
    fn add_columns(&mut self, columns: &Columns<'_>) {
        let selection = &self.asked.selection;
        let number = columns.len();
        let (mrr, marks) = (&columns.mrr()[..number], &columns.marks()[..number]);
        let is_active = |mark: &Marks| i64::from(mark.is_active());
        if selection.product.is_none() && selection.is_everything() {
            self.figures.mrr += mrr.iter().sum::<i64>();
            self.figures.active += marks.iter().map(is_active).sum::<i64>();
            return;
        }
        let (owners, tiers) = (&columns.owners()[..number], &columns.tiers()[..number]);
        let (segments, products) = (&columns.segments()[..number], &columns.products()[..number]);
        let groups = &columns.groups()[..number];
        let has_product = |place: usize| selection.has_all_in_product(products[place]);
        for place in (0..number).filter(|place| has_product(*place)) {
            if selection.includes_account(owners[place], tiers[place], segments[place]) {
                self.figures.mrr += mrr[place];
                self.figures.active += is_active(&marks[place]);
            }
        }
        let totals = self
            .members
            .as_mut()
            .and_then(|members| members.totals.as_mut());
        if let Some(totals) = totals.filter(|_| selection.product.is_some()) {
            for place in (0..number).filter(|place| has_product(*place)) {
                totals[groups[place] as usize] += mrr[place];
            }
        }
    }

    /// Finds the rows of a chunk that have to be looked at.
    fn find(&self, columns: &Columns<'_>, places: &mut Vec<u16>) {
        let open = self.asked.open.chunk(columns.first());
        let product = self.asked.selection.product.as_ref();
        let products = columns.products();
        for (place, mark) in (0u16..).zip(columns.marks()) {
            let open = open.get(usize::from(place)).copied().unwrap_or_default();
            let has_more = mark.has_announced_end()
                || mark.has_aliases()
                || product.is_some_and(|product| product.is_part_of(products[usize::from(place)]))
                || !self.is_today && self.needs_fold(columns.account(place.into()));
            if !open.is_none() || has_more {
                places.push(place);
            }
        }
    }

    /// Looks at an account: what columns and differences say wrongly of it is replaced, and it is
    /// handed on.
    fn look(&mut self, columns: &Columns<'_>, place: usize) {
        let Asked {
            book,
            as_of,
            selection,
            ..
        } = self.asked;
        let (account, today) = (columns.account(place), columns.row(place));
        if today.marks.is_merged() {
            return;
        }
        let row = if self.is_today || columns.is_right(place, as_of.on) {
            Some(today).filter(Row::is_active)
        } else {
            book.folded_row(account, *as_of)
        };
        let seen = row.and_then(|row| self.asked.see(account, row));
        if self.is_left_out(account, &today) {
            if selection.has_all_in_product(today.product) {
                self.add(&today, -1);
            }
            if let Some(seen) = &seen {
                self.add(&seen.row, 1);
            }
        }
        if let Some(seen) = seen {
            self.hand_on(account, seen);
        }
    }

    /// Whether columns and differences together do not say what the account has on the date.
    fn is_left_out(&self, account: AccountIx, today: &Row) -> bool {
        let product = self.asked.selection.product.as_ref();
        product.is_some_and(|product| product.is_part_of(today.product))
            || !self.is_today
                && (today.has_announced_end() || today.has_aliases() || self.needs_fold(account))
    }

    /// Adds what is different on the date.
    fn add_differences(&mut self) {
        let Asked {
            book,
            as_of,
            selection,
            ..
        } = self.asked;
        for difference in book.differences(as_of.on) {
            let account = difference.account;
            if self.needs_fold(account) || !selection.has_all_in_product(difference.product) {
                continue;
            }
            let mut row = book.row(account);
            if row.marks.is_merged() || self.is_left_out(account, &row) {
                continue;
            }
            row.mrr = difference.mrr;
            self.add(&row, 0);
            if selection.includes(&row) {
                self.figures.active += difference.active;
            }
        }
    }

    fn needs_fold(&self, account: AccountIx) -> bool {
        let word = self.needs_fold.get(account.0 as usize / 64);
        word.is_some_and(|word| word >> (account.0 % 64) & 1 != 0)
    }

    /// Adds an account, or takes it away again: to its group, and to the figures if the filter
    /// leaves it. 0 adds its MRR only.
    fn add(&mut self, row: &Row, accounts: i64) {
        let mrr = if accounts < 0 { -row.mrr } else { row.mrr };
        if let Some(totals) = self
            .members
            .as_mut()
            .and_then(|members| members.totals.as_mut())
        {
            totals[row.group as usize] += mrr;
        }
        if self.asked.selection.includes(row) {
            self.figures.mrr += mrr;
            self.figures.active += if row.is_active() { accounts } else { 0 };
        }
    }

    /// Counts the risks of an account as it is on the date, and hands it on if it has parts.
    fn hand_on(&mut self, account: AccountIx, seen: Seen) {
        let asked = self.asked;
        if !asked.selection.includes(&seen.row) {
            if self.members.is_some() && seen.row.group != 0 && seen.split.is_some() {
                (self.visit)(account, seen, None);
            }
            return;
        }
        let open = asked.open.get(asked.book, account, &seen.row);
        self.figures.at_risk += i64::from(open.leads_to_churn > 0);
        if seen.split.is_some() || asked.scenario.includes(open) {
            (self.visit)(account, seen, Some(open));
        }
    }
}
