//! Configuration: defaults, then a file, then the environment; unknown keys are refused.

use std::path::Path;

use serde::de::DeserializeOwned;

/// Prefix of environment variables: `KEIZOKU__LISTEN`, `KEIZOKU__LOG__FORMAT`.
const PREFIX: &str = "KEIZOKU_";

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read, a key does not exist, or a value is of another type.
    #[error("the configuration cannot be used; `keizoku config` lists every key with its default")]
    Unreadable(#[source] config::ConfigError),
    /// Values do not fit, or not together: all of them.
    #[error("the configuration cannot be used; `keizoku config` explains every key{0}")]
    Unfit(Problems),
}

impl From<Problems> for ConfigError {
    fn from(problems: Problems) -> Self {
        Self::Unfit(problems)
    }
}

/// Reads a configuration whose type has defaults and refuses unknown keys.
///
/// # Errors
/// When the file is missing or malformed, a key does not exist, or a value does not fit.
pub fn load<T: DeserializeOwned>(file: Option<&Path>) -> Result<T, ConfigError> {
    let mut sources = config::Config::builder();
    if let Some(file) = file {
        sources = sources.add_source(config::File::from(file).format(config::FileFormat::Toml));
    }
    sources
        .add_source(
            config::Environment::with_prefix(PREFIX)
                .prefix_separator("_")
                .separator("__")
                .try_parsing(true),
        )
        .build()
        .and_then(config::Config::try_deserialize)
        .map_err(ConfigError::Unreadable)
}

/// Everything that is wrong with a configuration, key by key.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Problems(Vec<String>);

impl Problems {
    /// Notes what is wrong with a key.
    pub fn add(&mut self, key: &str, why: impl std::fmt::Display) {
        self.0.push(format!("{key} {why}"));
    }

    /// Adds what was made of a key's value to the others, or notes what is wrong with it.
    pub fn take<T>(
        &mut self,
        others: &mut Vec<T>,
        key: &str,
        made: Result<Vec<T>, impl std::fmt::Display>,
    ) {
        match made {
            Ok(made) => others.extend(made),
            Err(why) => self.add(key, why),
        }
    }

    /// All of it, when there is anything.
    ///
    /// # Errors
    /// All of it.
    pub fn check(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl std::fmt::Display for Problems {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for problem in &self.0 {
            write!(out, "\n  {problem}")?;
        }
        Ok(())
    }
}
