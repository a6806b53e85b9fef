//! TLS: the server's certificate, and those by which clients say who they are.

use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};

use crate::config::Problems;

/// A client that takes longer to shake hands is cut off.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Files of TLS, all of them PEM. An empty path means: not set. Read at the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// The server's certificate, and those between it and the authority.
    pub certificate_file: PathBuf,
    /// Its private key.
    pub key_file: PathBuf,
    /// Authorities whose client certificates are trusted.
    pub client_ca_file: PathBuf,
}

/// What the configuration names cannot be used: everything that is wrong.
#[derive(Debug, thiserror::Error)]
#[error("TLS cannot be used as configured{0}")]
pub struct TlsError(pub Problems);

impl TlsConfig {
    /// Whether connections are encrypted.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        is_set(&self.certificate_file)
    }

    /// Whether clients can show certificates.
    #[must_use]
    pub fn knows_clients(&self) -> bool {
        is_set(&self.client_ca_file)
    }

    /// Notes what does not fit together.
    pub fn validate(&self, problems: &mut Problems) {
        if is_set(&self.certificate_file) != is_set(&self.key_file) {
            let why = "and certificate_file go together: name both or none";
            problems.add("tls.key_file", why);
        }
        if is_set(&self.client_ca_file) && !is_set(&self.certificate_file) {
            let why =
                "needs certificate_file and key_file: clients show certificates over TLS only";
            problems.add("tls.client_ca_file", why);
        }
    }

    /// Reads the files; nothing where TLS is not configured.
    ///
    /// # Errors
    /// Everything that cannot be read.
    pub fn load(&self) -> Result<Option<ServerTlsConfig>, TlsError> {
        let mut problems = Problems::default();
        self.validate(&mut problems);
        let certificate = read(
            "tls.certificate_file",
            &self.certificate_file,
            &mut problems,
        );
        let key = read("tls.key_file", &self.key_file, &mut problems);
        let authorities = read("tls.client_ca_file", &self.client_ca_file, &mut problems);
        problems.check().map_err(TlsError)?;
        let Some((certificate, key)) = certificate.zip(key) else {
            return Ok(None);
        };
        crate::crypto::install();
        let mut tls = ServerTlsConfig::new()
            .identity(Identity::from_pem(certificate, key))
            .timeout(HANDSHAKE);
        if let Some(authorities) = authorities {
            // Optional: who shows none may have a token, and is told so if not.
            tls = tls
                .client_ca_root(Certificate::from_pem(authorities))
                .client_auth_optional(true);
        }
        if let Err(error) = Server::builder().tls_config(tls.clone()) {
            let mut problems = Problems::default();
            let why = error
                .source()
                .map_or_else(String::new, |cause| format!(": {cause}"));
            problems.add(
                "tls.key_file",
                format!("and certificate_file do not fit{why}"),
            );
            return Err(TlsError(problems));
        }
        Ok(Some(tls))
    }
}

fn is_set(path: &Path) -> bool {
    !path.as_os_str().is_empty()
}

fn read(key: &str, path: &Path, problems: &mut Problems) -> Option<Vec<u8>> {
    if !is_set(path) {
        return None;
    }
    match std::fs::read(path) {
        Ok(file) if pem::parse_many(&file).is_ok_and(|blocks| !blocks.is_empty()) => Some(file),
        Ok(_) => {
            problems.add(key, format!("names {}, which is not PEM", path.display()));
            None
        }
        Err(error) => {
            let why = format!("names {}, which cannot be read: {error}", path.display());
            problems.add(key, why);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_with_the_files_is_said_at_once() {
        let folder = tempfile::TempDir::new().unwrap();
        let nonsense = folder.path().join("nonsense.pem");
        std::fs::write(&nonsense, "nonsense").unwrap();
        let config = TlsConfig {
            certificate_file: nonsense.clone(),
            key_file: folder.path().join("nowhere.pem"),
            client_ca_file: nonsense,
        };
        let told = config.load().unwrap_err().to_string();
        for key in ["certificate_file", "client_ca_file"] {
            assert!(told.contains(&format!("tls.{key} names")), "{told}");
        }
        assert!(told.contains("nowhere.pem, which cannot be read"), "{told}");
        let half = TlsConfig {
            client_ca_file: config.client_ca_file,
            ..TlsConfig::default()
        };
        let told = half.load().unwrap_err().to_string();
        assert!(
            told.contains("needs certificate_file and key_file"),
            "{told}"
        );
        assert!(TlsConfig::default().load().unwrap().is_none());
    }
}
