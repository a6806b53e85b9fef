//! Who connects, and over what.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keizoku_bus::conformance::{Follower, append, block_on, open_log};
use keizoku_bus::nats::{ConnectError, Credentials, NatsBus, NatsOptions, Tls};
use keizoku_bus::{Bus, BusError};
use keizoku_testkit::NatsServer;
use nkeys::KeyPair;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, SanType};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::nats::relay;
use crate::world::SOURCE;

/// Files with secrets and certificates.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn options(server: &NatsServer, credentials: Option<Credentials>, tls: Tls) -> NatsOptions {
    NatsOptions {
        url: server.url(),
        credentials,
        tls,
    }
}

/// An event gets from a log over the server to a follower.
async fn carries(options: &NatsOptions) {
    let folder = tempfile::tempdir().unwrap();
    let log = open_log(folder.path());
    append(&*log, 0..10).await;
    let publishing = NatsBus::connect(options).await.unwrap();
    let running = relay(&publishing, SOURCE, Arc::clone(&log));
    let reading = NatsBus::connect(options).await.unwrap();
    let mut follower = Follower::new(Arc::new(reading), SOURCE);
    follower.reads_exactly(&*log).await;
    append(&*log, 10..20).await;
    follower.reads_exactly(&*log).await;
    running.abort();
}

async fn is_not_let_in(options: &NatsOptions) {
    let bus = NatsBus::connect(options).await.unwrap();
    let refused = bus.source(SOURCE).await;
    assert!(
        matches!(refused, Err(BusError::NotConnected)),
        "{refused:?}"
    );
}

/// With no more permissions than the example in `deploy` gives.
#[test]
fn a_user_with_a_password() {
    block_on(async {
        let example = include_str!("../../../../deploy/nats/nats.conf");
        let (_, accounts) = example.split_once("# accounts {").unwrap();
        let accounts = accounts.replace("\n#", "\n");
        let accounts = accounts.replace(r#""$2a$11$…""#, "secret");
        let server = NatsServer::configured(&format!("accounts {{{accounts}"));
        let files = Files::new();
        let user = |password: &str| {
            let file = files.write(password, &format!("{password}\n"));
            let user = Credentials::User("keizoku".to_owned(), file);
            options(&server, Some(user), Tls::default())
        };
        carries(&user("secret")).await;
        is_not_let_in(&user("guessed")).await;
        is_not_let_in(&options(&server, None, Tls::default())).await;
    });
}

#[test]
fn a_token() {
    block_on(async {
        let server = NatsServer::configured("authorization { token: secret }");
        let files = Files::new();
        let token = |text| {
            let token = Credentials::Token(files.write(text, text));
            options(&server, Some(token), Tls::default())
        };
        carries(&token("secret")).await;
        is_not_let_in(&token("guessed")).await;
    });
}

#[test]
fn an_nkey() {
    block_on(async {
        let (known, unknown) = (KeyPair::new_user(), KeyPair::new_user());
        let allowed = format!(
            "authorization {{ users: [{{ nkey: {} }}] }}",
            known.public_key()
        );
        let server = NatsServer::configured(&allowed);
        let files = Files::new();
        let nkey = |pair: &KeyPair| {
            let seed = files.write(&pair.public_key(), &pair.seed().unwrap());
            options(&server, Some(Credentials::Nkey(seed)), Tls::default())
        };
        carries(&nkey(&known)).await;
        is_not_let_in(&nkey(&unknown)).await;
    });
}

/// What `nsc` makes: an operator vouches for an account, and the account for a user.
#[test]
fn a_file_of_credentials() {
    block_on(async {
        let (operator, system) = (KeyPair::new_operator(), KeyPair::new_account());
        let (account, user) = (KeyPair::new_account(), KeyPair::new_user());
        let unlimited = json!({
            "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true,
            "conn": -1, "leaf": -1, "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1,
        });
        let of_account =
            |limits: &Value| json!({ "type": "account", "version": 2, "limits": limits });
        let mut bare = unlimited.clone();
        bare["mem_storage"] = json!(0);
        bare["disk_storage"] = json!(0);
        let vouched = |subject, claims| jwt(&operator, subject, &claims);
        let server = NatsServer::configured(&format!(
            "operator: {}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload: {{ {}: {}, {}: {} }}",
            vouched(&operator, json!({ "type": "operator", "version": 2 })),
            system.public_key(),
            system.public_key(),
            vouched(&system, of_account(&bare)),
            account.public_key(),
            vouched(&account, of_account(&unlimited)),
        ));
        let may_all = json!({
            "type": "user", "version": 2, "pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1,
        });
        let files = Files::new();
        let credentials = |by: &KeyPair| {
            let text = format!(
                "-----BEGIN NATS USER JWT-----\n{}\n------END NATS USER JWT------\n\n\
                 -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
                jwt(by, &user, &may_all),
                user.seed().unwrap()
            );
            let file = files.write(&by.public_key(), &text);
            options(&server, Some(Credentials::File(file)), Tls::default())
        };
        carries(&credentials(&account)).await;
        is_not_let_in(&credentials(&KeyPair::new_account())).await;
    });
}

/// Claims about somebody, signed as NATS signs them.
fn jwt(by: &KeyPair, about: &KeyPair, claims: &Value) -> String {
    let header = json!({ "typ": "JWT", "alg": "ed25519-nkey" });
    let claims = json!({
        "jti": about.public_key(), "iat": 1_767_225_600, "iss": by.public_key(),
        "sub": about.public_key(), "name": "sample", "nats": claims,
    });
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let signature = URL_SAFE_NO_PAD.encode(by.sign(signed.as_bytes()).unwrap());
    format!("{signed}.{signature}")
}

#[test]
fn tls_both_ways() {
    block_on(async {
        let files = Files::new();
        let ours = authority(&files, "ours");
        let theirs = authority(&files, "theirs");
        issue(&files, "server", &ours);
        issue(&files, "client", &ours);
        issue(&files, "stranger", &theirs);
        let server = NatsServer::configured(&format!(
            "tls {{ cert_file: {:?}, key_file: {:?}, ca_file: {:?}, verify: true }}",
            files.path("server.pem"),
            files.path("server.key"),
            files.path("ours.pem"),
        ));
        let tls = |authorities: &str, client: Option<&str>| Tls {
            authorities: Some(files.path(&format!("{authorities}.pem"))),
            identity: client.map(|name| {
                let file = |kind| files.path(&format!("{name}.{kind}"));
                (file("pem"), file("key"))
            }),
        };
        carries(&options(&server, None, tls("ours", Some("client")))).await;
        is_not_let_in(&options(&server, None, tls("ours", None))).await;
        is_not_let_in(&options(&server, None, tls("ours", Some("stranger")))).await;
        is_not_let_in(&options(&server, None, tls("theirs", Some("client")))).await;
    });
}

type Authority = CertifiedIssuer<'static, rcgen::KeyPair>;

fn authority(files: &Files, name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, rcgen::KeyPair::generate().unwrap());
    let authority = authority.unwrap();
    files.write(&format!("{name}.pem"), &authority.pem());
    authority
}

fn issue(files: &Files, name: &str, by: &Authority) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
    let certificate = params.signed_by(&key, by).unwrap();
    files.write(&format!("{name}.pem"), &certificate.pem());
    files.write(&format!("{name}.key"), &key.serialize_pem());
}

#[test]
fn what_can_never_work_is_refused_at_once() {
    block_on(async {
        let missing = Path::new("/nowhere/secret");
        let refused = async |options: NatsOptions| NatsBus::connect(&options).await.err().unwrap();
        let at = |url: &str, credentials| NatsOptions {
            url: url.to_owned(),
            credentials,
            tls: Tls::default(),
        };
        let url = refused(at("nats://user:secret@host:no", None)).await;
        assert!(matches!(url, ConnectError::Url(..)));
        assert!(!url.to_string().contains("secret"), "{url}");
        for credentials in [
            Credentials::Token(missing.to_owned()),
            Credentials::Nkey(missing.to_owned()),
            Credentials::File(missing.to_owned()),
            Credentials::User("keizoku".to_owned(), missing.to_owned()),
        ] {
            let options = at("nats://127.0.0.1:1", Some(credentials));
            let told = refused(options).await.to_string();
            assert!(told.contains("/nowhere/secret"), "{told}");
        }
        let mut options = at("nats://127.0.0.1:1", None);
        options.tls.authorities = Some(missing.to_owned());
        assert!(matches!(refused(options).await, ConnectError::File(..)));
    });
}
