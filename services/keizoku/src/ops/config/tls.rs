//! The keys of `[tls]`.

use keizoku_runtime::server::TlsConfig;

use super::{Key, path_value};

/// Every key, taken apart by name so that none is forgotten.
pub(super) fn keys(config: &TlsConfig) -> Vec<Key> {
    let TlsConfig {
        certificate_file,
        key_file,
        client_ca_file,
    } = config;
    let key = |name, about, value| Key { name, about, value };
    vec![
        key(
            "certificate_file",
            "PEM file with the server's certificate, then those between it and the authority.\n\
                     Read again for new connections when one of the files has changed.",
            path_value(certificate_file),
        ),
        key(
            "key_file",
            "PEM file with its private key. Readable by the server alone.",
            path_value(key_file),
        ),
        key(
            "client_ca_file",
            "PEM file with the authorities whose client certificates are trusted; what those may do\n\
                     is in access.certificate_roles.",
            path_value(client_ca_file),
        ),
    ]
}
