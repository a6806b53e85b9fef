//! What an operator gets wrong.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use keizoku_core::{Clock, ManualClock};
use tempfile::TempDir;

use super::super::testing::{AUDIENCE, ISSUER, now};
use super::super::{AccessConfig, Authentication, Role};
use super::Door;
use crate::config::Problems;

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let folder = TempDir::new().unwrap();
    let told = |config: &AccessConfig| {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(now()));
        match Authentication::configured(config, &clock) {
            Err(error) => error.to_string(),
            Ok(_) => String::new(),
        }
    };
    let secret = Door::file(&folder, "secret", b"too short");
    let config = AccessConfig {
        hs256_secret_file: secret,
        public_keys_file: folder.path().join("nowhere.pem"),
        jwks_url: "http://id.example.com/keys".to_owned(),
        roles_claim: String::new(),
        ..AccessConfig::default()
    };
    let all = told(&config);
    for key in [
        "access.issuer is required",
        "access.audience is required",
        "access.roles_claim is required",
        "access.hs256_secret holds fewer than 32 bytes",
        "access.public_keys_file cannot be read",
        "access.jwks_url must begin with https://",
    ] {
        assert!(all.contains(key), "{key} in {all}");
    }
    assert!(!all.contains("too short"), "no secrets: {all}");

    let named = |change: fn(&mut AccessConfig, PathBuf), name: &str, content: &[u8]| {
        let mut config = AccessConfig {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            ..AccessConfig::default()
        };
        change(&mut config, Door::file(&folder, name, content));
        told(&config)
    };
    let pem = |config: &mut AccessConfig, file| config.public_keys_file = file;
    let private = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let p384 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    assert!(named(pem, "a", b"").contains("holds no public key"));
    assert!(named(pem, "b", private.as_bytes()).contains("holds a private key"));
    assert!(named(pem, "c", p384.public_key_pem().as_bytes()).contains("another curve"));
    let both = |config: &mut AccessConfig, file: PathBuf| {
        config.jwks_file = file;
        config.jwks_url = "https://id.example.com/keys".to_owned();
    };
    assert!(named(both, "d", b"").contains("access.jwks_url is not possible beside"));
    let unset = |config: &mut AccessConfig, _| config.hs256_secret_env = "KEIZOKU_NOT_SET".into();
    assert!(named(unset, "e", b"").contains("names KEIZOKU_NOT_SET, which is not set"));
    assert!(
        named(|_, _| {}, "f", b"").is_empty(),
        "without keys the server stays on loopback"
    );
    let idle = AccessConfig {
        issuer: ISSUER.to_owned(),
        certificate_roles: BTreeMap::from([("ops".to_owned(), Role::Ops)]),
        ..AccessConfig::default()
    };
    assert!(told(&idle).contains("names an issuer or an audience but no key"));
    let mut problems = Problems::default();
    AccessConfig::default().validate(&mut problems);
    assert_eq!(problems.check(), Ok(()));
}
