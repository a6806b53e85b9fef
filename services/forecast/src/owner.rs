use keizoku_core::{TeamId, UserId};
use keizoku_revenue::{Book, Owner};

/// Who looks after an account or works on a risk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OwnerId {
    /// Nobody.
    #[default]
    Nobody,
    /// A user.
    User(UserId),
    /// A team: a pool.
    Team(TeamId),
}

impl OwnerId {
    /// An account's owner.
    pub(crate) fn of(owner: Owner, book: &Book) -> Self {
        match (owner.as_user(), owner.as_pool()) {
            (Some(user), _) => Self::User(book.directory().user_id(user)),
            (_, Some(team)) => Self::Team(book.directory().team_id(team)),
            _ => Self::Nobody,
        }
    }
}
