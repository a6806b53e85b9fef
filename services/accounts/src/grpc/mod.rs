//! The service's RPCs: parse, execute, reply.

mod accounts;
mod callers;
mod claims;
mod contact_log;
mod contacts;
mod contracts;
mod deals;
mod directory;
mod imports;
mod initiatives;
mod settings;

use keizoku_core::{AccountId, Day, TeamId, UserId};
use keizoku_proto::accounts::AccountAttributes;
use keizoku_proto::common::{self, ErrorReason};
use keizoku_revenue::AsOf;
use keizoku_runtime::{DomainError, Failure, Token, Violations};

use crate::Accounts;
use crate::domain;

/// Somebody or something that the directory or catalogue does not have.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unknown {
    /// A user.
    #[error("users/{0} is not in the directory, or has departed")]
    User(String),
    /// A team.
    #[error("teams/{0} is not in the directory")]
    Team(String),
    /// A tier.
    #[error("`{0}` is not in the catalogue of tiers")]
    Tier(String),
}

impl DomainError for Unknown {
    fn reason(&self) -> ErrorReason {
        match self {
            Self::User(_) | Self::Team(_) => ErrorReason::OwnerUnknown,
            Self::Tier(_) => ErrorReason::TierUnknown,
        }
    }
}

/// Amounts are kept in one currency (GEN-3).
#[derive(Debug, thiserror::Error)]
#[error("`{given}` is not the reporting currency, {reporting}")]
struct OtherCurrency {
    given: String,
    reporting: String,
}

impl DomainError for OtherCurrency {
    fn reason(&self) -> ErrorReason {
        ErrorReason::CurrencyUnsupported
    }
    fn metadata(&self) -> Vec<(&'static str, String)> {
        vec![("reporting_currency", self.reporting.clone())]
    }
}

impl Accounts {
    /// Both times of a question.
    pub(crate) fn as_of(&self, as_of: Option<&common::AsOf>) -> Result<AsOf, Failure> {
        let mut violations = Violations::new();
        let known_at =
            as_of.and_then(|as_of| violations.instant("as_of.known_at", as_of.known_at.as_ref()));
        let on = as_of.and_then(|as_of| violations.day("as_of.on", as_of.on.as_ref()));
        violations.check()?;
        let on = on.unwrap_or_else(|| self.book.read().today_at(known_at));
        Ok(AsOf { known_at, on })
    }

    /// Makes sure that an amount is in the reporting currency.
    pub(crate) fn require_currency(&self, amount: Option<&common::Money>) -> Result<(), Failure> {
        let given = amount.map_or("", |amount| amount.currency_code.as_str());
        let reporting = self.book.read().settings_at(None).currency.clone();
        if given.is_empty() || given == reporting {
            return Ok(());
        }
        let given = given.to_owned();
        Err(OtherCurrency { given, reporting }.into())
    }

    /// Makes sure that a user exists and has not departed.
    pub(crate) async fn require_user(&self, id: &str) -> Result<(), Failure> {
        let unknown = || Failure::from(Unknown::User(id.to_owned()));
        if id.is_empty() {
            return Ok(());
        }
        let user: UserId = id.parse().map_err(|_| unknown())?;
        let fold = self.users.recall(&domain::user_stream(user)).await?;
        if fold.state.id.is_empty() || fold.state.departed {
            Err(unknown())
        } else {
            Ok(())
        }
    }

    /// Makes sure that a team exists.
    pub(crate) async fn require_team(&self, id: &str) -> Result<(), Failure> {
        let unknown = || Failure::from(Unknown::Team(id.to_owned()));
        if id.is_empty() {
            return Ok(());
        }
        let team: TeamId = id.parse().map_err(|_| unknown())?;
        let fold = self.teams.recall(&domain::team_stream(team)).await?;
        if fold.state.defined.is_none() {
            Err(unknown())
        } else {
            Ok(())
        }
    }

    /// Makes sure that owner, pool and tier exist.
    pub(crate) async fn require_attributes(
        &self,
        wanted: &AccountAttributes,
    ) -> Result<(), Failure> {
        self.require_user(&wanted.owner_id).await?;
        self.require_team(&wanted.pool_id).await?;
        if wanted.tier.is_empty() {
            return Ok(());
        }
        let settings = self.organisation.recall(&domain::ORGANISATION).await?;
        if settings.state.settings.tiers.contains(&wanted.tier) {
            Ok(())
        } else {
            Err(Unknown::Tier(wanted.tier.clone()).into())
        }
    }

    /// Waits until the book, and so every answer from it, includes a change.
    pub(crate) async fn settle(&self, token: &Token) -> Result<(), Failure> {
        self.book_freshness.wait(&[token.encode()]).await
    }

    pub(crate) fn today(&self) -> Day {
        self.calendar.today()
    }

    /// The account that stays of all that an account was merged into.
    pub(crate) async fn survivor(&self, account: AccountId) -> Result<AccountId, Failure> {
        let identity = self.identity.refresh(&domain::IDENTITY).await?;
        Ok(identity.state.survivor(account))
    }

    /// Ids of an account and of everything that was merged into the same one (ACC-8).
    pub(crate) async fn with_aliases(&self, account: AccountId) -> Result<Vec<String>, Failure> {
        let identity = self.identity.refresh(&domain::IDENTITY).await?;
        let same = identity.state.same(account);
        Ok(same.iter().map(ToString::to_string).collect())
    }
}
