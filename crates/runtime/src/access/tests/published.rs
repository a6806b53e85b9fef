//! Keys that the issuer publishes and changes.

use jiff::SignedDuration;
use serde_json::json;

use super::super::testing::{SECRET, Signer, Web, key_set};
use super::{Door, hanako, refused};

#[tokio::test]
async fn published_keys_change_without_a_restart_and_are_not_asked_for_at_will() {
    let (old, new) = (
        Signer::elliptic(Some("2026-10")),
        Signer::rsa().named("2026-11"),
    );
    let web = Web::serving(Some(key_set(&[&old]))).await;
    let door = Door::with(|_, config| config.jwks_url.clone_from(&web.url));
    assert_eq!(door.open_risk(&old.token(|_| {})).await, hanako());
    assert_eq!(web.asked(), 1);

    // The issuer goes over to another key: the first token that names it makes us look.
    web.shows(Some(key_set(&[&old, &new])));
    assert_eq!(
        door.open_risk(&new.token(|_| {})).await,
        refused("ALGORITHM"),
        "too soon to look again"
    );
    door.later(SignedDuration::from_secs(11));
    assert_eq!(door.open_risk(&new.token(|_| {})).await, hanako());
    assert_eq!(web.asked(), 2);

    // Names that nobody has heard of are no way to make us ask all the time.
    let unknown = Signer::elliptic(Some("never"));
    for _ in 0..20 {
        assert_eq!(door.open_risk(&unknown.token(|_| {})).await, refused("KEY"));
    }
    assert_eq!(web.asked(), 2);
    door.later(SignedDuration::from_secs(11));
    let calls = (0..20).map(|_| async { door.open_risk(&unknown.token(|_| {})).await });
    for answer in futures::future::join_all(calls).await {
        assert_eq!(answer, refused("KEY"));
    }
    assert_eq!(web.asked(), 3, "all wait for one look");

    // A key that is withdrawn goes, tokens that were good before included.
    web.shows(Some(key_set(&[&new])));
    let long = |signer: &Signer| signer.token(|claims| claims["exp"] = json!(2_000_000_000));
    let (old, new) = (long(&old), long(&new));
    assert_eq!(door.open_risk(&old).await, hanako());
    door.later(SignedDuration::from_mins(11));
    assert_eq!(door.open_risk(&new).await, hanako());
    assert_eq!(door.open_risk(&old).await, refused("ALGORITHM"));
    assert_eq!(web.asked(), 4);
}

#[tokio::test]
async fn an_issuer_that_is_away_leaves_the_keys_that_are_known() {
    let signer = Signer::elliptic(Some("a"));
    let web = Web::serving(None).await;
    let door = Door::with(|folder, config| {
        config.jwks_url.clone_from(&web.url);
        config.hs256_secret_file = Door::file(folder, "secret", SECRET);
    });
    let shared = Signer::secret(SECRET).token(|_| {});
    assert_eq!(door.open_risk(&shared).await, hanako(), "that key is known");
    assert_eq!(web.asked(), 0);
    let token = signer.token(|claims| claims["exp"] = json!(2_000_000_000));
    for _ in 0..2 {
        assert_eq!(door.open_risk(&token).await, "UNAVAILABLE ");
    }
    assert_eq!(web.asked(), 1);
    for document in [
        "",
        "<html>",
        r#"{"keys": []}"#,
        r#"{"keys": [{"kty": "oct", "k": "AAAA"}]}"#,
    ] {
        web.shows(Some(document.to_owned()));
        door.later(SignedDuration::from_secs(11));
        assert_eq!(door.open_risk(&token).await, "UNAVAILABLE ", "{document}");
    }
    // Keys of kinds that we do not know are no reason to do without those that we do.
    let set = key_set(&[&signer]).replacen('[', r#"[{"kty": "AKP", "alg": "ML-DSA-44"},"#, 1);
    web.shows(Some(set));
    door.later(SignedDuration::from_secs(11));
    assert_eq!(door.open_risk(&token).await, hanako());
    for document in [None, Some("<html>".to_owned()), Some("x".repeat(300_000))] {
        web.shows(document);
        door.later(SignedDuration::from_mins(11));
        let asked = web.asked();
        assert_eq!(door.open_risk(&token).await, hanako());
        assert_eq!(web.asked(), asked + 1);
    }
}

#[tokio::test]
async fn a_key_set_in_a_file_is_read_again_too() {
    let (old, new) = (Signer::elliptic(Some("a")), Signer::elliptic(Some("b")));
    let door = Door::with(|folder, config| {
        config.jwks_file = Door::file(folder, "keys.json", key_set(&[&old]).as_bytes());
    });
    assert_eq!(door.open_risk(&old.token(|_| {})).await, hanako());
    Door::file(&door.folder, "keys.json", key_set(&[&new]).as_bytes());
    door.later(SignedDuration::from_secs(11));
    assert_eq!(door.open_risk(&new.token(|_| {})).await, hanako());
}
