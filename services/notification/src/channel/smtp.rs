//! Email over SMTP, command by command: only so can be told whether a message may have been taken.

use std::sync::Arc;
use std::time::Duration;

use keizoku_core::Clock;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message};

use super::{Outcome, Outgoing, Problem};
use crate::config::{Security, SmtpConfig};
use crate::message::email;

/// A connection that takes longer to open is none: nothing was sent then.
const CONNECT: Duration = Duration::from_secs(10);

/// Tells mail programs not to answer with "out of office".
const AUTO_SUBMITTED: &str = "Auto-Submitted";

/// Why email cannot be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The file of certificates cannot be read.
    #[error("notification.smtp.ca_file cannot be read")]
    CaFile(#[source] std::io::Error),
    /// The certificates cannot be used.
    #[error("the certificates for notification.smtp cannot be used")]
    Tls(#[source] lettre::transport::smtp::Error),
}

/// The mail server, as it is configured.
pub(super) struct Smtp {
    config: SmtpConfig,
    tls: Option<TlsParameters>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str(AUTO_SUBMITTED)
    }
    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }
    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Smtp {
    pub(super) fn new(config: &SmtpConfig, clock: Arc<dyn Clock>) -> Result<Self, SmtpError> {
        let tls = if config.sends() && config.security != Security::None {
            let mut tls = TlsParameters::builder(config.host.clone());
            if !config.ca_file.as_os_str().is_empty() {
                let pem = std::fs::read(&config.ca_file).map_err(SmtpError::CaFile)?;
                tls =
                    tls.add_root_certificate(Certificate::from_pem(&pem).map_err(SmtpError::Tls)?);
            }
            Some(tls.build().map_err(SmtpError::Tls)?)
        } else {
            None
        };
        Ok(Self {
            config: config.clone(),
            tls,
            clock,
        })
    }

    pub(super) async fn send(&self, address: &str, outgoing: &Outgoing) -> Outcome {
        if !self.config.sends() {
            return Problem::permanent("no mail server is configured");
        }
        let Ok(to) = address.parse::<Mailbox>() else {
            return Problem::permanent("the recipient's address is no email address");
        };
        let (from, message) = match self.write(to.clone(), outgoing) {
            Ok(message) => message,
            Err(error) => {
                return Problem::permanent(format!("the email cannot be written: {error}"));
            }
        };
        // Until the server has asked for the message, it cannot have taken it.
        let mut connection = match self.prepare(&from.email, &to.email).await {
            Ok(connection) => connection,
            Err(outcome) => return outcome,
        };
        let taken = connection.message(&message).await;
        let outcome = match taken {
            Ok(_) => Outcome::Delivered,
            Err(error) if error.status().is_some() => refused(&error),
            // The connection broke with the message on its way, or after its final dot.
            Err(_) => Outcome::Unknown,
        };
        if outcome == Outcome::Delivered {
            // It is taken; how the server says goodbye changes nothing.
            let goodbye = tokio::time::timeout(Duration::from_secs(1), connection.quit());
            drop(goodbye.await);
        }
        outcome
    }

    fn write(
        &self,
        to: Mailbox,
        outgoing: &Outgoing,
    ) -> Result<(Mailbox, Vec<u8>), Box<dyn std::error::Error + Send + Sync>> {
        let from: Mailbox = self.config.from.parse()?;
        let domain = from.email.domain();
        let email = email::render(&outgoing.message, outgoing.is_resent);
        let message = Message::builder()
            .from(from.clone())
            .to(to)
            .subject(email.subject)
            // The same for every attempt: a mail program shows a second copy as the first.
            .message_id(Some(format!("<{}@{domain}>", outgoing.id)))
            .date(std::time::SystemTime::from(self.clock.now()))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(email.text, email.html))?;
        Ok((from, message.formatted()))
    }

    /// A connection on which the server waits for the message itself.
    async fn prepare(&self, from: &Address, to: &Address) -> Result<AsyncSmtpConnection, Outcome> {
        let server = (self.config.host.as_str(), self.config.port);
        let client = ClientId::Domain(from.domain().to_owned());
        let wrapped = self
            .tls
            .clone()
            .filter(|_| self.config.security == Security::Tls);
        let connecting =
            AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT), &client, wrapped, None);
        let mut connection = connecting.await.map_err(|error| not_taken(&error))?;
        if let Some(tls) = self
            .tls
            .clone()
            .filter(|_| self.config.security == Security::StartTls)
        {
            if !connection.can_starttls() {
                return Err(Problem::passing(
                    "the mail server offers no STARTTLS, and nothing is sent without it",
                ));
            }
            let secured = connection.starttls(tls, &client).await;
            secured.map_err(|error| not_taken(&error))?;
        }
        self.log_in(&mut connection).await?;
        let mail = Mail::new(Some(from.clone()), Vec::new());
        let rcpt = Rcpt::new(to.clone(), Vec::new());
        let answers = async {
            connection.command(mail).await?;
            connection.command(rcpt).await?;
            connection.command(Data).await
        };
        answers.await.map_err(|error| not_taken(&error))?;
        Ok(connection)
    }

    async fn log_in(&self, connection: &mut AsyncSmtpConnection) -> Result<(), Outcome> {
        if self.config.user.is_empty() {
            return Ok(());
        }
        let password = self.config.password.read();
        let password =
            password.map_err(|error| Problem::passing(format!("smtp.password {error}")))?;
        let credentials = Credentials::new(self.config.user.clone(), password);
        let login = connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials);
        match login.await {
            Ok(_) => Ok(()),
            // A password that is being changed is mended by people, and then the message goes out.
            Err(error) => Err(Problem::passing(format!("the login failed: {error}"))),
        }
    }
}

/// Something went wrong before the server asked for the message.
fn not_taken(error: &lettre::transport::smtp::Error) -> Outcome {
    if error.status().is_some() {
        return refused(error);
    }
    Problem::passing(said(error))
}

/// The server answered with 4yz or 5yz.
fn refused(error: &lettre::transport::smtp::Error) -> Outcome {
    if error.is_permanent() {
        Problem::permanent(said(error))
    } else {
        Problem::passing(said(error))
    }
}

fn said(error: &lettre::transport::smtp::Error) -> String {
    let text = error.to_string();
    let line = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    line.take(300).collect()
}
