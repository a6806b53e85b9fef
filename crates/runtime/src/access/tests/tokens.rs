//! What a token must be, and what it may not.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::testing::{AUDIENCE, ISSUER, SECRET, Signer, now};
use super::{Door, LIST_RISKS, OPEN_RISK, hanako, refused};

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
