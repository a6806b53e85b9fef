//! The real binary with TLS, tokens and client certificates, and the command line that uses them.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use keizoku_testkit::{Process, Serve, run};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use tempfile::TempDir;

/// A directory with an authority, certificates that it signed, a secret and a configuration.
struct Place {
    folder: TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

impl Place {
    fn new() -> Self {
        let place = Self {
            folder: TempDir::new().unwrap(),
            authority: authority(),
        };
        place.write("ca.pem", &place.authority.pem());
        place.write("secret", "a secret of which nobody knows, long enough");
        place.issue_server(&place.authority);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn argument(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    /// A certificate NAME.pem with its NAME.key.
    fn issue(
        &self,
        name: &str,
        by: &CertifiedIssuer<'static, KeyPair>,
        change: impl FnOnce(&mut CertificateParams),
    ) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        change(&mut params);
        let certificate = params.signed_by(&key, by).unwrap();
        self.write(&format!("{name}.pem"), &certificate.pem());
        self.write(&format!("{name}.key"), &key.serialize_pem());
    }

    /// The server's, by this authority.
    fn issue_server(&self, by: &CertifiedIssuer<'static, KeyPair>) {
        self.issue("server", by, |params| {
            params.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
        });
    }

    fn serve(&self) -> Serve {
        Serve::on(&self.path("data"))
    }

    fn with_tls(&self, serve: Serve) -> Serve {
        serve
            .env("KEIZOKU__TLS__CERTIFICATE_FILE", self.path("server.pem"))
            .env("KEIZOKU__TLS__KEY_FILE", self.path("server.key"))
    }

    fn with_tokens(&self, serve: Serve) -> Serve {
        serve
            .env("KEIZOKU__ACCESS__ISSUER", "development")
            .env("KEIZOKU__ACCESS__AUDIENCE", "keizoku")
            .env("KEIZOKU__ACCESS__HS256_SECRET_FILE", self.path("secret"))
    }

    /// A server with everything, and its configuration in a file.
    fn start(&self) -> Process {
        let path = |name| format!("{:?}", self.argument(name));
        let config = format!(
            "[access]\nissuer = \"development\"\naudience = \"keizoku\"\nhs256_secret_file = {}\n\
             certificate_roles = {{ \"spiffe://example.com/ops\" = \"ops\", watcher = \"viewer\" }}\n\
             [tls]\ncertificate_file = {}\nkey_file = {}\nclient_ca_file = {}\n",
            path("secret"),
            path("server.pem"),
            path("server.key"),
            path("ca.pem"),
        );
        self.write("keizoku.toml", &config);
        self.serve()
            .arg("--config")
            .arg(self.path("keizoku.toml"))
            .start()
    }
}

/// A question and a change over the command line.
fn ask(server: &Process, arguments: &[&str]) -> Output {
    let endpoint = format!("https://{}", server.address());
    run(&endpoint, [&["team", "list"], arguments].concat())
}

fn change(server: &Process, arguments: &[&str]) -> Output {
    let endpoint = format!("https://{}", server.address());
    run(
        &endpoint,
        [&["team", "define", "東日本"], arguments].concat(),
    )
}

#[track_caller]
fn done(output: &Output) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
}

#[track_caller]
fn refused(output: &Output, words: &[&str]) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    for word in words {
        assert!(told.contains(word), "`{word}` is not in {told}");
    }
}

#[test]
fn off_loopback_without_tls_and_tokens_is_refused_with_what_is_missing() {
    let place = Place::new();
    let complains = |serve: Serve, words: &[&str], silent: &[&str]| {
        let exited = serve.listening("192.0.2.1:7420").try_start().unwrap_err();
        assert_eq!(exited.code(), Some(1), "{exited:?}");
        for word in words {
            assert!(exited.stderr.contains(word), "{word}: {}", exited.stderr);
        }
        for word in silent {
            assert!(!exited.stderr.contains(word), "{word}: {}", exited.stderr);
        }
    };
    let (tls, access) = ("tls.certificate_file", "access.issuer");
    complains(place.serve(), &["192.0.2.1:7420", tls, access], &[]);
    complains(place.with_tls(place.serve()), &[access], &[tls]);
    complains(place.with_tokens(place.serve()), &[tls], &[access]);
    // With both it would be let: the address is only not this machine's.
    let both = place.with_tokens(place.with_tls(place.serve()));
    complains(both, &["cannot listen on 192.0.2.1:7420"], &[tls, access]);
    assert!(!place.path("data").exists());
}

#[tokio::test]
async fn the_command_line_talks_over_tls_with_a_token() {
    let place = Place::new();
    let server = place.start();
    let ca = place.argument("ca.pem");
    let config = place.argument("keizoku.toml");
    let mint = |role: &str| {
        let minted = run(
            "",
            [
                "token",
                "--config",
                &config,
                "--subject",
                "hanako",
                "--role",
                role,
            ],
        );
        done(&minted);
        String::from_utf8(minted.stdout).unwrap()
    };
    place.write("token", &mint("ops"));
    let file = place.argument("token");
    done(&change(&server, &["--ca", &ca, "--token-file", &file]));
    let token = mint("viewer");
    let viewer = ["--ca", &ca, "--token", token.trim()];
    let listed = ask(&server, &viewer);
    done(&listed);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("東日本"));
    refused(
        &change(&server, &viewer),
        &["PERMISSION_DENIED", "the role ops", "viewer"],
    );

    refused(
        &ask(&server, &["--ca", &ca]),
        &["carries no token", "UNAUTHENTICATED", "KEIZOKU_TOKEN"],
    );
    refused(
        &ask(&server, &["--token-file", &file]),
        &["nobody answers", "UnknownIssuer", "--ca"],
    );
    let away = run(
        "http://192.0.2.1:7420",
        ["team", "list", "--token", token.trim()],
    );
    refused(&away, &["a token is sent over https only"]);
    assert_eq!(server.stop().await.code(), Some(0));
}

#[tokio::test]
async fn a_client_certificate_says_who_calls() {
    let place = Place::new();
    place.issue("ops", &place.authority, |params| {
        let name = "spiffe://example.com/ops".try_into().unwrap();
        params.subject_alt_names = vec![SanType::URI(name)];
    });
    place.issue("watcher", &place.authority, |_| {});
    place.issue("stranger", &place.authority, |_| {});
    place.issue("forged", &authority(), |_| {});
    let server = place.start();
    let with = |name: &str| {
        let (cert, key) = (format!("{name}.pem"), format!("{name}.key"));
        let files = [
            place.argument("ca.pem"),
            place.argument(&cert),
            place.argument(&key),
        ];
        ["--ca", "--cert", "--key"]
            .into_iter()
            .map(str::to_owned)
            .zip(files)
            .flat_map(|(option, file)| [option, file])
            .collect::<Vec<_>>()
    };
    let arguments = with("ops");
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    done(&change(&server, &arguments));
    let arguments = with("watcher");
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    done(&ask(&server, &arguments));
    refused(
        &change(&server, &arguments),
        &["PERMISSION_DENIED", "the role ops"],
    );
    let arguments = with("stranger");
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    refused(
        &ask(&server, &arguments),
        &["access.certificate_roles", "UNAUTHENTICATED"],
    );
    let arguments = with("forged");
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    assert!(!ask(&server, &arguments).status.success());
    // Who did it is recorded by the name in the certificate.
    let data = place.argument("data");
    let log = run("", ["log", "tail", "accounts", "--data", &data]);
    let log = String::from_utf8_lossy(&log.stdout).into_owned();
    assert!(
        log.contains("certificate#spiffe://example.com/ops"),
        "{log}"
    );
    assert_eq!(server.stop().await.code(), Some(0));
}

#[test]
fn certificates_that_do_not_fit_are_named_at_the_start() {
    let place = Place::new();
    let exited = place
        .with_tls(place.serve())
        .env("KEIZOKU__TLS__KEY_FILE", place.path("nowhere.key"))
        .try_start()
        .unwrap_err();
    assert!(
        exited.stderr.contains("tls.key_file names"),
        "{}",
        exited.stderr
    );
    let exited = place
        .with_tls(place.serve())
        .env("KEIZOKU__TLS__KEY_FILE", place.path("ca.pem"))
        .try_start()
        .unwrap_err();
    assert!(
        exited
            .stderr
            .contains("tls.key_file and certificate_file do not fit"),
        "{}",
        exited.stderr
    );
}

#[tokio::test]
async fn certificates_are_read_again_when_their_files_change() {
    let place = Place::new();
    place.issue("ops", &place.authority, |params| {
        let name = "spiffe://example.com/ops".try_into().unwrap();
        params.subject_alt_names = vec![SanType::URI(name)];
    });
    let server = place.start();
    let (cert, key) = (place.argument("ops.pem"), place.argument("ops.key"));
    let believing = |authority: &str| {
        let authority = place.argument(authority);
        ask(
            &server,
            &["--ca", &authority, "--cert", &cert, "--key", &key],
        )
    };
    done(&believing("ca.pem"));

    let another = authority();
    place.write("another.pem", &another.pem());
    place.issue_server(&another);
    done(&believing("another.pem"));
    refused(&believing("ca.pem"), &["invalid peer certificate"]);

    // A renewal that went wrong takes nothing away.
    place.write("server.key", "nonsense");
    done(&believing("another.pem"));
    done(&believing("another.pem"));

    // The authority of the clients is one of the files.
    place.issue_server(&another);
    place.write("ca.pem", &another.pem());
    assert!(!believing("another.pem").status.success());

    let told = server.stop().await.stderr;
    let complaints = told.matches("the certificates from before stay").count();
    assert_eq!(complaints, 1, "{told}");
    assert!(told.contains("tls.key_file names"), "{told}");
}
