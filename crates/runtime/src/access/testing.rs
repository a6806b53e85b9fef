//! Issuers for tests: keys that are made for each of them, and tokens signed with those.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rsa::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// What the tests' servers expect.
pub(super) const ISSUER: &str = "https://id.example.com";
pub(super) const AUDIENCE: &str = "keizoku";
pub(super) const SECRET: &[u8] = b"a secret of which nobody knows, long enough";

/// When the tests take place.
pub(super) fn now() -> Timestamp {
    "2026-11-22T00:00:00Z".parse().unwrap()
}

/// Somebody who signs tokens.
#[derive(Clone)]
pub(super) struct Signer {
    pub(super) algorithm: Algorithm,
    pub(super) key: EncodingKey,
    pub(super) id: Option<String>,
    /// The public half; nothing for a secret.
    pub(super) public_pem: String,
}

impl Signer {
    pub(super) fn secret(secret: &[u8]) -> Self {
        Self {
            algorithm: Algorithm::HS256,
            key: EncodingKey::from_secret(secret),
            id: None,
            public_pem: String::new(),
        }
    }

    pub(super) fn elliptic(id: Option<&str>) -> Self {
        let pair = rcgen::KeyPair::generate().unwrap();
        Self {
            algorithm: Algorithm::ES256,
            key: EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap(),
            id: id.map(str::to_owned),
            public_pem: pair.public_key_pem(),
        }
    }

    /// Always the same key: to find one takes long.
    pub(super) fn rsa() -> Self {
        static PEMS: OnceLock<(String, String)> = OnceLock::new();
        let (private, public_pem) = PEMS.get_or_init(|| {
            let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
            let private = key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string();
            (
                private,
                key.to_public_key()
                    .to_public_key_pem(LineEnding::LF)
                    .unwrap(),
            )
        });
        Self {
            algorithm: Algorithm::RS256,
            key: EncodingKey::from_rsa_pem(private.as_bytes()).unwrap(),
            id: None,
            public_pem: public_pem.clone(),
        }
    }

    pub(super) fn named(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }

    pub(super) fn jwk(&self) -> Jwk {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        jwk.common.key_id.clone_from(&self.id);
        jwk
    }

    /// A token of a CSM, for ten minutes from `now` on, with what `change` does to its claims.
    pub(super) fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        let end = now() + SignedDuration::from_mins(10);
        let mut claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "hanako", "roles": ["csm"], "exp": end.as_second(),
        });
        change(&mut claims);
        let mut header = Header::new(self.algorithm);
        header.kid.clone_from(&self.id);
        jsonwebtoken::encode(&header, &claims, &self.key).unwrap()
    }
}

/// A key set as JSON.
pub(super) fn key_set(signers: &[&Signer]) -> String {
    let keys = signers.iter().map(|signer| signer.jwk()).collect();
    serde_json::to_string(&JwkSet { keys }).unwrap()
}

/// An issuer's web server on loopback.
pub(super) struct Web {
    pub(super) url: String,
    document: Arc<Mutex<Option<String>>>,
    asked: Arc<AtomicUsize>,
}

impl Web {
    pub(super) async fn serving(document: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let document = Arc::new(Mutex::new(document));
        let asked = Arc::new(AtomicUsize::new(0));
        let (shown, counted) = (Arc::clone(&document), Arc::clone(&asked));
        #[expect(clippy::disallowed_methods, reason = "ends with the test")]
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(stream.read_u8().await.unwrap());
                }
                counted.fetch_add(1, Ordering::SeqCst);
                let body = shown.lock().unwrap().clone();
                let status = if body.is_some() {
                    "200 OK"
                } else {
                    "503 Later"
                };
                let body = body.unwrap_or_default();
                let answer = format!(
                    "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self {
            url,
            document,
            asked,
        }
    }

    pub(super) fn shows(&self, document: Option<String>) {
        *self.document.lock().unwrap() = document;
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}
