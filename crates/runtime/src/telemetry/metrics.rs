//! The names of metrics. Dashboards and alerts use them: they are an interface.

/// Time of an RPC until its answer begins, in seconds; by `rpc.method` and `rpc.response.status_code`.
/// The count of its values is the rate of requests, and of errors by the code.
pub const RPC_DURATION: &str = "rpc.server.call.duration";
/// Time of an append until it is durable, in seconds; by `log` and `outcome`.
pub const APPEND_DURATION: &str = "keizoku.log.append.duration";
/// Appends that wait or are being written; by `log`.
pub const LOG_QUEUE: &str = "keizoku.log.queue";
/// Position of a log's last event; by `log`.
pub const LOG_HEAD: &str = "keizoku.log.head";
/// Events that a model has yet to read; by `model` and `source`.
pub const MODEL_LAG: &str = "keizoku.model.lag";
/// 1 where a model stopped at an event that it cannot read; by `model` and `source`.
pub const MODEL_PARKED: &str = "keizoku.model.parked";
/// Facts and dates that an effect has yet to deal with; by `effect`.
pub const EFFECT_WAITING: &str = "keizoku.effect.waiting";
/// Events of a log that NATS has yet to take; by `log`.
pub const RELAY_LAG: &str = "keizoku.relay.lag";
/// 1 where a log cannot be published; by `log`.
pub const RELAY_INTERRUPTED: &str = "keizoku.relay.interrupted";
/// What became of attempts to deliver messages, and of messages that were not sent; by `channel`
/// (`slack`, `webhook`, `email`, `none`) and `outcome` (`delivered`, `failed`, `ambiguous`, `given_up`,
/// `suppressed`).
pub const DELIVERIES: &str = "keizoku.notification.deliveries";
/// Messages that wait, by `stage`: `due` (to be sent now), `waiting` (to be sent later), `sending`, and
/// for people to look at `ambiguous` (not sent again by itself) and `dead_letter`.
pub const MESSAGES: &str = "keizoku.notification.messages";
/// How long the oldest one has waited, in seconds, by `stage`: `planning` since the fact was recorded,
/// `sending` since somebody wanted the message sent, `digest` since the digest was due.
pub const MESSAGES_LAG: &str = "keizoku.notification.lag";

/// All of them.
pub const ALL: [&str; 12] = [
    RPC_DURATION,
    APPEND_DURATION,
    LOG_QUEUE,
    LOG_HEAD,
    MODEL_LAG,
    MODEL_PARKED,
    EFFECT_WAITING,
    RELAY_LAG,
    RELAY_INTERRUPTED,
    DELIVERIES,
    MESSAGES,
    MESSAGES_LAG,
];

/// Bounds of times in seconds: from a question out of memory to the longest request.
pub(super) const SECONDS: [f64; 15] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
    30.0,
];
