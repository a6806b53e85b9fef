//! Connections over TLS, with the certificates that are in the files now: a renewed one needs no restart.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::tls::{TlsConfig, TlsError};

/// A client that takes longer to shake hands is cut off.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What connections are encrypted with.
pub struct Encryption {
    files: TlsConfig,
    kept: Mutex<Kept>,
}

/// What was made of the files when they were looked at last.
struct Kept {
    seen: Vec<Version>,
    usable: Arc<ServerConfig>,
}

/// What tells one version of a file from the next: inode, size, and when it was changed, to the
/// nanosecond. Nothing where there is none.
type Version = Option<(u64, u64, i64, i64)>;

impl Encryption {
    /// Reads the files; nothing where TLS is not configured.
    ///
    /// # Errors
    /// Everything that cannot be used.
    pub fn configured(files: &TlsConfig) -> Result<Option<Self>, TlsError> {
        let seen = versions(files);
        Ok(files.read()?.map(|usable| Self {
            files: files.clone(),
            kept: Mutex::new(Kept { seen, usable }),
        }))
    }

    /// Shakes hands with a client.
    pub(super) async fn accept<S>(&self, stream: S) -> Option<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let shaken = TlsAcceptor::from(self.current()).accept(stream);
        match tokio::time::timeout(HANDSHAKE, shaken).await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a client did not agree on TLS");
                None
            }
            Err(_) => {
                tracing::debug!("a client did not finish its TLS handshake in time");
                None
            }
        }
    }

    /// What the files hold, or held when they could be used last. To look whether they have changed
    /// costs nothing beside a handshake.
    fn current(&self) -> Arc<ServerConfig> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = versions(&self.files);
        if now != kept.seen {
            kept.seen = now;
            match self.files.read() {
                Ok(Some(usable)) => {
                    tracing::info!("the files of [tls] have changed and are used from now on");
                    kept.usable = usable;
                }
                // Not configured is not what they can become.
                Ok(None) => {}
                Err(error) => tracing::error!(
                    %error,
                    "the files of [tls] have changed and cannot be used: the certificates from before stay"
                ),
            }
        }
        Arc::clone(&kept.usable)
    }
}

/// Looked at before they are read: what changes in between is seen the next time.
fn versions(files: &TlsConfig) -> Vec<Version> {
    files.files().map(version).collect()
}

fn version(file: &Path) -> Version {
    let file = std::fs::metadata(file).ok()?;
    Some((file.ino(), file.size(), file.ctime(), file.ctime_nsec()))
}
