//! Configuration: defaults, then a file, then the environment; unknown keys are refused.

use std::path::Path;

use serde::de::DeserializeOwned;

/// Prefix of environment variables: `KEIZOKU__LISTEN`, `KEIZOKU__LOG__FORMAT`.
const PREFIX: &str = "KEIZOKU_";

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the configuration cannot be used; `keizoku config` lists every key with its default")]
pub struct ConfigError(#[source] config::ConfigError);

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
        .map_err(ConfigError)
}
