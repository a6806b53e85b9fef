//! Why events do not come.

use std::error::Error;

/// Why events do not come. After any of them, a subscriber starts over from its position.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// No service of this process offers the source.
    #[error("no service in this process offers the events of `{0}`; run all of them, or use NATS")]
    UnknownSource(String),
    /// The source may exist, but nothing of it has ever arrived here.
    #[error("nothing was heard yet of the events of `{0}`")]
    Unheard(String),
    /// The source's log cannot be read.
    #[error("the events of `{source_name}` cannot be read")]
    Unreadable {
        /// Name of the source.
        source_name: String,
        /// Why.
        #[source]
        cause: keizoku_log::LogError,
    },
    /// There is no connection at the moment; it is made again by itself.
    #[error("NATS is not connected")]
    NotConnected,
    /// The server carries messages, and keeps none.
    #[error(
        "JetStream is not enabled for this user: start nats-server as in deploy/nats/nats.conf, and \
         enable it for the account"
    )]
    NoJetStream,
    /// Nobody has published the source yet.
    #[error(
        "there is no stream {0}: its service has not reached this NATS yet; is it running, with the \
         same --nats?"
    )]
    NoStream(String),
    /// Somebody made or changed the stream: what it holds is not the whole history.
    #[error(
        "the stream {stream} is not one that Keizoku can use: {}; correct or delete it, and it is \
         published again from the log",
        differences.join(", ")
    )]
    ForeignSettings {
        /// Name of the stream.
        stream: String,
        /// What is, and what must be.
        differences: Vec<String>,
    },
    /// Another log publishes there: positions of the two have nothing to do with each other.
    #[error(
        "another deployment publishes to {stream} (log {other}): give each a NATS account of its own"
    )]
    Rival {
        /// Name of the stream.
        stream: String,
        /// Id of the log that is published there.
        other: String,
    },
    /// The stream has what the log does not.
    #[error(
        "{stream} holds position {position}, which the log does not: the log is an older copy. Put it \
         back with `keizoku restore`, which makes it known as another log"
    )]
    LogBehind {
        /// Name of the stream.
        stream: String,
        /// What the stream ends with.
        position: u64,
    },
    /// One event is larger than the server takes.
    #[error(
        "the event at position {position} does not fit: set max_payload to 8MB in the configuration \
         of the NATS server"
    )]
    TooLarge {
        /// Where it stands in its log.
        position: u64,
    },
    /// What came is not what had to come next. Passing: starting over finds the place again.
    #[error("the events of `{source_name}` were interrupted: {reason}")]
    Interrupted {
        /// Name of the source.
        source_name: String,
        /// What happened.
        reason: String,
    },
    /// NATS refused or did not answer.
    #[error("NATS could not {action}")]
    Nats {
        /// What was asked.
        action: &'static str,
        /// Why.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
}

impl BusError {
    /// NATS refused or did not answer when asked to do something.
    pub(crate) fn nats<E: Into<Box<dyn Error + Send + Sync>>>(
        action: &'static str,
    ) -> impl FnOnce(E) -> Self {
        move |cause| Self::Nats {
            action,
            cause: cause.into(),
        }
    }
}
