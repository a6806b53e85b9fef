//! Whom a server lets in, as an operator configures it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use keizoku_core::Clock;
use serde::Deserialize;

use super::keys::Key;
use super::published::{Place, Published};
use super::role::Role;
use crate::config::Problems;

/// How callers are recognised. Without keys and certificates nobody is, and the server stays on
/// loopback. An empty text means: not set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccessConfig {
    /// What tokens say as `iss`.
    pub issuer: String,
    /// What tokens say as `aud`, alone or among others.
    pub audience: String,
    /// The claim that lists roles.
    pub roles_claim: String,
    /// File with the secret of HS256 tokens.
    pub hs256_secret_file: PathBuf,
    /// Variable of the environment with the secret of HS256 tokens.
    pub hs256_secret_env: String,
    /// PEM file with the public keys of RS256 and ES256 tokens.
    pub public_keys_file: PathBuf,
    /// File with a JSON Web Key Set.
    pub jwks_file: PathBuf,
    /// URL of a JSON Web Key Set.
    pub jwks_url: String,
    /// The roles of those whom client certificates name.
    pub certificate_roles: BTreeMap<String, Role>,
}

/// What the configuration names cannot be used: everything that is wrong.
#[derive(Debug, thiserror::Error)]
#[error("callers cannot be recognised as configured{0}")]
pub struct AccessError(pub Problems);

impl Default for AccessConfig {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            audience: String::new(),
            roles_claim: "roles".to_owned(),
            hs256_secret_file: PathBuf::new(),
            hs256_secret_env: String::new(),
            public_keys_file: PathBuf::new(),
            jwks_file: PathBuf::new(),
            jwks_url: String::new(),
            certificate_roles: BTreeMap::new(),
        }
    }
}

impl AccessConfig {
    /// Whether callers have to say who they are.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.takes_tokens() || !self.certificate_roles.is_empty()
    }

    fn takes_tokens(&self) -> bool {
        let is_file = |path: &PathBuf| !path.as_os_str().is_empty();
        [
            &self.hs256_secret_file,
            &self.public_keys_file,
            &self.jwks_file,
        ]
        .into_iter()
        .any(is_file)
            || !self.hs256_secret_env.is_empty()
            || !self.jwks_url.is_empty()
    }

    /// Notes what does not fit together.
    pub fn validate(&self, problems: &mut Problems) {
        if self.takes_tokens() {
            for (key, value) in [("issuer", &self.issuer), ("audience", &self.audience)] {
                if value.is_empty() {
                    let why = "is required where there are keys for tokens";
                    problems.add(&format!("access.{key}"), why);
                }
            }
        } else if !self.issuer.is_empty() || !self.audience.is_empty() {
            problems.add(
                "access",
                "names an issuer or an audience but no key: set one of hs256_secret_file, \
                 hs256_secret_env, public_keys_file, jwks_file and jwks_url",
            );
        }
        if self.roles_claim.is_empty() {
            problems.add("access.roles_claim", "is required; it is usually `roles`");
        }
        if !self.hs256_secret_file.as_os_str().is_empty() && !self.hs256_secret_env.is_empty() {
            problems.add(
                "access.hs256_secret_env",
                "is not possible beside hs256_secret_file: name one of them",
            );
        }
        if !self.jwks_file.as_os_str().is_empty() && !self.jwks_url.is_empty() {
            let why = "is not possible beside jwks_file: name one of them";
            problems.add("access.jwks_url", why);
        }
        if !self.jwks_url.is_empty()
            && let Err(why) = safe_url(&self.jwks_url)
        {
            problems.add("access.jwks_url", why);
        }
    }

    /// The keys that do not change while the process runs; what is wrong goes to `problems`.
    pub(super) fn fixed_keys(&self, problems: &mut Problems) -> Vec<Key> {
        let mut keys = Vec::new();
        if let Some(secret) = self.secret(problems) {
            let secret = secret.trim_ascii();
            problems.take(
                &mut keys,
                "access.hs256_secret",
                Key::secret(secret).map(|key| vec![key]),
            );
        }
        if !self.public_keys_file.as_os_str().is_empty() {
            let key = "access.public_keys_file";
            match std::fs::read(&self.public_keys_file) {
                Ok(file) => problems.take(&mut keys, key, Key::from_pem(&file)),
                Err(error) => problems.add(key, format!("cannot be read: {error}")),
            }
        }
        keys
    }

    pub(super) fn secret(&self, problems: &mut Problems) -> Option<Vec<u8>> {
        if !self.hs256_secret_file.as_os_str().is_empty() {
            let read = std::fs::read(&self.hs256_secret_file);
            let unreadable = |error| {
                problems.add(
                    "access.hs256_secret_file",
                    format!("cannot be read: {error}"),
                );
            };
            return read.map_err(unreadable).ok();
        }
        if self.hs256_secret_env.is_empty() {
            return None;
        }
        let secret = std::env::var_os(&self.hs256_secret_env);
        if secret.is_none() {
            let why = format!("names {}, which is not set", self.hs256_secret_env);
            problems.add("access.hs256_secret_env", why);
        }
        secret.map(std::ffi::OsString::into_encoded_bytes)
    }

    /// Where keys are published, if they are.
    pub(super) fn published(
        &self,
        clock: &Arc<dyn Clock>,
        problems: &mut Problems,
    ) -> Option<Published> {
        let place = if !self.jwks_file.as_os_str().is_empty() {
            Place::File(self.jwks_file.clone())
        } else if !self.jwks_url.is_empty() {
            Place::Url(safe_url(&self.jwks_url).ok()?)
        } else {
            return None;
        };
        let published = Published::at(place, Arc::clone(clock));
        let unusable = |error| problems.add("access.jwks_url", format!("cannot be used: {error}"));
        published.map_err(unusable).ok()
    }
}

/// Keys that came in the clear could be anybody's, except from this machine.
fn safe_url(text: &str) -> Result<reqwest::Url, &'static str> {
    let url: reqwest::Url = text.parse().map_err(|_| "is not a URL")?;
    let is_here = match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback()),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_here => Ok(url),
        _ => Err("must begin with https://, unless it is on this machine"),
    }
}
