//! Who is recognised, and who is not.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures::future::BoxFuture;
use jiff::SignedDuration;
use keizoku_core::{Clock, ManualClock};
use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::Status;
use tonic_types::StatusExt as _;
use tower::{Layer as _, Service, ServiceExt as _};

use super::testing::{AUDIENCE, ISSUER, SECRET, Signer, Web, key_set, now};
use super::*;
use crate::Identity;
use crate::config::Problems;

const OPEN_RISK: &str = "/keizoku.risk.v1.RiskService/OpenRisk";
const LIST_RISKS: &str = "/keizoku.risk.v1.RiskService/ListRisks";

/// A server's door, and what is behind it: a service that says who called.
struct Door {
    layer: AccessLayer,
    clock: Arc<ManualClock>,
    folder: TempDir,
}

impl Door {
    fn file(folder: &TempDir, name: &str, content: &[u8]) -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn with(change: impl FnOnce(&TempDir, &mut AccessConfig)) -> Self {
        let folder = TempDir::new().unwrap();
        let mut config = AccessConfig {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            ..AccessConfig::default()
        };
        change(&folder, &mut config);
        let clock = Arc::new(ManualClock::at(now()));
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let authentication = Authentication::configured(&config, &shared).unwrap();
        Self {
            layer: AccessLayer::new(authentication),
            clock,
            folder,
        }
    }

    fn with_secret() -> Self {
        Self::with(|folder, config| {
            config.hs256_secret_file = Self::file(folder, "secret", SECRET);
        })
    }

    fn with_public_keys(pems: &[&str]) -> Self {
        Self::with(|folder, config| {
            config.public_keys_file = Self::file(folder, "keys.pem", pems.concat().as_bytes());
        })
    }

    fn later(&self, by: SignedDuration) {
        self.clock.set(self.clock.now() + by);
    }

    /// Who the caller of `path` is, or the reason of the refusal with its problem or missing role.
    async fn call(&self, path: &str, header: Option<&str>) -> String {
        let mut request = http::Request::builder().uri(path);
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        let inner = tower::service_fn(|request: http::Request<()>| -> BoxFuture<'static, _> {
            let identity: Option<&Identity> = request.extensions().get();
            let actor = identity.map(|identity| identity.actor.to_string());
            Box::pin(async move {
                Ok::<_, std::convert::Infallible>(http::Response::new(actor.unwrap_or_default()))
            })
        });
        let mut service = self.layer.layer(inner);
        let service = service.ready().await.unwrap();
        let answer = service.call(request.body(()).unwrap()).await.unwrap();
        let Some(status) = Status::from_header_map(answer.headers()) else {
            return answer.into_body();
        };
        let info = status.get_details_error_info().unwrap();
        let problem = info.metadata.get("problem");
        let role = info.metadata.get("required_role");
        let told = problem.or(role).cloned().unwrap_or_default();
        format!("{} {told}", info.reason)
    }

    async fn open_risk(&self, token: &str) -> String {
        self.call(OPEN_RISK, Some(&format!("Bearer {token}"))).await
    }
}

fn refused(problem: &str) -> String {
    format!("UNAUTHENTICATED {problem}")
}

fn hanako() -> String {
    format!("user:{ISSUER}#hanako")
}

#[tokio::test]
async fn a_signed_token_of_each_algorithm_says_who_calls() {
    let secret = Door::with_secret();
    assert_eq!(
        secret
            .open_risk(&Signer::secret(SECRET).token(|_| {}))
            .await,
        hanako()
    );

    let (first, second, rsa) = (
        Signer::elliptic(None),
        Signer::elliptic(None),
        Signer::rsa(),
    );
    let door = Door::with_public_keys(&[&first.public_pem, &rsa.public_pem, &second.public_pem]);
    for signer in [&first, &rsa, &second] {
        assert_eq!(door.open_risk(&signer.token(|_| {})).await, hanako());
    }
    let stranger = Signer::elliptic(None);
    assert_eq!(
        door.open_risk(&stranger.token(|_| {})).await,
        refused("SIGNATURE")
    );
}

#[tokio::test]
async fn a_call_without_a_token_says_how_to_send_one() {
    let door = Door::with_secret();
    let token = Signer::secret(SECRET).token(|_| {});
    assert_eq!(door.call(OPEN_RISK, None).await, refused("NO_TOKEN"));
    for header in ["", "Bearer", "Basic aGFuYWtv", &token] {
        assert_eq!(
            door.call(OPEN_RISK, Some(header)).await,
            refused("NOT_BEARER"),
            "{header}"
        );
    }
    for header in ["Bearer ", "Bearer x", "Bearer a.b.c"] {
        assert_eq!(
            door.call(OPEN_RISK, Some(header)).await,
            refused("MALFORMED"),
            "{header}"
        );
    }
    assert_eq!(
        door.call(OPEN_RISK, Some(&format!("bearer {token}"))).await,
        hanako()
    );
    // Health and reflection tell nothing about customers.
    assert_eq!(door.call("/grpc.health.v1.Health/Check", None).await, "");
}

#[tokio::test]
async fn the_algorithm_is_the_keys_and_never_the_tokens() {
    let elliptic = Signer::elliptic(None);
    let rsa = Signer::rsa();
    let door = Door::with_public_keys(&[&elliptic.public_pem, &rsa.public_pem]);
    // The oldest trick: a public key, which everybody has, taken for a secret.
    for public in [&elliptic.public_pem, &rsa.public_pem] {
        let forged = Signer::secret(public.as_bytes()).token(|_| {});
        assert_eq!(door.open_risk(&forged).await, refused("ALGORITHM"));
    }
    // The signature is right, the algorithm is said to be another.
    for (signer, said) in [(&elliptic, "RS256"), (&rsa, "ES256")] {
        let swapped = with_header(&signer.token(|_| {}), &json!({"alg": said}));
        assert_ne!(door.open_risk(&swapped).await, hanako());
    }
    let token = elliptic.token(|_| {});
    let (signed, _) = token.rsplit_once('.').unwrap();
    for none in ["none", "None", "NONE", ""] {
        for unsigned in [format!("{signed}."), token.clone()] {
            let unsigned = with_header(&unsigned, &json!({"alg": none, "typ": "JWT"}));
            assert_eq!(
                door.open_risk(&unsigned).await,
                refused("MALFORMED"),
                "{none}"
            );
        }
    }
    // Of the same family, but not one that a key takes.
    let secret = Door::with_secret();
    let mut longer = Signer::secret(SECRET);
    longer.algorithm = jsonwebtoken::Algorithm::HS512;
    assert_eq!(
        secret.open_risk(&longer.token(|_| {})).await,
        refused("MALFORMED")
    );
}

/// The token with another header, its signature as it was.
fn with_header(token: &str, header: &Value) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!(
        "{}.{rest}",
        BASE64_URL_SAFE_NO_PAD.encode(header.to_string())
    )
}

#[tokio::test]
async fn a_token_counts_for_its_issuer_its_audience_and_its_time() {
    let door = Door::with_secret();
    let signer = Signer::secret(SECRET);
    let end = now().as_second() + 600;
    let cases: [(Value, &str); 13] = [
        (json!({"iss": "https://elsewhere.example.com"}), "ISSUER"),
        (json!({"iss": null}), "CLAIM"),
        (json!({"aud": "another"}), "AUDIENCE"),
        (json!({"aud": ["another", "third"]}), "AUDIENCE"),
        (json!({"aud": null}), "CLAIM"),
        (json!({"sub": ""}), "CLAIM"),
        (json!({"sub": 5}), "CLAIM"),
        (json!({"exp": null}), "CLAIM"),
        (json!({"exp": end.to_string()}), "CLAIM"),
        (json!({"exp": 1e300}), "CLAIM"),
        (json!({"exp": now().as_second() - 60}), "EXPIRED"),
        (json!({"nbf": now().as_second() + 60}), "TOO_EARLY"),
        (json!({"nbf": "tomorrow"}), "CLAIM"),
    ];
    for (claims, problem) in cases {
        let token = signer.token(|all| merge(all, &claims));
        assert_eq!(door.open_risk(&token).await, refused(problem), "{claims}");
    }
    let good = [
        json!({"aud": ["another", AUDIENCE]}),
        // Clocks differ a little.
        json!({"exp": now().as_second() - 10}),
        json!({"nbf": now().as_second() + 10, "exp": f64::from(2_000_000_000) + 0.5}),
    ];
    for claims in good {
        let token = signer.token(|all| merge(all, &claims));
        assert_eq!(door.open_risk(&token).await, hanako(), "{claims}");
    }
}

fn merge(all: &mut Value, claims: &Value) {
    let all = all.as_object_mut().unwrap();
    for (name, value) in claims.as_object().unwrap() {
        if value.is_null() {
            all.remove(name);
        } else {
            all.insert(name.clone(), value.clone());
        }
    }
}

#[tokio::test]
async fn a_token_that_was_good_expires() {
    let door = Door::with_secret();
    let token = Signer::secret(SECRET).token(|_| {});
    for _ in 0..2 {
        assert_eq!(door.open_risk(&token).await, hanako());
    }
    door.later(SignedDuration::from_mins(11));
    assert_eq!(door.open_risk(&token).await, refused("EXPIRED"));
}

#[tokio::test]
async fn roles_come_from_the_configured_claim() {
    let signer = Signer::secret(SECRET);
    let door = |claim: &str| {
        let claim = claim.to_owned();
        Door::with(|folder, config| {
            config.hs256_secret_file = Door::file(folder, "secret", SECRET);
            config.roles_claim = claim;
        })
    };
    let cases = [
        ("roles", json!({"roles": ["boss", "csm"]}), true),
        ("roles", json!({"roles": "openid csm"}), true),
        ("roles", json!({"roles": "viewer"}), false),
        ("roles", json!({"roles": "service"}), false),
        ("roles", json!({"roles": "CSM"}), false),
        ("roles", json!({"roles": {"csm": true}}), false),
        (
            "realm_access.roles",
            json!({"realm_access": {"roles": ["ops"]}}),
            true,
        ),
        (
            "https://keizoku.example.com/roles",
            json!({"https://keizoku.example.com/roles": ["admin"]}),
            true,
        ),
        ("groups", json!({}), false),
    ];
    for (claim, claims, is_let_in) in cases {
        let door = door(claim);
        let token = signer.token(|all| merge(all, &claims));
        let answer = door.open_risk(&token).await;
        if is_let_in {
            assert_eq!(answer, hanako(), "{claims}");
        } else {
            assert_eq!(answer, "PERMISSION_DENIED csm", "{claims}");
        }
    }
    let service = signer.token(|claims| claims["roles"] = json!(["service"]));
    let door = door("roles");
    let import = "/keizoku.risk.v1.RiskService/SuggestRisk";
    let header = format!("Bearer {service}");
    let suggested = door.call(import, Some(&header)).await;
    assert_eq!(suggested, format!("service:{ISSUER}#hanako"));
    assert_eq!(
        door.call(LIST_RISKS, Some(&header)).await,
        "PERMISSION_DENIED viewer"
    );
}

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
    let door = Door::with(|_, config| config.jwks_url.clone_from(&web.url));
    let token = signer.token(|claims| claims["exp"] = json!(2_000_000_000));
    assert_eq!(door.open_risk(&token).await, "UNAVAILABLE ");
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
