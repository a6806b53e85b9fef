//! Secrets are named where they are needed, and kept in files or in the environment.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

/// Where a secret is: `file:/run/secrets/slack`, `env:SLACK_TOKEN`, or nowhere when empty. It is
/// read whenever it is used, so that a file can be replaced while the service runs.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

/// Why a secret cannot be had. Never says what the configuration holds: it may be the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It is not configured.
    #[error("is not configured")]
    Missing,
    /// The configuration holds something else than a place.
    #[error(
        "must name where the secret is, as file:/path or env:NAME, and never hold the secret itself"
    )]
    NoPlace,
    /// The file cannot be read.
    #[error("cannot be read from {0}: {1}")]
    File(PathBuf, String),
    /// The environment has no such variable.
    #[error("is not in the environment as {0}")]
    Environment(String),
}

impl Secret {
    /// A secret at this place.
    #[must_use]
    pub fn of(place: &str) -> Self {
        Self(place.to_owned())
    }

    /// Whether none is configured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where it is, as far as that may be shown.
    #[must_use]
    pub fn place(&self) -> &str {
        if self.is_empty() || self.0.starts_with("file:") || self.0.starts_with("env:") {
            &self.0
        } else {
            "(hidden)"
        }
    }

    /// The secret; empty when none is configured.
    ///
    /// # Errors
    /// When it is not where the configuration says.
    pub fn read(&self) -> Result<String, SecretError> {
        if self.is_empty() {
            return Ok(String::new());
        }
        if let Some(path) = self.0.strip_prefix("file:") {
            let unreadable =
                |error: std::io::Error| SecretError::File(path.into(), error.to_string());
            let text = std::fs::read_to_string(path).map_err(unreadable)?;
            return Ok(text.trim().to_owned());
        }
        let name = self.0.strip_prefix("env:").ok_or(SecretError::NoPlace)?;
        std::env::var(name).map_err(|_| SecretError::Environment(name.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", self.place())
    }
}
