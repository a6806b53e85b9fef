//! Whom a client believes, and how it says who it is: certificates.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use tonic::codegen::http::Uri;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use crate::error::Failure;

/// Files of certificates, all of them PEM. Without any, those whom the machine trusts are believed.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Authorities to trust instead of the machine's.
    pub authorities: Option<PathBuf>,
    /// The client's own certificate, and its private key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

impl Trust {
    /// What connections use.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn tls(&self) -> Result<ClientTlsConfig, Failure> {
        keizoku_runtime::crypto::install();
        let mut tls = ClientTlsConfig::new();
        tls = match &self.authorities {
            Some(file) => tls.ca_certificate(Certificate::from_pem(read(file)?)),
            None => tls.with_native_roots(),
        };
        if let Some((certificate, key)) = &self.identity {
            tls = tls.identity(Identity::from_pem(read(certificate)?, read(key)?));
        }
        Ok(tls)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |error| Failure::Usage(format!("{} cannot be read: {error}", file.display()));
    std::fs::read(file).map_err(unreadable)
}

/// Whether what is sent there stays on this machine.
pub(super) fn is_this_machine(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
