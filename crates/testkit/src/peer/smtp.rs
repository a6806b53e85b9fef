//! A mail server: it speaks SMTP, with STARTTLS or without, and keeps every message.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::Desk;

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

/// A server that takes mail; it ends when it is dropped.
pub struct SmtpPeer {
    address: SocketAddr,
    desk: Arc<Desk<Mailed, SmtpAnswer>>,
    certificate: String,
    serving: JoinHandle<()>,
}

impl SmtpPeer {
    /// One that offers no TLS.
    pub async fn plain() -> Self {
        Self::start(None, String::new()).await
    }

    /// One that offers STARTTLS, with a certificate of its own for `localhost`.
    pub async fn with_starttls() -> Self {
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
        Self::start(Some(TlsAcceptor::from(Arc::new(config))), made.cert.pem()).await
    }

    async fn start(tls: Option<TlsAcceptor>, certificate: String) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let desk = Arc::new(Desk::new());
        let kept = Arc::clone(&desk);
        #[expect(clippy::disallowed_methods, reason = "a test's peer has no lifecycle")]
        let serving = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                connections.spawn(greet(connection, tls.clone(), Arc::clone(&kept)));
            }
        });
        Self {
            address,
            desk,
            certificate,
            serving,
        }
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

    /// Answers the next messages so, one after the other; those after them are taken.
    pub fn answer_next_with(&self, answers: impl IntoIterator<Item = SmtpAnswer>) {
        self.desk.answer_next_with(answers);
    }

    /// Everything that came to its final dot.
    #[must_use]
    pub fn got(&self) -> Vec<Mailed> {
        self.desk.all()
    }

    /// Waits until so many messages came.
    pub async fn wait_for(&self, count: usize) -> Vec<Mailed> {
        self.desk.wait_for(count).await
    }
}

impl Drop for SmtpPeer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn greet(
    mut connection: TcpStream,
    tls: Option<TlsAcceptor>,
    desk: Arc<Desk<Mailed, SmtpAnswer>>,
) -> Option<()> {
    connection
        .write_all(b"220 localhost ESMTP\r\n")
        .await
        .ok()?;
    let mut connection = BufReader::new(connection);
    let wants_tls = converse(&mut connection, tls.is_some(), false, &desk).await?;
    let tls = tls.filter(|_| wants_tls)?;
    let secured = tls.accept(connection.into_inner()).await.ok()?;
    converse(&mut BufReader::new(secured), false, true, &desk).await?;
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
