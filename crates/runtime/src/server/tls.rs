//! TLS: the server's certificate, and those by which clients say who they are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde::Deserialize;

use crate::config::Problems;

/// The protocol that both sides agree on while they shake hands: HTTP/2.
const PROTOCOL: &[u8] = b"h2";

/// Files of TLS, all of them PEM. An empty path means: not set. Read at the start, and again when
/// they have changed.
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
    pub(super) fn read(&self) -> Result<Option<Arc<ServerConfig>>, TlsError> {
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
        let unfit = |key, why: String| {
            let mut problems = Problems::default();
            problems.add(key, why);
            TlsError(problems)
        };
        let clients = match &authorities {
            Some(authorities) => clients_of(authorities).map_err(|why| {
                let file = self.client_ca_file.display();
                let why = format!("names {file}, which holds no usable authority: {why}");
                unfit("tls.client_ca_file", why)
            })?,
            None => WebPkiClientVerifier::no_client_auth(),
        };
        let builder = ServerConfig::builder().with_client_cert_verifier(clients);
        let mut config = chain_and_key(&certificate, &key)
            .and_then(|(chain, key)| Ok(builder.with_single_cert(chain, key)?))
            .map_err(|why| {
                let why = format!("and certificate_file do not fit: {why}");
                unfit("tls.key_file", why)
            })?;
        config.alpn_protocols.push(PROTOCOL.to_vec());
        Ok(Some(Arc::new(config)))
    }

    /// The files that are named.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let files = [&self.certificate_file, &self.key_file, &self.client_ca_file];
        files
            .into_iter()
            .map(PathBuf::as_path)
            .filter(|path| is_set(path))
    }
}

type Unfit = Box<dyn std::error::Error + Send + Sync>;
type Chain = Vec<CertificateDer<'static>>;

/// Who shows no certificate may have a token, and is told so if not.
fn clients_of(authorities: &[u8]) -> Result<Arc<dyn ClientCertVerifier>, Unfit> {
    let mut roots = RootCertStore::empty();
    let authorities = CertificateDer::pem_slice_iter(authorities).collect::<Result<Chain, _>>()?;
    roots.add_parsable_certificates(authorities);
    let verifier = WebPkiClientVerifier::builder(roots.into()).allow_unauthenticated();
    Ok(verifier.build()?)
}

fn chain_and_key(certificate: &[u8], key: &[u8]) -> Result<(Chain, PrivateKeyDer<'static>), Unfit> {
    let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<_, _>>()?;
    Ok((chain, PrivateKeyDer::from_pem_slice(key)?))
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
        let told = config.read().unwrap_err().to_string();
        for key in ["certificate_file", "client_ca_file"] {
            assert!(told.contains(&format!("tls.{key} names")), "{told}");
        }
        assert!(told.contains("nowhere.pem, which cannot be read"), "{told}");
        let half = TlsConfig {
            client_ca_file: config.client_ca_file,
            ..TlsConfig::default()
        };
        let told = half.read().unwrap_err().to_string();
        assert!(
            told.contains("needs certificate_file and key_file"),
            "{told}"
        );
        assert!(TlsConfig::default().read().unwrap().is_none());
    }
}
