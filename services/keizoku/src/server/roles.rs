//! Which services a process runs.

use std::collections::BTreeSet;

/// A service that can run in a process of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Role {
    /// Accounts, contracts, contacts, the directory
    Accounts,
    /// Churn risks
    Risk,
    /// Forecasts, metrics, reports: read only
    Forecast,
    /// Messages by Slack and email
    Notification,
    /// Onboardings, their templates
    Onboarding,
    /// Health scores and the signals behind them
    Healthscore,
}

impl Role {
    /// Every service.
    pub const ALL: [Self; 6] = [
        Self::Accounts,
        Self::Risk,
        Self::Forecast,
        Self::Notification,
        Self::Onboarding,
        Self::Healthscore,
    ];

    /// Its name, for people and for files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Risk => "risk",
            Self::Forecast => "forecast",
            Self::Notification => "notification",
            Self::Onboarding => "onboarding",
            Self::Healthscore => "healthscore",
        }
    }

    /// The package of its API.
    #[must_use]
    pub const fn package(self) -> &'static str {
        match self {
            Self::Accounts => "keizoku.accounts.v1",
            Self::Risk => "keizoku.risk.v1",
            Self::Forecast => "keizoku.forecast.v1",
            Self::Notification => "keizoku.notification.v1",
            Self::Onboarding => "keizoku.onboarding.v1",
            Self::Healthscore => "keizoku.healthscore.v1",
        }
    }

    /// The source that it is: the name of its log. A service that only reads has none.
    #[must_use]
    pub const fn source(self) -> Option<&'static str> {
        match self {
            Self::Accounts => Some(keizoku_accounts::SOURCE),
            Self::Risk => Some(keizoku_risk::SOURCE),
            Self::Notification => Some(keizoku_notification::SOURCE),
            Self::Onboarding => Some(keizoku_onboarding::SOURCE),
            Self::Healthscore => Some(keizoku_healthscore::SOURCE),
            Self::Forecast => None,
        }
    }

    /// The sources that it reads, its own included.
    const fn reads(self) -> &'static [&'static str] {
        match self {
            Self::Accounts => &[keizoku_accounts::SOURCE],
            Self::Healthscore | Self::Onboarding => &[
                keizoku_accounts::SOURCE,
                keizoku_onboarding::SOURCE,
                keizoku_healthscore::SOURCE,
            ],
            Self::Risk | Self::Forecast => &[
                keizoku_accounts::SOURCE,
                keizoku_risk::SOURCE,
                keizoku_onboarding::SOURCE,
                keizoku_healthscore::SOURCE,
            ],
            Self::Notification => &[
                keizoku_accounts::SOURCE,
                keizoku_risk::SOURCE,
                keizoku_onboarding::SOURCE,
                keizoku_healthscore::SOURCE,
                keizoku_notification::SOURCE,
            ],
        }
    }
}

/// The services of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    /// Every service: a deployment in one process.
    #[must_use]
    pub fn all() -> Self {
        Self(Role::ALL.into())
    }

    /// These services; all of them when none is named.
    #[must_use]
    pub fn of(roles: &[Role]) -> Self {
        match roles {
            [] => Self::all(),
            some => Self(some.iter().copied().collect()),
        }
    }

    /// Whether every service runs here.
    #[must_use]
    pub fn are_all(&self) -> bool {
        *self == Self::all()
    }

    /// Whether a service runs here.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// The sources whose logs are here.
    pub(super) fn own_sources(&self) -> BTreeSet<&'static str> {
        self.0.iter().filter_map(|role| role.source()).collect()
    }

    /// The sources that are read here and are logs of other processes.
    pub(super) fn foreign_sources(&self) -> BTreeSet<&'static str> {
        let read: BTreeSet<_> = self
            .0
            .iter()
            .flat_map(|role| role.reads())
            .copied()
            .collect();
        &read - &self.own_sources()
    }

    /// Their names, in a fixed order.
    #[must_use]
    pub fn names(&self) -> String {
        let names: Vec<_> = self.0.iter().map(|role| role.name()).collect();
        names.join(", ")
    }

    /// A name for files that the process keeps for all of its services.
    pub(super) fn file_name(&self) -> &'static str {
        self.0.first().map_or("none", |role| role.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_needs_others_for_what_it_reads_and_does_not_record() {
        let needs = |roles: &[Role]| Vec::from_iter(Roles::of(roles).foreign_sources());
        assert!(needs(&[]).is_empty());
        assert!(needs(&[Role::Accounts]).is_empty());
        assert_eq!(
            needs(&[Role::Risk, Role::Accounts]),
            ["healthscore", "onboarding"]
        );
        assert_eq!(
            needs(&[Role::Risk]),
            ["accounts", "healthscore", "onboarding"]
        );
        assert_eq!(
            needs(&[Role::Forecast]),
            ["accounts", "healthscore", "onboarding", "risk"]
        );
        assert_eq!(
            needs(&[Role::Notification]),
            ["accounts", "healthscore", "onboarding", "risk"]
        );
        assert_eq!(needs(&[Role::Onboarding]), ["accounts", "healthscore"]);
        assert_eq!(needs(&[Role::Healthscore]), ["accounts", "onboarding"]);
        assert_eq!(
            needs(&[Role::Forecast, Role::Risk]),
            ["accounts", "healthscore", "onboarding"]
        );
    }
}
