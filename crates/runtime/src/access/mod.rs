//! Deny by default: an RPC is reached only by those whom its proto lets in.
//!
//! *Used by* the server of every process. *Guarantees*: what no proto declares is not there; a caller
//! is who a token says that was signed with a key of this server, meant for it and not expired, or
//! whom a client certificate names; the algorithm belongs to the key, never to the token. *Fails*
//! with `UNAUTHENTICATED` (metadata `problem` says what is wrong) or `PERMISSION_DENIED` (metadata
//! `required_role`), and never says a secret.
//!
//! ```text
//! layer ──► table            what the protos say about the RPC
//!       └─► authentication ──► token ──► keys ──► published   the caller by a JWT
//!                          └─► certificate                    the caller by a certificate
//! ```

mod authentication;
mod certificate;
mod config;
mod keys;
mod layer;
mod mint;
mod published;
mod role;
mod table;
mod token;
mod unknown;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use authentication::{Authentication, Authenticator};
pub use config::{AccessConfig, AccessError};
pub(crate) use layer::AccessLayer;
pub use mint::mint;
pub use role::{Role, Roles};
pub use table::AccessTable;
