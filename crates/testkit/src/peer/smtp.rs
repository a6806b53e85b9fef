//! A mail server: it speaks SMTP, with TLS or without, and keeps every message.

use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{Desk, Peer};

/// How the next message is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpAnswer {
    /// The recipient is refused by this line: `450 4.2.1 try later`.
    RefuseRecipient(&'static str),
    /// The message is refused by this line after its final dot.
    RefuseMessage(&'static str),
    /// The connection ends before the message is asked for.
    EndBeforeData,
    /// The connection ends after the message's final dot.
    EndAfterDot,
}

/// A message that the server took, or may have taken.
#[derive(Debug, Clone)]
pub struct Mailed {
    /// Envelope recipient.
    pub to: String,
    /// Whether it came over TLS.
    pub encrypted: bool,
    /// Header and body, as they came.
    pub text: String,
}

impl Mailed {
    /// A header, unfolded.
    #[must_use]
    pub fn header(&self, name: &str) -> String {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default();
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let prefix = format!("{}:", name.to_lowercase());
        let found = unfolded
            .split("\r\n")
            .find(|line| line.to_lowercase().starts_with(&prefix));
        found.map_or_else(String::new, |line| line[prefix.len()..].trim().to_owned())
    }
}

/// A server that takes mail, and keeps what came to its final dot.
pub type SmtpPeer = Peer<Mailed, SmtpAnswer>;

/// How connections are protected.
#[derive(Clone)]
enum Protection {
    None,
    /// TLS begins when the client asks for it.
    StartTls(TlsAcceptor),
    /// TLS from the first byte.
    Tls(TlsAcceptor),
    /// Never a word: whoever connects waits.
    Silence,
}

impl SmtpPeer {
    /// One that offers no TLS.
    pub async fn plain() -> Self {
        Self::start(Protection::None, String::new()).await
    }

    /// One that takes connections and never says a word.
    pub async fn silent() -> Self {
        Self::start(Protection::Silence, String::new()).await
    }

    /// One that offers STARTTLS, with a certificate of its own for `localhost`.
    pub async fn with_starttls() -> Self {
        let (tls, certificate) = tls();
        Self::start(Protection::StartTls(tls), certificate).await
    }

    /// One that speaks TLS from the first byte, with a certificate of its own for `localhost`.
    pub async fn with_tls() -> Self {
        let (tls, certificate) = tls();
        Self::start(Protection::Tls(tls), certificate).await
    }

    async fn start(protection: Protection, certificate: String) -> Self {
        let serve = move |connection, desk| greet(connection, protection.clone(), desk);
        Self::serving(certificate, serve).await
    }

    /// Its port on loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Writes the certificate that a client has to trust.
    pub fn write_certificate(&self, file: &Path) {
        std::fs::write(file, &self.certificate).expect("the test's directory can be written");
    }
}

/// A key of its own, and the certificate for it as PEM.
fn tls() -> (TlsAcceptor, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])
        .expect("a certificate can be made");
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| {
            config
                .with_no_client_auth()
                .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::Pkcs8(key))
        })
        .expect("the certificate fits the key");
    (TlsAcceptor::from(Arc::new(config)), made.cert.pem())
}

const GREETING: &[u8] = b"220 localhost ESMTP\r\n";

async fn greet(
    mut connection: TcpStream,
    protection: Protection,
    desk: Arc<Desk<Mailed, SmtpAnswer>>,
) -> Option<()> {
    match protection {
        Protection::Silence => std::future::pending().await,
        Protection::None => {
            connection.write_all(GREETING).await.ok()?;
            converse(&mut BufReader::new(connection), false, false, &desk).await?;
        }
        Protection::StartTls(tls) => {
            connection.write_all(GREETING).await.ok()?;
            let mut connection = BufReader::new(connection);
            let wants_tls = converse(&mut connection, true, false, &desk).await?;
            if wants_tls {
                let secured = tls.accept(connection.into_inner()).await.ok()?;
                converse(&mut BufReader::new(secured), false, true, &desk).await?;
            }
        }
        Protection::Tls(tls) => {
            let mut secured = tls.accept(connection).await.ok()?;
            secured.write_all(GREETING).await.ok()?;
            converse(&mut BufReader::new(secured), false, true, &desk).await?;
        }
    }
    Some(())
}

/// Takes messages until the client has had enough; whether it wants TLS.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    connection: &mut BufReader<S>,
    offers_tls: bool,
    encrypted: bool,
    desk: &Desk<Mailed, SmtpAnswer>,
) -> Option<bool> {
    let mut to = String::new();
    let mut answer = None;
    loop {
        let line = line(connection).await?;
        let verb = line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_uppercase();
        let said = match verb.as_str() {
            "EHLO" if offers_tls => "250-localhost\r\n250 STARTTLS",
            "STARTTLS" if offers_tls => {
                connection.write_all(b"220 go ahead\r\n").await.ok()?;
                return Some(true);
            }
            "MAIL" => {
                answer = desk.next_answer();
                "250 ok"
            }
            "RCPT" => {
                to = line.trim_end_matches('>').rsplit('<').next()?.to_owned();
                match answer {
                    Some(SmtpAnswer::RefuseRecipient(said)) => said,
                    _ => "250 ok",
                }
            }
            "DATA" if answer == Some(SmtpAnswer::EndBeforeData) => return None,
            "DATA" => {
                connection.write_all(b"354 go ahead\r\n").await.ok()?;
                let text = message(connection).await?;
                let taken = Mailed {
                    to: to.clone(),
                    encrypted,
                    text,
                };
                match answer.take() {
                    Some(SmtpAnswer::RefuseMessage(said)) => said,
                    Some(SmtpAnswer::EndAfterDot) => {
                        desk.keep(taken);
                        return None;
                    }
                    _ => {
                        desk.keep(taken);
                        "250 taken"
                    }
                }
            }
            "QUIT" => return Some(false),
            _ => "250 ok",
        };
        connection
            .write_all(format!("{said}\r\n").as_bytes())
            .await
            .ok()?;
    }
}

async fn line<S: AsyncRead + Unpin>(connection: &mut BufReader<S>) -> Option<String> {
    let mut line = String::new();
    let read = connection.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end().to_owned())
}

async fn message<S: AsyncRead + Unpin>(connection: &mut BufReader<S>) -> Option<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == ".\r\n" {
            return Some(text);
        }
        // A line that begins with a dot was given another one.
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
