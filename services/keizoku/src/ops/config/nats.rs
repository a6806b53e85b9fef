//! The keys for NATS.

use std::path::Path;

use super::{Key, quoted};
use crate::server::config::NatsConfig;

pub(super) fn keys(config: &NatsConfig) -> Vec<Key> {
    let NatsConfig {
        url,
        user,
        password_file,
        token_file,
        nkey_file,
        credentials_file,
        ca_file,
        certificate_file,
        key_file,
    } = config;
    let text = |name, about, value: &str| Key {
        name,
        about,
        value: quoted(value),
    };
    let file = |name, about, value: &Path| text(name, about, &value.to_string_lossy());
    vec![
        text(
            "url",
            "Servers of one NATS cluster, separated by commas, as nats://127.0.0.1:4222 or tls://…\n\
             Services of several processes exchange events by it; empty when all run in this one.",
            url,
        ),
        text(
            "user",
            "Who connects, where the server asks: one of user with password_file, token_file,\n\
             nkey_file and credentials_file.",
            user,
        ),
        file(
            "password_file",
            "File with the password of user.",
            password_file,
        ),
        file("token_file", "File with a token.", token_file),
        file("nkey_file", "File with the seed of an nkey.", nkey_file),
        file(
            "credentials_file",
            "File of NATS credentials: a JWT and the seed of its nkey.",
            credentials_file,
        ),
        file(
            "ca_file",
            "Authorities that may vouch for the server, as PEM; those of this machine when empty.",
            ca_file,
        ),
        file(
            "certificate_file",
            "Certificate that this process shows the server, as PEM.",
            certificate_file,
        ),
        file(
            "key_file",
            "Private key of certificate_file, as PEM.",
            key_file,
        ),
    ]
}
