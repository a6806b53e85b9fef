//! The keys of `[limits]`.

use keizoku_runtime::server::LimitsConfig;

use super::Key;

/// Every key, taken apart by name so that none is forgotten.
pub(super) fn keys(config: &LimitsConfig) -> Vec<Key> {
    let LimitsConfig {
        connections,
        requests_in_flight,
        deadline_seconds,
        keepalive_seconds,
        connection_age_seconds,
    } = config;
    let key = |name, about, value| Key { name, about, value };
    vec![
        key(
            "connections",
            "Connections at the same time; more are closed at once. Each needs an open file: raise the\n\
                     process's limit of those with it (LimitNOFILE).",
            connections.to_string(),
        ),
        key(
            "requests_in_flight",
            "Requests that are worked on at the same time; more are refused at once (OVERLOADED).",
            requests_in_flight.to_string(),
        ),
        key(
            "deadline_seconds",
            "Longest time for one request, whatever its client allows; streams may go on.",
            deadline_seconds.to_string(),
        ),
        key(
            "keepalive_seconds",
            "A connection that has been silent that long is asked whether it still is one, and closed\n\
                     when no answer comes within the same time.",
            keepalive_seconds.to_string(),
        ),
        key(
            "connection_age_seconds",
            "After this time a connection takes no more requests; clients open another by themselves.",
            connection_age_seconds.to_string(),
        ),
    ]
}
