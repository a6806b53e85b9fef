//! Where NATS is, and who connects.

use std::path::{Path, PathBuf};

use keizoku_bus::nats::{Credentials, NatsOptions, Tls};
use serde::Deserialize;

/// The exchange with services of other processes. Secrets come from files.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NatsConfig {
    /// Servers of one cluster, separated by commas; empty for no exchange.
    pub url: String,
    /// Name that the server asks for, with `password_file`.
    pub user: String,
    /// File with the password of `user`.
    pub password_file: PathBuf,
    /// File with a token.
    pub token_file: PathBuf,
    /// File with the seed of an nkey.
    pub nkey_file: PathBuf,
    /// File with NATS credentials: a JWT and the seed of its nkey.
    pub credentials_file: PathBuf,
    /// Authorities that may vouch for the server, as PEM.
    pub ca_file: PathBuf,
    /// Certificate that this process shows the server, as PEM, with `key_file`.
    pub certificate_file: PathBuf,
    /// Key of `certificate_file`, as PEM.
    pub key_file: PathBuf,
}

/// Settings that do not fit together, all of them.
#[derive(Debug, thiserror::Error)]
#[error("the settings for NATS do not fit together: {}", .0.join("; "))]
pub struct NatsConfigError(Vec<&'static str>);

impl NatsConfig {
    /// What to connect with; `None` for no exchange.
    ///
    /// # Errors
    /// When settings do not fit together.
    pub fn options(&self) -> Result<Option<NatsOptions>, NatsConfigError> {
        self.validate()?;
        if self.url.is_empty() {
            return Ok(None);
        }
        let credentials = given(&self.password_file)
            .map(|password| Credentials::User(self.user.clone(), password))
            .or_else(|| given(&self.token_file).map(Credentials::Token))
            .or_else(|| given(&self.nkey_file).map(Credentials::Nkey))
            .or_else(|| given(&self.credentials_file).map(Credentials::File));
        let tls = Tls {
            authorities: given(&self.ca_file),
            identity: given(&self.certificate_file).zip(given(&self.key_file)),
        };
        Ok(Some(NatsOptions {
            url: self.url.clone(),
            credentials,
            tls,
        }))
    }

    fn validate(&self) -> Result<(), NatsConfigError> {
        let ways = [
            &self.password_file,
            &self.token_file,
            &self.nkey_file,
            &self.credentials_file,
        ];
        let ways = ways.into_iter().filter_map(|file| given(file)).count();
        let files = [&self.ca_file, &self.certificate_file, &self.key_file];
        let is_described = ways > 0 || files.into_iter().any(|file| given(file).is_some());
        let checks = [
            (
                !(self.url.is_empty() && is_described),
                "nats.url is missing: where is the server?",
            ),
            (
                self.user.is_empty() == given(&self.password_file).is_none(),
                "nats.user and nats.password_file go together",
            ),
            (
                ways <= 1,
                "choose one of nats.password_file, nats.token_file, nats.nkey_file and \
                 nats.credentials_file",
            ),
            (
                given(&self.certificate_file).is_some() == given(&self.key_file).is_some(),
                "nats.certificate_file and nats.key_file go together",
            ),
        ];
        let broken = checks.into_iter().filter(|(holds, _)| !holds);
        let broken: Vec<_> = broken.map(|(_, what)| what).collect();
        if broken.is_empty() {
            return Ok(());
        }
        Err(NatsConfigError(broken))
    }
}

fn given(file: &Path) -> Option<PathBuf> {
    (!file.as_os_str().is_empty()).then(|| file.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_does_not_fit_is_told_at_once() {
        let config = NatsConfig {
            user: "keizoku".to_owned(),
            token_file: "token".into(),
            nkey_file: "seed".into(),
            key_file: "key.pem".into(),
            ..NatsConfig::default()
        };
        let told = config.options().unwrap_err().to_string();
        for part in [
            "nats.url",
            "nats.user",
            "choose one",
            "nats.key_file go together",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(NatsConfig::default().options().unwrap().is_none());
    }
}
