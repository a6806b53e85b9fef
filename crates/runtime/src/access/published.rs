//! Keys that an issuer publishes and changes: a JSON Web Key Set in a file or behind a URL.
//!
//! Read again when a token names a key that is not in it, and when it was read long ago; in either
//! case not more often than every [`PAUSE`], whatever tokens say.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keizoku_core::Clock;

use super::keys::Key;

/// Least time between two readings.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);
/// After this time what was read is read again: a key that was withdrawn goes.
const OLD: SignedDuration = SignedDuration::from_mins(10);
/// An issuer that takes longer does not answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than any set of public keys needs, in bytes.
const LARGEST: usize = 256 * 1024;

/// Where a key set is.
#[derive(Debug, Clone)]
pub(super) enum Place {
    File(PathBuf),
    Url(reqwest::Url),
}

/// Why a key set cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("cannot be read")]
    File(#[from] std::io::Error),
    #[error("cannot be fetched")]
    Url(#[from] reqwest::Error),
    #[error("is larger than {LARGEST} bytes")]
    Large,
    #[error("is not a JSON Web Key Set")]
    Malformed(#[from] serde_json::Error),
    #[error("holds no RS256 or ES256 key that is fit for checking signatures")]
    Empty,
}

/// A key set that is read again when it has to be.
pub(super) struct Published {
    place: Place,
    client: reqwest::Client,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
    /// One reading at a time.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    keys: Arc<[Key]>,
    read: Option<Timestamp>,
    tried: Option<Timestamp>,
}

impl Published {
    pub(super) fn at(place: Place, clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        crate::crypto::install();
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            // The configuration names the place, and nobody else does.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            place,
            client,
            clock,
            known: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        })
    }

    /// The keys as they were last read; `None` when that was never.
    pub(super) fn keys(&self) -> Option<Arc<[Key]>> {
        let known = self.lock();
        known.read.map(|_| Arc::clone(&known.keys))
    }

    /// Whether what is known is old.
    pub(super) fn is_due(&self) -> bool {
        let now = self.clock.now();
        let known = self.lock();
        known
            .read
            .is_some_and(|read| now.duration_since(read) > OLD)
            && known.may_be_read(now)
    }

    /// Whether it may be read again.
    pub(super) fn may_be_read(&self) -> bool {
        let now = self.clock.now();
        self.lock().may_be_read(now)
    }

    /// Reads it again, unless somebody just did or tried to; tells whether the keys changed.
    /// What was known before stays when it cannot be read.
    pub(super) async fn refresh(&self) -> bool {
        let _turn = self.turn.lock().await;
        let now = self.clock.now();
        {
            let mut known = self.lock();
            if !known.may_be_read(now) {
                return false;
            }
            known.tried = Some(now);
        }
        match self.read().await {
            Ok(keys) => {
                let mut known = self.lock();
                known.keys = keys.into();
                known.read = Some(now);
                true
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(place = %self.place, error, "the keys that tokens are checked with cannot be read");
                false
            }
        }
    }

    async fn read(&self) -> Result<Vec<Key>, ReadError> {
        let document = match &self.place {
            Place::File(path) => tokio::fs::read(path).await?,
            Place::Url(url) => self.fetch(url.clone()).await?,
        };
        let keys = Key::from_set(&document)?;
        if keys.is_empty() {
            return Err(ReadError::Empty);
        }
        Ok(keys)
    }

    async fn fetch(&self, url: reqwest::Url) -> Result<Vec<u8>, ReadError> {
        let mut answer = self.client.get(url).send().await?.error_for_status()?;
        let mut document = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if document.len() + chunk.len() > LARGEST {
                return Err(ReadError::Large);
            }
            document.extend_from_slice(&chunk);
        }
        Ok(document)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn may_be_read(&self, now: Timestamp) -> bool {
        self.tried
            .is_none_or(|tried| now.duration_since(tried) >= PAUSE)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(out),
            // Without what it may hold as a secret.
            Self::Url(url) => write!(out, "{}{}", url.origin().ascii_serialization(), url.path()),
        }
    }
}
