//! Consistency tokens, and waiting until a model has read what they cover.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use keizoku_core::Position;
use keizoku_proto::common;
use tokio::sync::{Notify, watch};
use tonic::Code;
use uuid::Uuid;

use crate::Failure;

/// How long a question waits for the changes that it must include.
const PATIENCE: Duration = Duration::from_secs(5);

/// How far each log must have been read: log id → position. Opaque to clients.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Token(BTreeMap<Uuid, Position>);

impl Token {
    /// One log up to a position.
    #[must_use]
    pub fn of(log: Uuid, position: Position) -> Self {
        Self(BTreeMap::from([(log, position)]))
    }

    /// Adds what another token covers.
    pub fn merge(&mut self, other: &Self) {
        for (log, position) in &other.0 {
            let known = self.0.entry(*log).or_default();
            *known = (*known).max(*position);
        }
    }

    /// Covers a log no more; whether it did.
    pub fn forget(&mut self, log: Uuid) -> bool {
        self.0.remove(&log).is_some()
    }

    /// The token as clients carry it.
    #[must_use]
    pub fn encode(&self) -> String {
        let parts: Vec<String> = self
            .0
            .iter()
            .map(|(log, position)| format!("{}-{:x}", log.simple(), position.0))
            .collect();
        parts.join(".")
    }

    /// Reads and merges tokens as clients carry them.
    ///
    /// # Errors
    /// When one of them is not ours.
    pub fn decode(texts: &[String]) -> Result<Self, Failure> {
        let mut token = Self::default();
        for part in texts
            .iter()
            .filter(|text| !text.is_empty())
            .flat_map(|text| text.split('.'))
        {
            let parsed = part.split_once('-').and_then(|(log, position)| {
                Some((
                    Uuid::try_parse(log).ok()?,
                    u64::from_str_radix(position, 16).ok()?,
                ))
            });
            let Some((log, position)) = parsed else {
                let violation = tonic_types::FieldViolation::new(
                    "consistency_tokens",
                    "holds a token that no change was answered with",
                );
                return Err(Failure::invalid(vec![violation]));
            };
            token.merge(&Self::of(log, Position(position)));
        }
        Ok(token)
    }
}

/// How far a model has read one source.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// The log, once something was heard of it.
    pub log_id: Uuid,
    /// Last position that the model includes.
    pub position: Position,
    /// When that event was recorded.
    pub recorded_at: Option<Timestamp>,
    /// Last position that the source is known to have.
    pub head: Position,
    /// Position from which on the model answers: the source's head when reading began.
    pub ready_at: Position,
    /// Whether the model stopped at an event that it cannot read.
    pub parked: bool,
}

/// Follows how far a model has read one source.
#[derive(Clone)]
pub struct Followed {
    /// How far, at any time.
    pub progress: watch::Receiver<Progress>,
    hurry: Arc<Notify>,
}

impl Followed {
    pub(crate) fn new(progress: watch::Receiver<Progress>, hurry: Arc<Notify>) -> Self {
        Self { progress, hurry }
    }

    /// How far just now.
    #[must_use]
    pub fn now(&self) -> Progress {
        *self.progress.borrow()
    }

    /// Waits until the model includes `position`, and has it take in at once what has arrived.
    ///
    /// `false`: the process stops first.
    pub async fn reach(&self, position: Position) -> bool {
        let mut progress = self.progress.clone();
        while progress.borrow_and_update().position < position {
            self.hurry.notify_one();
            if progress.changed().await.is_err() {
                return false;
            }
        }
        true
    }
}

/// How far the models behind a service's answers have read their sources.
#[derive(Clone, Default)]
pub struct Freshness {
    sources: Arc<Mutex<BTreeMap<String, Followed>>>,
}

impl Freshness {
    /// The same sources, to which others can be added.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            sources: Arc::new(Mutex::new(self.lock().clone())),
        }
    }

    /// Takes a source's progress into account.
    pub fn add(&self, source: &str, followed: Followed) {
        self.lock().insert(source.to_owned(), followed);
    }

    /// Waits until the models include what the tokens cover.
    ///
    /// # Errors
    /// When a token is not ours or of another log, the models do not get there in time, or they have
    /// yet to read what was recorded before the process started.
    pub async fn wait(&self, tokens: &[String]) -> Result<(), Failure> {
        self.require_ready()?;
        let token = Token::decode(tokens)?;
        match token.0.keys().find(|log| self.of(**log).is_none()) {
            Some(log) => Err(foreign(*log)),
            None => self.reach_all(token).await,
        }
    }

    /// The same, where tokens may cover other sources too, which whoever asks has waited for elsewhere.
    ///
    /// # Errors
    /// As [`wait`](Self::wait), but for a token of another log.
    pub async fn wait_for_own(&self, tokens: &[String]) -> Result<(), Failure> {
        self.require_ready()?;
        self.reach_all(Token::decode(tokens)?).await
    }

    async fn reach_all(&self, token: Token) -> Result<(), Failure> {
        for (log, position) in token.0 {
            let Some(followed) = self.of(log) else {
                continue;
            };
            let reached = followed.reach(position);
            if tokio::time::timeout(PATIENCE, reached).await.is_err() {
                return Err(Failure::unavailable(
                    common::ErrorReason::NotCaughtUp,
                    "the answer does not include the change yet; try again",
                ));
            }
        }
        Ok(())
    }

    /// The source whose log it is.
    fn of(&self, log: Uuid) -> Option<Followed> {
        let sources = self.lock();
        let mut sources = sources.values();
        sources.find(|source| source.now().log_id == log).cloned()
    }

    /// A model that has yet to read what was recorded before the process started cannot answer.
    fn require_ready(&self) -> Result<(), Failure> {
        for (source, followed) in self.lock().iter() {
            let Progress {
                log_id,
                position,
                ready_at,
                ..
            } = followed.now();
            if log_id.is_nil() || position < ready_at {
                let message = if log_id.is_nil() {
                    format!(
                        "nothing was heard yet of the events of {source}: is its service running? \
                         try again"
                    )
                } else {
                    format!(
                        "still reading the events of {source}: {} of {}; try again",
                        position.0, ready_at.0
                    )
                };
                return Err(Failure::unavailable(
                    common::ErrorReason::Unavailable,
                    message,
                ));
            }
        }
        Ok(())
    }

    /// Waits until a source has been read up to a position, however long that takes.
    pub async fn reach(&self, source: &str, position: Position) {
        let followed = self.lock().get(source).cloned();
        if let Some(followed) = followed {
            followed.reach(position).await;
        }
    }

    /// Waits until a source has been read as far as others have read it; at most a few seconds.
    pub async fn keep_up(&self, source: &str, others: &Self) {
        let reached = self.reach(source, others.position(source));
        // Who waits longer is told what there is.
        drop(tokio::time::timeout(PATIENCE, reached).await);
    }

    /// Waits until the models have read what was recorded before the process started.
    pub async fn ready(&self) {
        let sources: Vec<_> = self.lock().values().cloned().collect();
        for followed in sources {
            let mut progress = followed.progress.clone();
            let heard = progress.wait_for(|progress| !progress.log_id.is_nil());
            let Some(ready_at) = heard.await.ok().map(|progress| progress.ready_at) else {
                return; // The process stops.
            };
            followed.reach(ready_at).await;
        }
    }

    /// How far one source has been read.
    #[must_use]
    pub fn position(&self, source: &str) -> Position {
        let sources = self.lock();
        sources
            .get(source)
            .map_or(Position::START, |followed| followed.now().position)
    }

    /// When the last event of a source was recorded that has been read; none before the first.
    #[must_use]
    pub fn recorded_at(&self, source: &str) -> Option<Timestamp> {
        let sources = self.lock();
        sources.get(source)?.now().recorded_at
    }

    /// How far each source has been read, for the answer.
    #[must_use]
    pub fn watermarks(&self) -> Vec<common::SourceWatermark> {
        self.lock()
            .iter()
            .map(|(source, followed)| {
                let progress = followed.now();
                common::SourceWatermark {
                    source: source.clone(),
                    log_id: progress.log_id.to_string(),
                    position: progress.position.0,
                    recorded_at: progress.recorded_at.map(keizoku_proto::timestamp),
                    head: progress.head.0,
                }
            })
            .collect()
    }

    /// Whether a model stopped at an event that it cannot read.
    #[must_use]
    pub fn stale(&self) -> bool {
        self.lock().values().any(|followed| followed.now().parked)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Followed>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn foreign(log: Uuid) -> Failure {
    let message = "the consistency token belongs to another log (a restored backup?); drop it";
    Failure::new(
        Code::FailedPrecondition,
        common::ErrorReason::ForeignToken,
        message,
    )
    .with("log_id", log.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_merge_by_maximum_and_survive_the_wire() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut token = Token::of(a, Position(7));
        token.merge(&Token::of(b, Position(300)));
        token.merge(&Token::of(a, Position(5)));
        let read = Token::decode(&[token.encode(), Token::of(a, Position(6)).encode()]);
        assert_eq!(read.ok(), Some(token.clone()));
        assert!(token.forget(b) && !token.forget(b));
        assert_eq!(token, Token::of(a, Position(7)));
        assert!(Token::decode(&["nonsense".to_owned()]).is_err());
    }
}
