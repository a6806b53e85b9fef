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

/// All of them.
pub const ALL: [&str; 7] = [
    RPC_DURATION,
    APPEND_DURATION,
    LOG_QUEUE,
    LOG_HEAD,
    MODEL_LAG,
    MODEL_PARKED,
    EFFECT_WAITING,
];

/// Bounds of times in seconds: from a question out of memory to the longest request.
pub(super) const SECONDS: [f64; 15] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
    30.0,
];
