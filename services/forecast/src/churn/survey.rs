//! Going through all accounts: most have no open risk and no announced end, and only add to the
//! figures. As known now those are read from columns, on another date with the differences from
//! today; as known at an instant every account is folded.

use keizoku_revenue::{AccountIx, Columns, Row};

use super::parts::{Asked, Figures, Seen};
use crate::risks::OpenRisks;

/// Members of groups, which basis GROUP needs from outside the filter as well.
pub(crate) struct Members {
    /// Total MRR by number of the group, where the book does not keep it for this question.
    pub(crate) totals: Option<Vec<i64>>,
}

/// What a survey adds up, and what it hands on.
struct Survey<'a, V> {
    asked: &'a Asked<'a>,
    figures: Figures,
    members: Option<&'a mut Members>,
    visit: V,
    /// A product whose number is too large for a column is looked for in several-product rows.
    product: Option<u16>,
    /// Accounts whose rows and differences do not say it all, by number; empty for today.
    needs_fold: Vec<u64>,
}

impl Asked<'_> {
    /// Adds up the accounts that the filter leaves, and calls `visit` for those at risk in the
    /// scenario or with announced ends; with `members` also for members of groups outside the
    /// filter, without open risks.
    pub(crate) fn survey(
        &self,
        members: Option<&mut Members>,
        visit: impl FnMut(AccountIx, Seen, Option<OpenRisks>),
    ) -> Figures {
        let product = self.selection.product;
        let mut survey = Survey {
            asked: self,
            figures: Figures::default(),
            members,
            visit,
            product: product.map(|product| u16::try_from(product).unwrap_or(Row::SEVERAL)),
            needs_fold: Vec::new(),
        };
        if self.as_of.known_at.is_some() {
            self.book
                .scan(self.as_of, |account, row| survey.look(account, row));
        } else {
            survey.columns();
        }
        survey.figures
    }
}

impl<V: FnMut(AccountIx, Seen, Option<OpenRisks>)> Survey<'_, V> {
    fn columns(&mut self) {
        let Asked { book, as_of, .. } = self.asked;
        let is_today = as_of.on == book.today();
        if !is_today {
            self.needs_fold = vec![0; book.len().div_ceil(64)];
            for difference in book
                .differences(as_of.on)
                .filter(|difference| difference.needs_fold)
            {
                let account = difference.account.0;
                self.needs_fold[account as usize / 64] |= 1 << (account % 64);
            }
        }
        for columns in book.columns() {
            self.chunk(columns, is_today);
        }
        if !is_today {
            self.differences();
        }
    }

    /// Accounts that a column says all about are added here; the others are looked at.
    fn chunk(&mut self, columns: Columns<'_>, is_today: bool) {
        let number = columns.len();
        let (mrr, marks) = (&columns.mrr()[..number], &columns.marks()[..number]);
        let (owners, tiers) = (&columns.owners()[..number], &columns.tiers()[..number]);
        let (segments, groups) = (&columns.segments()[..number], &columns.groups()[..number]);
        let products = &columns.products()[..number];
        let asked = self.asked;
        let open = asked.open.chunk(columns.first());
        let everything = asked.selection.is_everything();
        for (place, account) in (0..number).zip((columns.first()..).map(AccountIx)) {
            let open = open.get(place).copied().unwrap_or_default();
            let mark = marks[place];
            let is_split = mark.has_announced_end() || mark.has_aliases();
            let has_more = is_split || self.product.is_some() && products[place] == Row::SEVERAL;
            if !is_today && (has_more || !open.is_none() || self.is_to_be_folded(account)) {
                if !mark.is_merged() {
                    self.look_at(account, &columns, place);
                }
                continue;
            }
            if has_more {
                if mark.is_active() {
                    self.look(account, columns.row(place));
                }
                continue;
            }
            if self
                .product
                .is_some_and(|product| product != products[place])
            {
                continue;
            }
            if let Some(members) = &mut self.members {
                members.add(groups[place], mrr[place]);
            }
            let is_selected = everything
                || asked
                    .selection
                    .includes_account(owners[place], tiers[place], segments[place]);
            if !is_selected {
                continue;
            }
            // A row that is not active has no MRR.
            self.figures.mrr += mrr[place];
            self.figures.active += i64::from(mark.is_active());
            if !open.is_none() && mark.is_active() {
                self.figures.at_risk += i64::from(open.leads_to_churn > 0);
                if asked.scenario.includes(open) {
                    let seen = Seen {
                        row: columns.row(place),
                        split: None,
                    };
                    (self.visit)(account, seen, Some(open));
                }
            }
        }
    }

    /// Adds what is different on the date about accounts that were not looked at.
    fn differences(&mut self) {
        let asked = self.asked;
        let everything = asked.selection.is_everything();
        for difference in asked.book.differences(asked.as_of.on) {
            let account = difference.account;
            if self
                .product
                .is_some_and(|product| product != difference.product)
                || self.is_to_be_folded(account)
                || !asked.open.own(account).is_none()
            {
                continue;
            }
            let row = asked.book.row(account);
            let is_split = row.has_announced_end() || row.has_aliases() || row.marks.is_merged();
            if is_split || self.product.is_some() && row.product == Row::SEVERAL {
                continue;
            }
            if let Some(members) = &mut self.members {
                members.add(row.group, difference.mrr);
            }
            if everything || asked.selection.includes(&row) {
                self.figures.mrr += difference.mrr;
                self.figures.active += difference.active;
            }
        }
    }

    fn is_to_be_folded(&self, account: AccountIx) -> bool {
        let word = self.needs_fold.get(account.0 as usize / 64);
        word.is_some_and(|word| word >> (account.0 % 64) & 1 != 0)
    }

    /// Looks at an account as it is on the date.
    fn look_at(&mut self, account: AccountIx, columns: &Columns<'_>, place: usize) {
        let Asked { book, as_of, .. } = self.asked;
        if columns.is_right(place, as_of.on) {
            if columns.marks()[place].is_active() {
                self.look(account, columns.row(place));
            }
        } else if let Some(row) = book.folded_row(account, *as_of) {
            self.look(account, row);
        }
    }

    /// Looks at an active account, given its row on the date.
    fn look(&mut self, account: AccountIx, row: Row) {
        let asked = self.asked;
        let is_selected = asked.selection.includes(&row);
        let is_member = || {
            self.members
                .as_ref()
                .is_some_and(|members| members.need(&row))
        };
        if !is_selected && !is_member() {
            return;
        }
        let Some(seen) = asked.see(account, row) else {
            return;
        };
        if let Some(members) = &mut self.members {
            members.add(seen.row.group, seen.row.mrr);
        }
        let open = is_selected.then(|| asked.open.get(asked.book, account, &seen.row));
        if let Some(open) = open {
            self.figures.mrr += seen.row.mrr;
            self.figures.active += 1;
            self.figures.at_risk += i64::from(open.leads_to_churn > 0);
        }
        if seen.split.is_some() || open.is_some_and(|open| asked.scenario.includes(open)) {
            (self.visit)(account, seen, open);
        }
    }
}

impl Members {
    /// Whether an account outside the filter plays a part.
    fn need(&self, row: &Row) -> bool {
        row.group != 0 && (self.totals.is_some() || row.has_announced_end())
    }

    fn add(&mut self, group: u32, mrr: i64) {
        if let Some(totals) = &mut self.totals {
            totals[group as usize] += mrr;
        }
    }
}
