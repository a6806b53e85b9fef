//! The keys of `[access]`.

use std::fmt::Write as _;

use keizoku_runtime::access::AccessConfig;

use super::{Key, path_value, quoted};

/// Every key, taken apart by name so that none is forgotten.
pub(super) fn keys(config: &AccessConfig) -> Vec<Key> {
    let AccessConfig {
        issuer,
        audience,
        roles_claim,
        hs256_secret_file,
        hs256_secret_env,
        public_keys_file,
        jwks_file,
        jwks_url,
        certificate_roles,
    } = config;
    let key = |name, about, value| Key { name, about, value };
    let mut roles = String::new();
    for (name, role) in certificate_roles {
        let comma = if roles.is_empty() { "" } else { "," };
        let _ = write!(roles, "{comma} {} = {}", quoted(name), quoted(role.name()));
    }
    vec![
        key(
            "issuer",
            "What tokens (JWT) must say as `iss`. Without a key for tokens and without certificate_roles\n\
             nobody has to say who they are, and the API stays on loopback. \"\" means: not set.",
            quoted(issuer),
        ),
        key(
            "audience",
            "What tokens must say as `aud`, alone or among others.",
            quoted(audience),
        ),
        key(
            "roles_claim",
            "The claim that lists the caller's roles (viewer, csm, ops, admin, service), or a path to it\n\
             as in \"realm_access.roles\". Other roles in it are passed over.",
            quoted(roles_claim),
        ),
        key(
            "hs256_secret_file",
            "File with the secret of HS256 tokens, at least 32 bytes. Readable by the server alone.",
            path_value(hs256_secret_file),
        ),
        key(
            "hs256_secret_env",
            "Or the variable of the environment that holds it.",
            quoted(hs256_secret_env),
        ),
        key(
            "public_keys_file",
            "PEM file with public keys: RSA (at least 2048 bits) for RS256, P-256 for ES256.",
            path_value(public_keys_file),
        ),
        key(
            "jwks_file",
            "File with a JSON Web Key Set, read again when a token names a key that is not in it.",
            path_value(jwks_file),
        ),
        key(
            "jwks_url",
            "Or where the issuer publishes it (https). Asked at most every 10 s, at least every 10 min.",
            quoted(jwks_url),
        ),
        key(
            "certificate_roles",
            "The roles of client certificates, by a name in them (URI, DNS, mail, or common name) as in\n\
             { \"spiffe://example.com/keizoku/risk\" = \"service\" }.",
            format!("{{{roles}{}}}", if roles.is_empty() { "" } else { " " }),
        ),
    ]
}
