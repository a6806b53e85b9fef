//! Slack, as far as messages go: an HTTP server that keeps what it gets.

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::{Desk, Peer};

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
    /// The header `traceparent`: the span that it was sent in.
    pub traceparent: String,
    /// When it had been read.
    pub at: Instant,
    /// The body.
    pub body: Value,
    /// The body as it came.
    pub raw: String,
    /// Names, in small letters, and values of all headers.
    pub headers: Vec<(String, String)>,
}

impl Posted {
    /// The value of a header; empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        found.next().map_or("", |(_, value)| value)
    }

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

/// A server that plays Slack, and keeps what it read.
pub type SlackPeer = Peer<Posted, SlackAnswer>;

impl SlackPeer {
    /// Starts one that takes everything.
    pub async fn start() -> Self {
        Self::serving(String::new(), serve).await
    }

    /// Its URL with this path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
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
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        connection.read_line(&mut header).await.ok()?;
        let header = header.trim_end();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(": ")?;
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let mut posted = Posted {
        path,
        authorization: String::new(),
        traceparent: String::new(),
        at: Instant::now(),
        body: Value::Null,
        raw: String::new(),
        headers,
    };
    posted.authorization = posted.header("authorization").to_owned();
    posted.traceparent = posted.header("traceparent").to_owned();
    let mut body = vec![0; posted.header("content-length").parse().ok()?];
    connection.read_exact(&mut body).await.ok()?;
    posted.raw = String::from_utf8(body).expect("JSON is UTF-8");
    posted.body = serde_json::from_str(&posted.raw).expect("Slack takes JSON");
    posted.at = Instant::now();
    Some(posted)
}
