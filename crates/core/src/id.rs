//! Typed ids: a risk's id cannot be handed in where an account's is asked for.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// The text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a UUID")]
pub struct InvalidId(pub String);

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The id as it is stored and sent.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }
    )+};
}

typed_ids! {
    /// A customer company (ACC-1).
    AccountId,
    /// One product that an account has bought (ACC-3).
    SubscriptionId,
    /// One contract fact of a subscription (ACC-5).
    FactId,
    /// A person who works with Keizoku (ACC-6).
    UserId,
    /// A team (ACC-6).
    TeamId,
    /// A person at an account (ACC-11).
    ContactId,
    /// An opportunity (ACC-10).
    DealId,
    /// A churn risk (RISK-1).
    RiskId,
    /// One product that one account is brought to use (ONB-1).
    OnboardingId,
    /// A project for some customers (FC-12).
    InitiativeId,
}

/// Namespace of every id that Keizoku derives; never to be changed.
const NAMESPACE: Uuid = Uuid::from_u128(0x6b65_697a_6f6b_7500_8000_7ad4_2e91_c35f);

/// The id that follows from `kind` and `parts`, the same on every machine and at every repetition.
///
/// Parts are length-prefixed, so that ("ab", "c") and ("a", "bc") differ.
#[must_use]
pub fn derive_id(kind: &str, parts: &[&[u8]]) -> Uuid {
    let mut name = Vec::with_capacity(64);
    for part in std::iter::once(&kind.as_bytes()).chain(parts) {
        name.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        name.extend_from_slice(part);
    }
    Uuid::new_v5(&NAMESPACE, &name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_depend_on_every_part_and_its_borders() {
        let id = derive_id("risk", &[b"ab", b"c"]);
        assert_eq!(id, derive_id("risk", &[b"ab", b"c"]));
        assert_ne!(id, derive_id("risk", &[b"a", b"bc"]));
        assert_ne!(id, derive_id("account", &[b"ab", b"c"]));
    }

    #[test]
    fn text_that_is_no_uuid_is_refused() {
        assert_eq!("A1".parse::<RiskId>(), Err(InvalidId("A1".to_owned())));
    }
}
