use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_core::{Day, TeamId, UserId};
use keizoku_revenue::{AccountIx, AsOf, Book, Owner};

use crate::owner::OwnerId;
use crate::risks::RiskIx;

/// What is wrong, the costliest mistakes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IssueKind {
    /// Accounts have the same 法人番号: perhaps one customer twice.
    DuplicateCorporateNumber,
    /// Accounts have the same name, but for its legal form, width and case.
    DuplicateName,
    /// Contacts of accounts that are in no common group have addresses of the same domain.
    DuplicateDomain,
    /// An active account that nobody looks after.
    NoOwner,
    /// An active account of somebody who has departed.
    DepartedOwner,
    /// The renewal has passed, and nobody has said what became of it.
    RenewalPassed,
    /// An active account without MRR, or one for which no contract was ever recorded.
    NoMrr,
    /// An open risk of an account that is not active.
    RiskOnInactiveAccount,
    /// An open risk without the date of a next action (RISK-7).
    RiskWithoutNextAction,
    /// An open risk whose next action was put off three times or more (RISK-7).
    RiskPostponed,
    /// An open risk that has not changed for thirty days (RISK-7).
    RiskUntouched,
    /// The last import of a system left rows out that are wrong.
    FailedImport,
    /// An active account of which no signal has occurred for as many days as the settings allow.
    SignalsSilent,
}

/// Who should mend something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fixer {
    /// A user.
    User(UserId),
    /// A team: a pool, or that of somebody who has departed.
    Team(TeamId),
    /// CS Ops.
    Ops,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// What.
    pub kind: IssueKind,
    /// With which account; of several the one with the most MRR. `None` for a failed import.
    pub account: Option<AccountIx>,
    /// With which risk.
    pub risk: Option<RiskIx>,
    /// The other accounts that may be the same customer.
    pub others: Vec<AccountIx>,
    /// What they share; of a failed import its system.
    pub shared: String,
    /// Since when; `None` where that is not known.
    pub since: Option<Day>,
    /// MRR of the account.
    pub mrr: i64,
    /// Who should mend it.
    pub fixer: Fixer,
}

impl Issue {
    /// For how many days; 0 where that is not known.
    #[must_use]
    pub fn age_days(&self, on: Day) -> i64 {
        self.since
            .map_or(0, |since| i64::from(on.days_since(since)).max(0))
    }
}

/// What every search for issues needs.
pub(super) struct Finder<'a> {
    pub(super) book: &'a Book,
    pub(super) as_of: AsOf,
    zone: TimeZone,
    /// By number of a user, since when the user has departed.
    departed: Vec<Option<Timestamp>>,
}

impl<'a> Finder<'a> {
    pub(super) fn of(book: &'a Book, as_of: AsOf) -> Self {
        Self {
            book,
            as_of,
            zone: book.zone_at(as_of.known_at).clone(),
            departed: book.directory().departed_users(as_of.known_at),
        }
    }

    /// The local date of an instant in microseconds.
    pub(super) fn day(&self, micros: i64) -> Option<Day> {
        let instant = Timestamp::from_microsecond(micros).ok()?;
        Some(Day::of(instant, &self.zone))
    }

    /// Since when an owner has departed.
    pub(super) fn departed_on(&self, owner: Owner) -> Option<Day> {
        let user = owner.as_user()?;
        let since = self.departed.get(user.0 as usize).copied().flatten()?;
        Some(Day::of(since, &self.zone))
    }

    /// Who mends what an owner is responsible for: the owner, the team of one who has departed, or
    /// CS Ops.
    pub(super) fn fixer(&self, owner: Owner) -> Fixer {
        let directory = self.book.directory();
        let is_there = self.departed_on(owner).is_none();
        if let Some(user) = owner.as_user().filter(|_| is_there) {
            return Fixer::User(directory.user_id(user));
        }
        let team = directory.team_of_owner(owner, self.as_of);
        team.map_or(Fixer::Ops, |team| Fixer::Team(directory.team_id(team)))
    }

    /// The same of the owner of a risk.
    pub(super) fn fixer_of(&self, owner: OwnerId) -> Fixer {
        let directory = self.book.directory();
        match owner {
            OwnerId::Nobody => Fixer::Ops,
            OwnerId::Team(team) => Fixer::Team(team),
            OwnerId::User(id) => match directory.user(id) {
                Some(user) => self.fixer(Owner::user(user)),
                None => Fixer::User(id),
            },
        }
    }

    /// The owner of an account, at both times.
    pub(super) fn owner(&self, account: AccountIx) -> Owner {
        self.book.attributes_on(account, self.as_of).0.owner
    }

    /// MRR of an account, at both times.
    pub(super) fn mrr(&self, account: AccountIx) -> i64 {
        self.book.summary_on(account, self.as_of).mrr.minor()
    }

    /// An issue of an account whose owner should mend it.
    pub(super) fn of_account(
        &self,
        kind: IssueKind,
        account: AccountIx,
        owner: Owner,
        mrr: i64,
        since: Option<Day>,
    ) -> Issue {
        Issue {
            kind,
            account: Some(account),
            risk: None,
            others: Vec::new(),
            shared: String::new(),
            since,
            mrr,
            fixer: self.fixer(owner),
        }
    }
}
