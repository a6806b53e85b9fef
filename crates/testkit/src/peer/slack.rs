//! Slack, as far as messages go: an HTTP server that keeps what it gets.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::Desk;

/// How the next request is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlackAnswer {
    /// A status, headers such as `retry-after: 30`, and a body.
    Http(u16, &'static str, &'static str),
    /// None: the connection stays open, and the request was read.
    Hang,
    /// The connection is reset before anything is read.
    ResetUnread,
    /// The connection is reset after the request was taken.
    ResetTaken,
}

impl SlackAnswer {
    /// The Web API takes it.
    pub const OK: Self = Self::Http(200, "", "{\"ok\":true}");
}

/// A message that arrived.
#[derive(Debug, Clone)]
pub struct Posted {
    /// Path: `/api/chat.postMessage`, or that of a webhook.
    pub path: String,
    /// The header `authorization`.
    pub authorization: String,
    /// The body.
    pub body: Value,
}

impl Posted {
    /// The channel that the Web API is to post it in.
    #[must_use]
    pub fn channel(&self) -> &str {
        self.body["channel"].as_str().unwrap_or_default()
    }

    /// The text of the notification on a phone.
    #[must_use]
    pub fn text(&self) -> &str {
        self.body["text"].as_str().unwrap_or_default()
    }
}

/// A server that plays Slack; it ends when it is dropped.
pub struct SlackPeer {
    address: SocketAddr,
    desk: Arc<Desk<Posted, SlackAnswer>>,
    serving: JoinHandle<()>,
}

impl SlackPeer {
    /// Starts one that takes everything.
    pub async fn start() -> Self {
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
                connections.spawn(serve(connection, Arc::clone(&kept)));
            }
        });
        Self {
            address,
            desk,
            serving,
        }
    }

    /// Its URL with this path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers the next requests so, one after the other; those after them are taken.
    pub fn answer_next_with(&self, answers: impl IntoIterator<Item = SlackAnswer>) {
        self.desk.answer_next_with(answers);
    }

    /// Everything that was read so far, also what was answered by an error.
    #[must_use]
    pub fn got(&self) -> Vec<Posted> {
        self.desk.all()
    }

    /// Waits until so many messages were read.
    pub async fn wait_for(&self, count: usize) -> Vec<Posted> {
        self.desk.wait_for(count).await
    }
}

impl Drop for SlackPeer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(connection: TcpStream, desk: Arc<Desk<Posted, SlackAnswer>>) {
    let answer = desk.next_answer().unwrap_or(SlackAnswer::OK);
    if answer == SlackAnswer::ResetUnread {
        reset(&connection);
        return;
    }
    let mut connection = BufReader::new(connection);
    let Some(posted) = read(&mut connection).await else {
        return;
    };
    desk.keep(posted);
    match answer {
        SlackAnswer::Http(status, headers, body) => {
            let headers = if headers.is_empty() {
                String::new()
            } else {
                format!("{headers}\r\n")
            };
            let head = format!(
                "HTTP/1.1 {status} Said\r\n{headers}content-length: {}\r\n\r\n",
                body.len()
            );
            let written = connection.write_all((head + body).as_bytes()).await;
            drop(written); // whoever asked may be gone
        }
        SlackAnswer::Hang => std::future::pending().await,
        SlackAnswer::ResetUnread | SlackAnswer::ResetTaken => reset(connection.get_ref()),
    }
}

/// Ends a connection so that the other side sees an error, and no end.
fn reset(connection: &TcpStream) {
    connection
        .set_zero_linger()
        .expect("the connection is open");
}

async fn read(connection: &mut BufReader<TcpStream>) -> Option<Posted> {
    let mut request = String::new();
    connection.read_line(&mut request).await.ok()?;
    let path = request.split(' ').nth(1)?.to_owned();
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let mut header = String::new();
        connection.read_line(&mut header).await.ok()?;
        let header = header.trim_end();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(": ")?;
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => value.clone_into(&mut authorization),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await.ok()?;
    let body = serde_json::from_slice(&body).expect("Slack takes JSON");
    Some(Posted {
        path,
        authorization,
        body,
    })
}
