//! The connection of a process to NATS.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::{self, Context};
use async_nats::{Client, ConnectOptions, Event, ServerAddr};

use crate::BusError;

/// How long a question to the server may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the first connection is waited for. Whoever asks earlier would hear that there is none.
const FIRST: Duration = Duration::from_secs(2);
/// Longest wait between two tries to connect.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Where NATS is, and who connects.
#[derive(Debug, Clone, Default)]
pub struct NatsOptions {
    /// Servers of one cluster, separated by commas: `nats://127.0.0.1:4222`.
    pub url: String,
    /// Who connects, where the server asks.
    pub credentials: Option<Credentials>,
    /// How the connection is protected, beyond what `tls://` in the URL asks for.
    pub tls: Tls,
}

/// Who connects. Secrets come from files.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A name, and the file that holds the password.
    User(String, PathBuf),
    /// The file that holds a token.
    Token(PathBuf),
    /// The file that holds the seed of an nkey.
    Nkey(PathBuf),
    /// A file of NATS credentials: a JWT and the seed of its nkey.
    File(PathBuf),
}

/// How the connection is protected.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Certificates of the authorities that the server's certificate may come from, as PEM; those of
    /// the system when there is none.
    pub authorities: Option<PathBuf>,
    /// Certificate and key that this process shows the server, as PEM.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// Why the options can never lead to a connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Not an address.
    #[error("`{0}` is not an address of NATS; write it like nats://127.0.0.1:4222")]
    Url(String, #[source] std::io::Error),
    /// A file that the options name cannot be read.
    #[error("{} cannot be used to connect to NATS", .0.display())]
    File(PathBuf, #[source] std::io::Error),
    /// The client refuses the options.
    #[error("the options for NATS cannot be used")]
    Options(#[source] async_nats::ConnectError),
}

/// A connection that is there or comes back.
#[derive(Clone)]
pub(super) struct Nats {
    client: Client,
    jetstream: Context,
}

impl Nats {
    pub(super) async fn connect(options: &NatsOptions) -> Result<Self, ConnectError> {
        let addresses = addresses(&options.url)?;
        let connect = ConnectOptions::new()
            .name("keizoku")
            .retry_on_initial_connect()
            .request_timeout(Some(PATIENCE))
            .reconnect_delay_callback(|attempts| {
                let exponent = u32::try_from(attempts).unwrap_or(u32::MAX).min(16);
                Duration::from_millis(10 * 2_u64.pow(exponent)).min(LONGEST_WAIT)
            })
            .event_callback(told_once());
        let connect = authenticated(connect, options.credentials.as_ref()).await?;
        let connect = protected(connect, &options.tls).await?;
        let client = connect.connect(addresses).await;
        let client = client.map_err(ConnectError::Options)?;
        if tokio::time::timeout(FIRST, client.flush()).await.is_err() {
            tracing::warn!("NATS is not there yet; trying again all the time");
        }
        let jetstream = jetstream::new(client.clone());
        Ok(Self { client, jetstream })
    }

    /// The connection.
    ///
    /// # Errors
    /// When there is none just now: what is sent then would wait, or be sent at a time when nobody
    /// wants it any more.
    pub(super) fn client(&self) -> Result<&Client, BusError> {
        match self.client.connection_state() {
            State::Connected => Ok(&self.client),
            State::Pending | State::Disconnected => Err(BusError::NotConnected),
        }
    }

    /// Its streams.
    ///
    /// # Errors
    /// As [`client`](Self::client).
    pub(super) fn jetstream(&self) -> Result<&Context, BusError> {
        self.client().map(|_| &self.jetstream)
    }
}

fn addresses(url: &str) -> Result<Vec<ServerAddr>, ConnectError> {
    url.split(',')
        .map(str::trim)
        .map(|address| {
            let parsed = address.parse::<ServerAddr>();
            // Before the @ there may be a password.
            let shown = address.rsplit('@').next().unwrap_or_default();
            parsed.map_err(|error| ConnectError::Url(shown.to_owned(), error))
        })
        .collect()
}

async fn authenticated(
    connect: ConnectOptions,
    credentials: Option<&Credentials>,
) -> Result<ConnectOptions, ConnectError> {
    Ok(match credentials {
        None => connect,
        Some(Credentials::User(name, password)) => {
            connect.user_and_password(name.clone(), secret(password).await?)
        }
        Some(Credentials::Token(token)) => connect.token(secret(token).await?),
        Some(Credentials::Nkey(seed)) => connect.nkey(secret(seed).await?),
        Some(Credentials::File(file)) => {
            let with_file = connect.credentials_file(file).await;
            with_file.map_err(|error| ConnectError::File(file.clone(), error))?
        }
    })
}

async fn protected(mut connect: ConnectOptions, tls: &Tls) -> Result<ConnectOptions, ConnectError> {
    if let Some(authorities) = &tls.authorities {
        read(authorities).await?;
        connect = connect
            .add_root_certificates(authorities.clone())
            .require_tls(true);
    }
    if let Some((certificate, key)) = &tls.identity {
        read(certificate).await?;
        read(key).await?;
        connect = connect
            .add_client_certificate(certificate.clone(), key.clone())
            .require_tls(true);
    }
    Ok(connect)
}

/// The client reads some files when it connects: too late to say that one is missing.
async fn read(file: &Path) -> Result<String, ConnectError> {
    let text = tokio::fs::read_to_string(file).await;
    text.map_err(|error| ConnectError::File(file.to_owned(), error))
}

async fn secret(file: &Path) -> Result<String, ConnectError> {
    Ok(read(file).await?.trim().to_owned())
}

/// Logs what becomes of the connection; a server that stays away is one line, not one per try.
fn told_once() -> impl Fn(Event) -> std::future::Ready<()> + Send + Sync + 'static {
    let last = Arc::new(Mutex::new(String::new()));
    move |event| {
        let text = event.to_string();
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if *last != text {
            match event {
                Event::Connected => tracing::info!("connected to NATS"),
                Event::Draining | Event::Closed => tracing::debug!("left NATS"),
                Event::Disconnected => tracing::warn!("lost NATS; connecting again"),
                _ => tracing::warn!(event = %text, "NATS"),
            }
            *last = text;
        }
        std::future::ready(())
    }
}
