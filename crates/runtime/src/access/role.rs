//! What callers may do.

use std::fmt;

use keizoku_proto::common::Access;

/// A role, as tokens and the configuration name it. Each includes the ones before it, except
/// `service`, which stands apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads everything.
    Viewer,
    /// Files and follows risks, keeps accounts.
    Csm,
    /// Owns definitions, rules, reports, imports and corrections.
    Ops,
    /// Runs the deployment.
    Admin,
    /// Another Keizoku service.
    Service,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [
        Self::Viewer,
        Self::Csm,
        Self::Ops,
        Self::Admin,
        Self::Service,
    ];

    /// Its name in tokens and in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Csm => "csm",
            Self::Ops => "ops",
            Self::Admin => "admin",
            Self::Service => "service",
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// The role that an RPC wants; `None` when nobody may call it.
    pub(super) fn wanted_by(access: Access) -> Option<Self> {
        match access {
            Access::Unspecified => None,
            Access::Viewer => Some(Self::Viewer),
            Access::Csm => Some(Self::Csm),
            Access::Ops => Some(Self::Ops),
            Access::Admin => Some(Self::Admin),
            Access::Service => Some(Self::Service),
        }
    }

    fn includes(self, wanted: Self) -> bool {
        match (self, wanted) {
            (Self::Service, Self::Service) => true,
            (Self::Service, _) | (_, Self::Service) => false,
            (has, wanted) => has >= wanted,
        }
    }
}

/// The roles of one caller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Roles(u8);

impl Roles {
    /// Every role there is.
    #[must_use]
    pub fn all() -> Self {
        Role::ALL.into_iter().collect()
    }

    /// Whether one of them is, or includes, `wanted`.
    #[must_use]
    pub fn include(self, wanted: Role) -> bool {
        self.iter().any(|role| role.includes(wanted))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL
            .into_iter()
            .filter(move |role| self.0 & (1 << *role as u8) != 0)
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        let bits = roles.into_iter().map(|role| 1 << role as u8);
        Self(bits.fold(0, |all, bit: u8| all | bit))
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Role::name).collect();
        if names.is_empty() {
            out.write_str("none")
        } else {
            out.write_str(&names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_includes_the_ones_before_it_except_service() {
        for (index, has) in Role::ALL.into_iter().enumerate() {
            let roles = Roles::from_iter([has]);
            assert_eq!(Role::named(&roles.to_string()), Some(has));
            for (other, wanted) in Role::ALL.into_iter().enumerate() {
                let people = has != Role::Service && wanted != Role::Service;
                let expected = if people {
                    index >= other
                } else {
                    has == wanted
                };
                assert_eq!(roles.include(wanted), expected, "{has:?} {wanted:?}");
            }
        }
        assert!(Role::ALL.into_iter().all(|role| Roles::all().include(role)));
        assert!(!Roles::default().include(Role::Viewer));
    }
}
