//! The weekly risk report (FC-9), by the risk owner's team.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use keizoku_core::{AccountId, Day, RiskId, TeamId, UserId};
use keizoku_revenue::{AsOf, Book, OwnerScope};

use crate::owner::OwnerId;
use crate::risks::{Completion, RiskBoard, RiskIx};

/// Days that a report looks back on: today and the six before.
const DAYS: i32 = 7;

/// Risks opened, closed and overdue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RiskReport {
    /// Opened in the last seven days, also if closed since; the latest first.
    pub opened: Vec<ReportedRisk>,
    /// Closed in the last seven days; the latest first.
    pub closed: Vec<ReportedRisk>,
    /// Open, with a next action that was due before today; longest first.
    pub overdue: Vec<ReportedRisk>,
    /// Counts by owner, most overdue first.
    pub by_owner: Vec<(OwnerId, RiskCounts)>,
    /// Counts by the owner's team, most overdue first.
    pub by_team: Vec<(Option<TeamId>, RiskCounts)>,
    /// Counts over all.
    pub total: RiskCounts,
    /// First of the seven days.
    pub since: Day,
    /// Last of the seven days.
    pub until: Day,
}

/// A risk in a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedRisk {
    /// The risk.
    pub risk: RiskId,
    /// The account that it was filed for.
    pub account: AccountId,
    /// The account that stayed, where that one was merged.
    pub survivor: AccountId,
    /// What the problem is, in short.
    pub name: String,
    /// Who works on it.
    pub owner: OwnerId,
    /// Opened, completed, or next action due, by the list that it is in.
    pub date: Day,
    /// How it ended; `None` while it is open.
    pub completion: Option<Completion>,
    /// How it landed; empty while it is open.
    pub result: String,
}

/// Counts of one owner or team.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RiskCounts {
    /// Open.
    pub open: i64,
    /// Open, without a next action date.
    pub without_next_action: i64,
    /// Open, with a next action that was due before today.
    pub overdue: i64,
    /// Opened in the last seven days.
    pub opened: i64,
    /// Closed in the last seven days.
    pub closed: i64,
}

/// Whose risks a report is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReportFilter {
    /// The risk owner's team, with subteams.
    pub team: Option<TeamId>,
    /// The risk's owner.
    pub owner: Option<UserId>,
}

/// Reports on the risks of a team or of an owner, by the risks' own dates.
#[must_use]
pub fn risk_report(
    book: &Book,
    board: &RiskBoard,
    as_of: AsOf,
    filter: &ReportFilter,
) -> RiskReport {
    let since = as_of.on.plus_days(1 - DAYS);
    let mut report = RiskReport {
        opened: Vec::new(),
        closed: Vec::new(),
        overdue: Vec::new(),
        by_owner: Vec::new(),
        by_team: Vec::new(),
        total: RiskCounts::default(),
        since,
        until: as_of.on,
    };
    let owners = Owners::of(filter, book, board, as_of);
    let today = book.today_at(as_of.known_at);
    let mut by_owner: BTreeMap<u32, RiskCounts> = BTreeMap::new();
    board.for_each(as_of.known_at, |risk, _, facts| {
        if !owners.is_asked_for(facts.owner) {
            return;
        }
        let in_week = |day: Day| since <= day && day <= as_of.on;
        let is_open = facts.is_open(as_of.on, today);
        let overdue = facts.next_action.filter(|due| is_open && *due < as_of.on);
        let opened = Some(facts.opened_on).filter(|day| in_week(*day));
        let closed = facts
            .completed_on
            .filter(|day| facts.completion.is_some() && in_week(*day));
        let counts = RiskCounts {
            open: i64::from(is_open),
            without_next_action: i64::from(is_open && facts.next_action.is_none()),
            overdue: i64::from(overdue.is_some()),
            opened: i64::from(opened.is_some()),
            closed: i64::from(closed.is_some()),
        };
        if counts == RiskCounts::default() {
            return;
        }
        by_owner.entry(facts.owner).or_default().add(counts);
        let lists = [
            (&mut report.opened, opened),
            (&mut report.closed, closed),
            (&mut report.overdue, overdue),
        ];
        for (list, date) in lists {
            list.extend(date.and_then(|date| reported(book, board, as_of, risk, date)));
        }
    });
    report
        .opened
        .sort_by_key(|risk| (Reverse(risk.date), risk.risk));
    report
        .closed
        .sort_by_key(|risk| (Reverse(risk.date), risk.risk));
    report.overdue.sort_by_key(|risk| (risk.date, risk.risk));
    let mut by_team: BTreeMap<Option<TeamId>, RiskCounts> = BTreeMap::new();
    for (owner, counts) in by_owner {
        let owner = board.owner(owner);
        report.total.add(counts);
        by_team
            .entry(team_of(owner, book, as_of))
            .or_default()
            .add(counts);
        report.by_owner.push((owner, counts));
    }
    report.by_team = by_team.into_iter().collect();
    report
        .by_owner
        .sort_by_key(|(owner, counts)| (counts.order(), *owner));
    report
        .by_team
        .sort_by_key(|(team, counts)| (counts.order(), *team));
    report
}

impl RiskCounts {
    fn add(&mut self, other: Self) {
        self.open += other.open;
        self.without_next_action += other.without_next_action;
        self.overdue += other.overdue;
        self.opened += other.opened;
        self.closed += other.closed;
    }

    /// Most overdue first, then most open.
    fn order(&self) -> (Reverse<i64>, Reverse<i64>) {
        (Reverse(self.overdue), Reverse(self.open))
    }
}

/// By number of an owner on the board, whether a report is about the owner's risks.
struct Owners {
    asked_for: Option<Vec<bool>>,
}

impl Owners {
    fn of(filter: &ReportFilter, book: &Book, board: &RiskBoard, as_of: AsOf) -> Self {
        if *filter == ReportFilter::default() {
            return Self { asked_for: None };
        }
        let directory = book.directory();
        let scope = filter.team.map(|team| {
            directory
                .team(team)
                .map(|team| directory.owners_in(team, as_of))
        });
        let is_asked_for = |number| {
            let owner = board.owner(number);
            filter.owner.is_none_or(|user| owner == OwnerId::User(user))
                && scope.as_ref().is_none_or(|scope| {
                    scope
                        .as_ref()
                        .is_some_and(|scope| contains(scope, owner, book))
                })
        };
        Self {
            asked_for: Some(board.owner_numbers().map(is_asked_for).collect()),
        }
    }

    fn is_asked_for(&self, owner: u32) -> bool {
        self.asked_for
            .as_ref()
            .is_none_or(|asked_for| asked_for[owner as usize])
    }
}

fn contains(scope: &OwnerScope, owner: OwnerId, book: &Book) -> bool {
    let directory = book.directory();
    match owner {
        OwnerId::Nobody => false,
        OwnerId::Team(team) => directory
            .team(team)
            .is_some_and(|team| scope.contains_team(team)),
        OwnerId::User(user) => {
            let user = directory.user(user).map(keizoku_revenue::Owner::user);
            user.is_some_and(|user| scope.contains(user))
        }
    }
}

fn team_of(owner: OwnerId, book: &Book, as_of: AsOf) -> Option<TeamId> {
    let directory = book.directory();
    match owner {
        OwnerId::Nobody => None,
        OwnerId::Team(team) => Some(team),
        OwnerId::User(user) => {
            let team = directory.team_of_user(directory.user(user)?, as_of)?;
            Some(directory.team_id(team))
        }
    }
}

fn reported(
    book: &Book,
    board: &RiskBoard,
    as_of: AsOf,
    risk: RiskIx,
    date: Day,
) -> Option<ReportedRisk> {
    let state = board.state(risk, as_of.known_at)?;
    Some(ReportedRisk {
        risk: state.id,
        account: book.account_id(state.account),
        survivor: book.account_id(book.survivor(state.account, as_of.known_at)),
        name: state.name.to_owned(),
        owner: state.owner,
        date,
        completion: state.completion,
        result: state.result.to_owned(),
    })
}
