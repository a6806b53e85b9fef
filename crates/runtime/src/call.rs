//! Who calls, with what, and how that is remembered.

use jiff::Timestamp;
use keizoku_core::{Actor, NewEvent, Origin, Revision, StreamId, derive_id};
use keizoku_proto::{StoredEvent, common};
use prost::Message;
use sha2::{Digest as _, Sha256};
use tonic::Request;
use uuid::Uuid;

use crate::{Cause, Failure};

/// The caller, as the access layer established it.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Who.
    pub actor: Actor,
}

/// Everything about a command but the command.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who wants it.
    pub actor: Actor,
    /// How it came about.
    pub origin: Origin,
    /// Its idempotency key.
    pub request_id: Uuid,
    /// Over method, actor and canonical request: tells a repetition from another request.
    pub hash: [u8; 16],
    /// The revision that the client has seen, when it cares.
    pub etag: Option<Revision>,
    /// What it follows from, and the trace that it is a part of.
    pub cause: Cause,
    /// When it happened elsewhere, for imported history.
    pub occurred_at: Option<Timestamp>,
}

impl Call {
    /// A command that came over the API.
    ///
    /// # Errors
    /// When the etag is not one of ours.
    pub fn of<T: Message>(
        method: &'static str,
        request: &Request<T>,
        request_id: Uuid,
        etag: &str,
    ) -> Result<Self, Failure> {
        let actor = actor_of(request);
        let traceparent = request
            .metadata()
            .get("traceparent")
            .and_then(|v| v.to_str().ok());
        Ok(Self {
            hash: hash(method, &actor, request.get_ref()),
            actor,
            origin: Origin::User,
            request_id,
            etag: parse_etag(etag)?,
            cause: Cause::default().within(traceparent.unwrap_or_default().to_owned()),
            occurred_at: None,
        })
    }

    /// A row of an import. `run` is this import's own: a row that goes back to what it said in
    /// an earlier import is a new request; within a run, the difference makes repetitions harmless.
    #[must_use]
    pub fn import<T: Message>(method: &'static str, actor: &Actor, run: Uuid, row: &T) -> Self {
        let hash = hash(method, actor, row);
        Self {
            actor: actor.clone(),
            origin: Origin::Import,
            request_id: keizoku_core::derive_id("import", &[run.as_bytes(), &hash]),
            hash,
            etag: None,
            cause: Cause::default(),
            occurred_at: None,
        }
    }

    /// A command that a service gives itself because of something. The same request id takes effect
    /// once per stream.
    #[must_use]
    pub fn own(service: &str, origin: Origin, request_id: Uuid, cause: Cause) -> Self {
        Self {
            actor: Actor::new("service", service),
            origin,
            request_id,
            // The request id says it all: what it stands for is looked up when it is repeated.
            hash: [0; 16],
            etag: None,
            cause,
            occurred_at: None,
        }
    }

    /// The same call for one of several streams that it writes.
    #[must_use]
    pub fn part(&self, name: &str) -> Self {
        let request_id = keizoku_core::derive_id(name, &[self.request_id.as_bytes()]);
        Self {
            request_id,
            etag: None,
            ..self.clone()
        }
    }

    /// What is stored beside every event.
    #[must_use]
    pub fn metadata(&self) -> common::EventMetadata {
        let origin = match self.origin {
            Origin::User => common::Origin::User,
            Origin::Import => common::Origin::Import,
            Origin::Reaction => common::Origin::Reaction,
            Origin::Schedule => common::Origin::Schedule,
        };
        common::EventMetadata {
            actor: self.actor.as_str().to_owned(),
            origin: origin.into(),
            request_id: self.request_id.as_bytes().to_vec(),
            request_hash: self.hash.to_vec(),
            correlation_id: self.correlation_id().as_bytes().to_vec(),
            causation_id: self
                .cause
                .event
                .map_or_else(Vec::new, |event| event.as_bytes().to_vec()),
            traceparent: self.cause.traceparent.clone(),
            schema_version: 1,
            occurred_at: self.occurred_at.map(keizoku_proto::timestamp),
            reactions: self.cause.reactions,
        }
    }

    /// What follows from this command's first event on a stream.
    #[must_use]
    pub fn followed(&self, stream: &StreamId) -> Cause {
        Cause {
            correlation_id: Some(self.correlation_id()),
            event: Some(self.event_id(&stream.to_string(), 0)),
            ..self.cause.clone()
        }
    }

    fn correlation_id(&self) -> Uuid {
        self.cause.correlation_id.unwrap_or(self.request_id)
    }

    fn event_id(&self, stream: &str, index: usize) -> Uuid {
        let request = self.request_id.as_bytes();
        derive_id("event", &[stream.as_bytes(), request, &index.to_be_bytes()])
    }

    /// A command's events as the log takes them. The same call again gives the same ids.
    pub(crate) fn encode<E: StoredEvent>(
        &self,
        stream: &StreamId,
        events: &[E],
        metadata: &common::EventMetadata,
    ) -> Vec<NewEvent> {
        let metadata = metadata.encode_to_vec();
        let name = stream.to_string();
        let new = |(index, event): (usize, &E)| NewEvent {
            id: self.event_id(&name, index),
            kind: event.type_name(),
            data: event.to_bytes(),
            metadata: metadata.clone(),
        };
        events.iter().enumerate().map(new).collect()
    }
}

/// Who calls, as the access layer established it.
pub fn actor_of<T>(request: &Request<T>) -> Actor {
    request.extensions().get::<Identity>().map_or_else(
        || Actor::new("user", "unknown"),
        |identity| identity.actor.clone(),
    )
}

fn hash<T: Message>(method: &str, actor: &Actor, request: &T) -> [u8; 16] {
    let mut hasher = Sha256::new();
    hasher.update(method.as_bytes());
    hasher.update([0]);
    hasher.update(actor.as_str().as_bytes());
    hasher.update([0]);
    hasher.update(request.encode_to_vec());
    let digest = hasher.finalize();
    let mut short = [0; 16];
    short.copy_from_slice(&digest[..16]);
    short
}

/// An etag is the revision of the resource's stream.
#[must_use]
pub fn etag(revision: Revision) -> String {
    format!("r{}", revision.0)
}

fn parse_etag(text: &str) -> Result<Option<Revision>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    let revision = text
        .strip_prefix('r')
        .and_then(|number| number.parse().ok());
    revision
        .map(|number| Some(Revision(number)))
        .ok_or_else(|| {
            let violation =
                tonic_types::FieldViolation::new("etag", "is not an etag that was read here");
            Failure::invalid(vec![violation])
        })
}
