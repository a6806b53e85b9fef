//! What services look up in the book by ids as they store them.

use keizoku_core::{AccountId, TeamId};
use keizoku_revenue::AsOf;

use super::BookModel;

impl BookModel {
    /// Whether the account was opened, as far as has been read.
    #[must_use]
    pub fn has_account(&self, account: AccountId) -> bool {
        let book = self.read();
        let known = book.account(account);
        known.is_some_and(|account| book.is_opened(account, None))
    }

    /// Whether the directory has the user or the team with this id.
    #[must_use]
    pub fn knows_owner(&self, user_id: &str, team_id: &str) -> bool {
        let book = self.read();
        let directory = book.directory();
        let user = user_id.parse().ok();
        let team = team_id.parse().ok();
        user.is_some_and(|user| directory.user(user).is_some())
            || team.is_some_and(|team| directory.team(team).is_some())
    }

    /// Ids of the user and of the team that own an account now; one of them is empty, or both.
    #[must_use]
    pub fn owner_of(&self, account: AccountId) -> (String, String) {
        let book = self.read();
        let Some(account) = book.account(account) else {
            return (String::new(), String::new());
        };
        let owner = book.attributes_on(account, self.now()).0.owner;
        let directory = book.directory();
        let user = owner.as_user();
        let team = owner.as_pool();
        (
            user.map_or_else(String::new, |user| directory.user_id(user).to_string()),
            team.map_or_else(String::new, |team| directory.team_id(team).to_string()),
        )
    }

    /// Id of the account that stayed, where one was merged as known.
    #[must_use]
    pub fn survivor_of(&self, account: &str, as_of: AsOf) -> String {
        let book = self.read();
        let id = account.parse::<AccountId>().ok();
        let survivor = id
            .and_then(|id| book.account(id))
            .map(|ix| book.survivor(ix, as_of.known_at));
        survivor.map_or_else(
            || account.to_owned(),
            |survivor| book.account_id(survivor).to_string(),
        )
    }

    /// Whether two ids are of one account, perhaps after a merge.
    #[must_use]
    pub fn is_same_account(&self, one: &str, other: AccountId) -> bool {
        let Ok(one) = one.parse::<AccountId>() else {
            return false;
        };
        let book = self.read();
        let survivor = |id: AccountId| book.account(id).map(|ix| book.survivor(ix, None));
        one == other || survivor(one) == survivor(other)
    }

    /// Ids of the account and of everything that was merged into the same one.
    #[must_use]
    pub fn with_aliases(&self, account: AccountId) -> Vec<String> {
        let book = self.read();
        let Some(ix) = book.account(account) else {
            return vec![account.to_string()];
        };
        let survivor = book.survivor(ix, None);
        let all = book.aliases(survivor, None).into_iter().chain([survivor]);
        all.map(|ix| book.account_id(ix).to_string()).collect()
    }

    /// Ids of the people and teams of a team, with its subteams.
    #[must_use]
    pub fn members(&self, team: TeamId) -> (Vec<String>, Vec<String>) {
        let book = self.read();
        let directory = book.directory();
        let Some(ix) = directory.team(team) else {
            return (Vec::new(), vec![team.to_string()]);
        };
        let scope = directory.owners_in(ix, self.now());
        (
            scope
                .users()
                .map(|user| directory.user_id(user).to_string())
                .collect(),
            scope
                .teams()
                .map(|team| directory.team_id(team).to_string())
                .collect(),
        )
    }
}
