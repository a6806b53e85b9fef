//! HTTP/2 as it is on the wire, made by hand: libraries do not send what attackers send.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// Content that a frame has at most.
pub(crate) const LARGEST: usize = 16_384;
/// More of the same is not put up with.
const FLOOD: u32 = 100_000;
const PATIENCE: Duration = Duration::from_secs(10);
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const PATH: &str = "/keizoku.accounts.v1.DirectoryService/DefineTeam";

/// A frame: type, flags, stream and content.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    let [_, a, b, c] = length.to_be_bytes();
    [&[a, b, c, kind, flags], &stream.to_be_bytes()[..], content].concat()
}

/// The headers of a call, and more of them.
pub(crate) fn headers<'a>(more: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    // POST and http have a number as they are; the names of path, authority and content-type have one.
    let mut block = vec![0x83, 0x86, 0x04];
    text(&mut block, PATH);
    block.push(0x01);
    text(&mut block, "keizoku");
    block.extend([0x0f, 31 - 15]);
    text(&mut block, "application/grpc");
    for (name, value) in more {
        block.push(0);
        text(&mut block, name);
        text(&mut block, value);
    }
    block
}

/// A string after its length in seven bits, or in as many more as it takes.
fn text(into: &mut Vec<u8>, text: &str) {
    const MOST: usize = 127;
    let low = |number: usize| u8::try_from(number & MOST).unwrap_or_default();
    if text.len() < MOST {
        into.push(low(text.len()));
    } else {
        into.push(low(MOST));
        let mut rest = text.len() - MOST;
        while rest > MOST {
            into.push(low(rest) | 0x80);
            rest >>= 7;
        }
        into.push(low(rest));
    }
    into.extend(text.as_bytes());
}

/// What a server does about an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// It answers, or resets the stream, and goes on.
    Refused,
    /// It ends the connection.
    CutOff,
}

/// A connection that was opened as the protocol has it.
pub(crate) struct Wire {
    from: BufReader<OwnedReadHalf>,
    into: OwnedWriteHalf,
}

impl Wire {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (from, into) = stream.into_split();
        let mut wire = Self {
            from: BufReader::new(from),
            into,
        };
        wire.into.write_all(PREFACE).await?;
        wire.into.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
        Ok(wire)
    }

    /// Sends, and waits for what is done about it, on that stream or to the connection.
    pub(crate) async fn attack(&mut self, bytes: &[u8], stream: u32) -> Reaction {
        let (sending, told) = (self.into.write_all(bytes), reaction(&mut self.from, stream));
        tokio::pin!(told);
        // Whoever is refused need not have been listened to until the end.
        tokio::select! {
            biased;
            reaction = &mut told => reaction,
            sent = sending => match sent {
                Ok(()) => told.await,
                Err(_) => Reaction::CutOff,
            },
        }
    }

    /// Sends more and more; whether the connection is ended within a time that is long.
    pub(crate) async fn floods(mut self, mut next: impl FnMut(u32) -> Vec<u8>) -> bool {
        let sending = async {
            for number in 0..FLOOD {
                if self.into.write_all(&next(number)).await.is_err() {
                    return;
                }
            }
            // What was sent last may be the one that is too much.
            std::future::pending::<()>().await;
        };
        // No stream has this number: nothing but the end of the connection is an answer.
        let ended = reaction(&mut self.from, u32::MAX);
        let flooding = async {
            tokio::select! {
                () = sending => {}
                _ = ended => {}
            }
        };
        tokio::time::timeout(PATIENCE, flooding).await.is_ok()
    }
}

/// Reads frames until a stream is answered or reset, or the connection ends.
async fn reaction(from: &mut BufReader<OwnedReadHalf>, stream: u32) -> Reaction {
    loop {
        let mut head = [0; 9];
        if from.read_exact(&mut head).await.is_err() {
            return Reaction::CutOff;
        }
        let [a, b, c, kind, _, id @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or(usize::MAX);
        let mut content = vec![0; length];
        if kind == GOAWAY || from.read_exact(&mut content).await.is_err() {
            return Reaction::CutOff;
        }
        if (kind == HEADERS || kind == RST_STREAM) && u32::from_be_bytes(id) == stream {
            return Reaction::Refused;
        }
    }
}
