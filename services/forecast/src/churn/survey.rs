//! Going through all accounts: most have no risk and no announced end, and only add to the figures.

use keizoku_revenue::{AccountIx, Columns, Row};

use super::parts::{Asked, Figures, Seen};
use crate::risks::OpenRisks;

/// Members of groups that a question on basis GROUP needs from outside the filter as well.
pub(crate) struct Members {
    /// Total MRR by number of the group, where the book does not keep it for this question.
    pub(crate) totals: Option<Vec<i64>>,
}

impl Asked<'_> {
    /// Adds up the accounts that the filter leaves, and calls `visit` for those with open risks or
    /// announced ends; with `members` also for members of groups outside the filter with announced
    /// ends. Open risks are `None` outside the filter.
    pub(crate) fn survey(
        &self,
        mut members: Option<&mut Members>,
        mut visit: impl FnMut(AccountIx, Seen, Option<OpenRisks>),
    ) -> Figures {
        let mut figures = Figures::default();
        let mut look = |figures: &mut Figures, members: Option<&mut Members>, account, row: Row| {
            let is_selected = self.selection.includes(&row);
            if !is_selected && !members.as_ref().is_some_and(|members| members.need(&row)) {
                return;
            }
            let Some(seen) = self.see(account, row) else {
                return;
            };
            if let Some(members) = members {
                members.add(seen.row.group, seen.row.mrr);
            }
            let open = is_selected.then(|| self.open.get(self.book, account, &seen.row));
            if let Some(open) = open {
                figures.mrr += seen.row.mrr;
                figures.active += 1;
                figures.at_risk += i64::from(open.leads_to_churn > 0);
            }
            visit(account, seen, open);
        };
        if self.as_of.known_at.is_some() {
            self.book.scan(self.as_of, |account, row| {
                look(&mut figures, members.as_deref_mut(), account, row);
            });
            return figures;
        }
        for columns in self.book.columns() {
            self.survey_chunk(columns, &mut figures, members.as_deref_mut(), &mut look);
        }
        figures
    }

    /// Rows that only add to the figures are added here; the others go to `look`.
    fn survey_chunk(
        &self,
        columns: Columns<'_>,
        figures: &mut Figures,
        mut members: Option<&mut Members>,
        look: &mut impl FnMut(&mut Figures, Option<&mut Members>, AccountIx, Row),
    ) {
        let number = columns.len();
        let (mrr, marks) = (&columns.mrr()[..number], &columns.marks()[..number]);
        let (owners, tiers) = (&columns.owners()[..number], &columns.tiers()[..number]);
        let (segments, groups) = (&columns.segments()[..number], &columns.groups()[..number]);
        let products = &columns.products()[..number];
        let (from, until) = columns.validity();
        let (from, until) = (&from[..number], &until[..number]);
        let open = self.open.chunk(columns.first());
        let product = self.selection.product;
        // A number that no column holds is looked up in history.
        let product = product.map(|product| u16::try_from(product).unwrap_or(Row::SEVERAL));
        let everything = self.selection.is_everything();
        let (on, is_today) = (self.as_of.on, self.as_of.on == self.book.today());
        for (place, account) in (0..number).zip(columns.first()..) {
            let account = AccountIx(account);
            if !is_today && (on < from[place] || until[place] < on) {
                if let Some(row) = self.book.folded_row(account, self.as_of) {
                    look(figures, members.as_deref_mut(), account, row);
                }
                continue;
            }
            let mark = marks[place];
            let open = open.get(place).copied().unwrap_or_default();
            let is_quiet = open.is_none()
                && !mark.has_announced_end()
                && !mark.has_aliases()
                && (product.is_none() || products[place] != Row::SEVERAL);
            if !is_quiet {
                if mark.is_active() {
                    look(figures, members.as_deref_mut(), account, columns.row(place));
                }
                continue;
            }
            if product.is_some_and(|product| product != products[place]) {
                continue;
            }
            if let Some(members) = &mut members {
                members.add(groups[place], mrr[place]);
            }
            let is_selected = everything
                || self
                    .selection
                    .includes_account(owners[place], tiers[place], segments[place]);
            if is_selected {
                // A row that is not active has no MRR.
                figures.mrr += mrr[place];
                figures.active += i64::from(mark.is_active());
            }
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
