//! Tokens for development: signed with the server's own HS256 secret.

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;

use super::config::{AccessConfig, AccessError};
use super::role::Role;
use crate::config::Problems;

/// A token that a server with this configuration takes.
///
/// For development and first steps: in production an identity provider knows people and issues their
/// tokens, and its private keys are nowhere near this server.
///
/// # Errors
/// When the configuration has no HS256 secret, or cannot be used.
pub fn mint(
    config: &AccessConfig,
    subject: &str,
    roles: &[Role],
    lifetime: SignedDuration,
    now: Timestamp,
) -> Result<String, AccessError> {
    let mut problems = Problems::default();
    config.validate(&mut problems);
    config.fixed_keys(&mut problems);
    let secret = config.secret(&mut Problems::default());
    if secret.is_none() {
        let why = "or hs256_secret_env is required: tokens are made with the server's own secret";
        problems.add("access.hs256_secret_file", why);
    }
    let expires = now.saturating_add(lifetime).unwrap_or(now);
    let names: Vec<_> = roles.iter().map(|role| role.name()).collect();
    let claims = json!({
        "iss": config.issuer,
        "aud": config.audience,
        "sub": subject,
        "iat": now.as_second(),
        "exp": expires.as_second(),
        config.roles_claim.as_str(): names,
    });
    let key = EncodingKey::from_secret(secret.unwrap_or_default().trim_ascii());
    let token = jsonwebtoken::encode(&Header::default(), &claims, &key);
    let token = token.map_err(|error| problems.add("access.hs256_secret", error));
    problems.check().map_err(AccessError)?;
    Ok(token.unwrap_or_default())
}
