//! Basis GROUP (FC-3): a group with an account at risk counts once, whole, inside the filter or not.

use keizoku_core::Day;
use keizoku_revenue::{AccountIx, AnnouncedPart};

use super::parts::{Asked, Figures, Part, Seen, Take, Whose, parts_of};
use super::threads::{Members, Visit};
use crate::risks::OpenRisks;

/// Groups while accounts are surveyed, by number.
struct Groups {
    is_at_risk: Vec<bool>,
    at_risk: Vec<u32>,
    /// Earliest renewal among a group's accounts at risk.
    dates: Vec<Option<Day>>,
    /// Members with announced ends, until it is known which groups are at risk.
    announced: Vec<Member>,
}

struct Member {
    account: AccountIx,
    group: u32,
    ends: Vec<AnnouncedPart>,
    is_selected: bool,
}

struct ByGroup<'a, T> {
    asked: &'a Asked<'a>,
    groups: Groups,
    taken: T,
}

impl<'a, T: Take> Visit<'a> for ByGroup<'a, T> {
    fn visit(&mut self, account: AccountIx, seen: &Seen<'a>, open: Option<OpenRisks>) {
        let Self {
            asked,
            groups,
            taken,
        } = self;
        let at_risk = open.is_some_and(|open| asked.includes(account, open));
        if seen.core.group != 0 {
            if at_risk {
                groups.put_at_risk(seen.core.group, asked.renewal_of_rest(account, seen));
                taken.note_at_risk(seen.core.group, account);
            }
            groups.note_announced(account, seen, open.is_some());
        } else if at_risk {
            taken.take(
                Whose::Account(account),
                &[asked.account_as_group(account, seen)],
            );
        } else if let Some(split) = &seen.split {
            let mut parts = Vec::new();
            parts_of(split, false, &mut parts);
            if !parts.is_empty() {
                taken.take(Whose::Account(account), &parts);
            }
        }
    }
}

impl<'a> Asked<'a> {
    /// Parts on basis GROUP: groups at risk whole, and what was announced in the others.
    pub(crate) fn by_group<T: Take>(&'a self, new: impl Fn() -> T + Sync) -> (Vec<T>, Figures) {
        let is_now = self.as_of.known_at.is_none() && self.as_of.on == self.book.today();
        let members = if is_now && self.selection.product.is_none() {
            Members::Announced // the book keeps the totals of this question
        } else {
            Members::Totals
        };
        let found = self.survey(members, || ByGroup {
            asked: self,
            groups: Groups::new(self),
            taken: new(),
        });
        let mut groups = Groups::new(self);
        let mut taken = Vec::new();
        for visit in found.visits {
            groups.join(visit.groups);
            taken.push(visit.taken);
        }
        let mut last = new();
        groups.show(self, &found.totals, &mut last);
        taken.push(last);
        (taken, found.figures)
    }

    /// An account at risk without a group is its own.
    fn account_as_group(&self, account: AccountIx, seen: &Seen<'_>) -> Part {
        let announced = seen.split.iter().flat_map(|split| split.announced());
        let ends = announced.map(|part| Some(part.end));
        let date = ends.fold(self.renewal_of_rest(account, seen), earliest);
        let announced = seen
            .split
            .as_ref()
            .is_some_and(|split| split.has_announced());
        Part {
            date,
            mrr: seen.core.mrr,
            announced,
        }
    }

    fn renewal_of_rest(&self, account: AccountIx, seen: &Seen<'_>) -> Option<Day> {
        match &seen.split {
            None => self.book.next_renewal(account, &seen.core, self.as_of.on),
            Some(split) => split.rest.and_then(|rest| rest.next_renewal),
        }
    }
}

impl Groups {
    fn new(asked: &Asked<'_>) -> Self {
        let number = asked.book.groups().len();
        Self {
            is_at_risk: vec![false; number],
            at_risk: Vec::new(),
            dates: vec![None; number],
            announced: Vec::new(),
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

    fn note_announced(&mut self, account: AccountIx, seen: &Seen<'_>, is_selected: bool) {
        let ends: Vec<_> = seen
            .split
            .iter()
            .flat_map(|split| split.announced())
            .collect();
        if !ends.is_empty() {
            self.announced.push(Member {
                account,
                group: seen.core.group,
                ends,
                is_selected,
            });
        }
    }

    fn join(&mut self, other: Self) {
        for group in other.at_risk {
            self.put_at_risk(group, other.dates[group as usize]);
        }
        self.announced.extend(other.announced);
    }

    fn show(mut self, asked: &Asked<'_>, totals: &[i64], taken: &mut impl Take) {
        let mut parts = Vec::new();
        for member in &self.announced {
            let place = member.group as usize;
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
                taken.take(Whose::Account(member.account), &parts);
            }
        }
        for group in self.at_risk {
            let place = group as usize;
            let kept = || asked.book.group_total(group).minor();
            let mrr = totals.get(place).copied().unwrap_or_else(kept);
            taken.take(
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
