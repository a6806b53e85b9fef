//! The stream of one source: its settings, whose it is, and what it holds.

use std::error::Error as _;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, push};
use async_nats::jetstream::context::{
    GetStreamError, GetStreamErrorKind, RequestError, RequestErrorKind,
};
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, Info, RetentionPolicy, StorageType, Stream,
};
use keizoku_core::Position;
use uuid::Uuid;

use super::connection::Nats;
use super::head::BEAT;
use super::message::{self, Published, subject};
use crate::BusError;

/// A stream as a relay made it.
pub(super) struct Exchange {
    stream: Stream<Info>,
    log_id: Uuid,
}

impl Exchange {
    /// The stream of a source, if it is one that can be used.
    pub(super) async fn find(nats: &Nats, source: &str) -> Result<Self, BusError> {
        let name = name(source);
        let found = nats.jetstream()?.get_stream(&name).await;
        let stream = found.map_err(|error| not_found(error, &name))?;
        let mut differences = differences(&stream.cached_info().config, source);
        let log_id = log_id(&stream.cached_info().config);
        if log_id.is_none() {
            differences.push("its description must end with the id of a log".to_owned());
        }
        match log_id {
            Some(log_id) if differences.is_empty() => Ok(Self { stream, log_id }),
            _ => Err(BusError::ForeignSettings {
                stream: name,
                differences,
            }),
        }
    }

    /// Makes the stream for a log.
    pub(super) async fn create(nats: &Nats, source: &str, log_id: Uuid) -> Result<Self, BusError> {
        let created = nats.jetstream()?.create_stream(settings(source, log_id));
        let stream = created.await.map_err(BusError::nats("make the stream"))?;
        Ok(Self { stream, log_id })
    }

    /// Deletes the stream: it will be published again.
    pub(super) async fn delete(nats: &Nats, source: &str) -> Result<(), BusError> {
        let deleted = nats.jetstream()?.delete_stream(name(source)).await;
        deleted
            .map(drop)
            .map_err(BusError::nats("delete the stream"))
    }

    /// The log whose events it holds.
    pub(super) const fn log_id(&self) -> Uuid {
        self.log_id
    }

    /// Sequence of the last message.
    pub(super) fn last_sequence(&self) -> u64 {
        self.stream.cached_info().state.last_sequence
    }

    /// Whether nothing was taken out: the n-th event of the log is message n.
    pub(super) fn is_whole(&self) -> bool {
        let state = &self.stream.cached_info().state;
        state.messages == state.last_sequence
    }

    /// Whether it still is what it was, as far as the server knows.
    pub(super) async fn is_unchanged(&self, last_sequence: u64) -> Result<bool, BusError> {
        let now = self.stream.get_info().await;
        let now = now.map_err(BusError::nats("look at the stream"))?;
        let before = self.stream.cached_info();
        Ok(now.config == before.config
            && now.created == before.created
            && now.state.last_sequence == last_sequence)
    }

    /// What it ends with.
    pub(super) async fn last(&self) -> Result<Option<Last>, BusError> {
        match self.last_sequence() {
            0 => Ok(None),
            last => self.at(last).await.map(|last| Some(last.into())),
        }
    }

    /// Sequence of the first event after a position; the next one to come, when there is none.
    pub(super) async fn sequence_after(&self, position: Position) -> Result<u64, BusError> {
        let (mut low, mut high) = (1, self.last_sequence() + 1);
        if position == Position::START {
            return Ok(low);
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if self.at(middle).await?.event.position > position {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(low)
    }

    /// Delivers its messages from a sequence on, and then every new one.
    pub(super) async fn deliver(&self, nats: &Nats, from: u64) -> Result<push::Messages, BusError> {
        let config = push::Config {
            deliver_subject: nats.client()?.new_inbox(),
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: from,
            },
            ack_policy: AckPolicy::None,
            flow_control: true,
            idle_heartbeat: BEAT,
            max_deliver: 1,
            memory_storage: true,
            num_replicas: 1,
            ..push::Config::default()
        };
        let consumer = self.stream.create_consumer(config).await;
        let consumer = consumer.map_err(BusError::nats("deliver the stream"))?;
        let messages = consumer.messages().await;
        messages.map_err(BusError::nats("deliver the stream"))
    }

    async fn at(&self, sequence: u64) -> Result<Published, BusError> {
        let message = self.stream.get_raw_message(sequence).await;
        let message = message.map_err(BusError::nats("read the stream"))?;
        message::decode(&message.headers, &message.payload).ok_or_else(|| {
            BusError::ForeignSettings {
                stream: self.stream.cached_info().config.name.clone(),
                differences: vec![format!("message {sequence} is not from a relay")],
            }
        })
    }
}

/// The end of a stream.
pub(super) struct Last {
    pub(super) log_id: Uuid,
    pub(super) position: Position,
    pub(super) event: Uuid,
}

impl From<Published> for Last {
    fn from(last: Published) -> Self {
        Self {
            log_id: last.log_id,
            position: last.event.position,
            event: last.event.id,
        }
    }
}

fn not_found(error: GetStreamError, name: &str) -> BusError {
    let refusal = match error.kind() {
        GetStreamErrorKind::JetStream(refusal) => Some(refusal.error_code()),
        _ => None,
    };
    let request = error
        .source()
        .and_then(|cause| cause.downcast_ref::<RequestError>());
    let nobody = request.is_some_and(|request| request.kind() == RequestErrorKind::NoResponders);
    match refusal {
        Some(ErrorCode::STREAM_NOT_FOUND) => BusError::NoStream(name.to_owned()),
        Some(ErrorCode::JETSTREAM_NOT_ENABLED | ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT) => {
            BusError::NoJetStream
        }
        None if nobody => BusError::NoJetStream,
        _ => BusError::nats("look for the stream")(error),
    }
}

pub(super) fn name(source: &str) -> String {
    format!("KEIZOKU_{}", source.to_uppercase())
}

/// Everything is kept for ever, and nobody takes anything out. The description says of which log: a
/// stream without any message has to tell it, too.
fn settings(source: &str, log_id: Uuid) -> Config {
    Config {
        name: name(source),
        description: Some(format!(
            "Events of Keizoku's {source} service, log {log_id}"
        )),
        subjects: vec![subject(source, ">")],
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        max_bytes: -1,
        max_messages: -1,
        max_messages_per_subject: -1,
        max_consumers: -1,
        num_replicas: 1,
        deny_delete: true,
        deny_purge: true,
        ..Config::default()
    }
}

fn log_id(config: &Config) -> Option<Uuid> {
    let (_, log_id) = config.description.as_deref()?.rsplit_once(' ')?;
    log_id.parse().ok()
}

/// What somebody changed. The number of replicas and where they are is the operator's choice.
fn differences(config: &Config, source: &str) -> Vec<String> {
    let ours = settings(source, Uuid::nil());
    let unlimited = |limit: i64| limit <= 0;
    let checks = [
        (
            config.subjects == ours.subjects,
            format!(
                "subjects are {:?}, not {:?}",
                config.subjects, ours.subjects
            ),
        ),
        (
            config.retention == ours.retention,
            format!("retention is {:?}, not by limits", config.retention),
        ),
        (
            config.storage == ours.storage,
            "it is kept in memory, not in files".to_owned(),
        ),
        (
            config.max_age.is_zero(),
            format!("max_age is {:?}, not unlimited", config.max_age),
        ),
        (
            unlimited(config.max_bytes),
            format!("max_bytes is {}, not unlimited", config.max_bytes),
        ),
        (
            unlimited(config.max_messages),
            format!("max_msgs is {}, not unlimited", config.max_messages),
        ),
        (
            unlimited(config.max_messages_per_subject),
            format!(
                "max_msgs_per_subject is {}, not unlimited",
                config.max_messages_per_subject
            ),
        ),
        (
            unlimited(config.max_message_size.into()),
            format!("max_msg_size is {}, not unlimited", config.max_message_size),
        ),
        (
            config.deny_delete && config.deny_purge,
            "messages can be deleted or purged".to_owned(),
        ),
        (
            !config.no_ack && !config.sealed && !config.allow_rollup,
            "it does not acknowledge, is sealed, or can be rolled up".to_owned(),
        ),
        (
            config.mirror.is_none() && config.sources.as_ref().is_none_or(Vec::is_empty),
            "it takes its messages from another stream".to_owned(),
        ),
    ];
    let differing = checks.into_iter().filter(|(is_ours, _)| !is_ours);
    differing.map(|(_, difference)| difference).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn settings_that_lose_history_are_told_all_at_once() {
        let ours = settings("risk", Uuid::from_u128(7));
        assert_eq!(log_id(&ours), Some(Uuid::from_u128(7)));
        assert_eq!(differences(&ours, "risk"), Vec::<String>::new());
        let foreign = Config {
            max_age: Duration::from_hours(1),
            max_bytes: 1_000,
            storage: StorageType::Memory,
            deny_purge: false,
            ..ours
        };
        let found = differences(&foreign, "risk");
        assert_eq!(
            found,
            [
                "it is kept in memory, not in files",
                "max_age is 3600s, not unlimited",
                "max_bytes is 1000, not unlimited",
                "messages can be deleted or purged"
            ]
        );
        assert_eq!(
            differences(&settings("accounts", Uuid::nil()), "risk").len(),
            1
        );
    }
}
