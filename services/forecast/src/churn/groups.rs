//! Basis GROUP (FC-3): a group with an account at risk counts once, whole, inside the filter or not.

use keizoku_core::Day;
use keizoku_revenue::{AccountIx, AnnouncedPart, Row};

use super::parts::{Asked, Figures, Part, Seen, Whose, parts_of};

/// Groups while accounts are scanned, by number.
struct Groups {
    is_at_risk: Vec<bool>,
    at_risk: Vec<u32>,
    /// Earliest renewal among a group's accounts at risk.
    dates: Vec<Option<Day>>,
    /// Total MRR, where the book does not keep it for this question.
    totals: Option<Vec<i64>>,
    /// Members with announced ends, until it is known which groups are at risk.
    announced: Vec<Member>,
}

struct Member {
    account: AccountIx,
    row: Row,
    ends: Vec<AnnouncedPart>,
    is_selected: bool,
}

impl Asked<'_> {
    /// Parts on basis GROUP: groups at risk whole, and what was announced in the others.
    pub(crate) fn by_group(&self, mut emit: impl FnMut(Whose, &[Part])) -> Figures {
        let mut figures = Figures::default();
        let mut groups = Groups::new(self);
        let mut parts = Vec::new();
        self.book.scan(self.as_of, |account, row| {
            let is_selected = self.selection.includes(&row);
            if !is_selected && (row.group == 0 || groups.can_skip(&row)) {
                return;
            }
            let Some(seen) = self.see(account, row) else {
                return;
            };
            groups.add_to_total(&seen.row);
            if is_selected && row.group == 0 {
                parts.clear();
                self.account_as_group(account, &seen, &mut figures, &mut parts);
                if !parts.is_empty() {
                    emit(Whose::Account(account, seen.row), &parts);
                }
                return;
            }
            if is_selected && self.count(account, &seen.row, &mut figures) {
                groups.put_at_risk(row.group, self.renewal_of_rest(account, &seen));
            }
            groups.note_announced(account, seen, is_selected);
        });
        groups.emit(self, emit);
        figures
    }

    /// An account without a group is its own.
    fn account_as_group(
        &self,
        account: AccountIx,
        seen: &Seen,
        figures: &mut Figures,
        parts: &mut Vec<Part>,
    ) {
        let is_at_risk = self.count(account, &seen.row, figures);
        if !is_at_risk {
            if let Some(view) = &seen.view {
                parts_of(view, false, parts);
            }
            return;
        }
        let ends = seen
            .view
            .iter()
            .flat_map(|view| &view.announced)
            .map(|part| Some(part.end));
        let date = ends.fold(self.renewal_of_rest(account, seen), earliest);
        let announced = seen
            .view
            .as_ref()
            .is_some_and(|view| !view.announced.is_empty());
        parts.push(Part {
            date,
            mrr: seen.row.mrr,
            announced,
        });
    }

    fn renewal_of_rest(&self, account: AccountIx, seen: &Seen) -> Option<Day> {
        match &seen.view {
            None => self.book.next_renewal(account, &seen.row, self.as_of.on),
            Some(view) => view.rest.and_then(|rest| rest.next_renewal),
        }
    }
}

impl Groups {
    fn new(asked: &Asked<'_>) -> Self {
        let number = asked.book.groups().len();
        let is_now = asked.as_of.known_at.is_none() && asked.as_of.on == asked.book.today();
        let is_kept = is_now && asked.selection.product.is_none();
        Self {
            is_at_risk: vec![false; number],
            at_risk: Vec::new(),
            dates: vec![None; number],
            totals: (!is_kept).then(|| vec![0; number]),
            announced: Vec::new(),
        }
    }

    /// Whether an account outside the filter plays no part.
    fn can_skip(&self, row: &Row) -> bool {
        self.totals.is_none() && !row.has_announced_end()
    }

    fn add_to_total(&mut self, row: &Row) {
        if let Some(totals) = &mut self.totals {
            totals[row.group as usize] += row.mrr;
        }
    }

    fn put_at_risk(&mut self, group: u32, renewal: Option<Day>) {
        let place = group as usize;
        if !self.is_at_risk[place] {
            self.is_at_risk[place] = true;
            self.at_risk.push(group);
        }
        self.dates[place] = earliest(self.dates[place], renewal);
    }

    fn note_announced(&mut self, account: AccountIx, seen: Seen, is_selected: bool) {
        let ends = seen.view.map(|view| view.announced).unwrap_or_default();
        if !ends.is_empty() {
            self.announced.push(Member {
                account,
                row: seen.row,
                ends,
                is_selected,
            });
        }
    }

    fn emit(mut self, asked: &Asked<'_>, mut emit: impl FnMut(Whose, &[Part])) {
        let mut parts = Vec::new();
        for member in &self.announced {
            let place = member.row.group as usize;
            if self.is_at_risk[place] {
                let ends = member.ends.iter().map(|part| Some(part.end));
                self.dates[place] = ends.fold(self.dates[place], earliest);
            } else if member.is_selected {
                parts.clear();
                parts.extend(member.ends.iter().map(|part| Part {
                    date: Some(part.end),
                    mrr: part.mrr.minor(),
                    announced: true,
                }));
                emit(Whose::Account(member.account, member.row), &parts);
            }
        }
        for group in self.at_risk {
            let place = group as usize;
            let mrr = match &self.totals {
                Some(totals) => totals[place],
                None => asked.book.group_total(group).minor(),
            };
            emit(
                Whose::Group(group),
                &[Part {
                    date: self.dates[place],
                    mrr,
                    announced: false,
                }],
            );
        }
    }
}

/// Passed dates are early, unknown ones last.
fn earliest(one: Option<Day>, other: Option<Day>) -> Option<Day> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (known, None) | (None, known) => known,
    }
}
