use std::fmt;

/// Dense number of a user of the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserIx(pub u32);

/// Dense number of a team of the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TeamIx(pub u32);

/// Who looks after an account: a user, a pool (a team), or nobody (ACC-2). Four bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Owner(u32);

const POOL: u32 = 1 << 31;

impl Owner {
    /// Nobody.
    pub const NOBODY: Self = Self(0);

    /// A user.
    #[must_use]
    pub const fn user(user: UserIx) -> Self {
        Self(user.0 + 1)
    }

    /// A pool.
    #[must_use]
    pub const fn pool(team: TeamIx) -> Self {
        Self(POOL | (team.0 + 1))
    }

    /// The user, if it is one.
    #[must_use]
    pub fn as_user(self) -> Option<UserIx> {
        if self.0 & POOL == 0 {
            self.0.checked_sub(1).map(UserIx)
        } else {
            None
        }
    }

    /// The team, if it is a pool.
    #[must_use]
    pub fn as_pool(self) -> Option<TeamIx> {
        if self.0 & POOL == 0 {
            None
        } else {
            Some(TeamIx((self.0 & !POOL) - 1))
        }
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.as_user(), self.as_pool()) {
            (Some(user), _) => write!(out, "User({})", user.0),
            (_, Some(team)) => write!(out, "Pool({})", team.0),
            _ => out.write_str("Nobody"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acc_2_an_owner_is_a_user_or_a_pool_never_both() {
        let (user, pool) = (Owner::user(UserIx(0)), Owner::pool(TeamIx(0)));
        assert_eq!((user.as_user(), user.as_pool()), (Some(UserIx(0)), None));
        assert_eq!((pool.as_user(), pool.as_pool()), (None, Some(TeamIx(0))));
        assert_eq!(
            (Owner::NOBODY.as_user(), Owner::NOBODY.as_pool()),
            (None, None)
        );
    }
}
