//! Clients that attack, and come back when they were cut off.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use flate2::Compression;
use flate2::write::GzEncoder;
use futures::future::try_join_all;

use super::wire::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, LARGEST, RST_STREAM, Reaction, SETTINGS,
    WINDOW_UPDATE, Wire, frame, headers,
};
use crate::support::Failure;

/// Requests over a connection that is not cut off, before another is opened.
const PER_CONNECTION: u32 = 100;

/// A way to attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A message that says that it is very large, and begins to be.
    Oversized,
    /// Bytes that are no frames, and frames that cannot be here.
    Malformed,
    /// A few compressed bytes of what would be many.
    Bomb,
    /// More headers than anybody needs.
    HeaderFlood,
    /// Requests that are taken back at once.
    RapidResets,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [
        Self::Oversized,
        Self::Malformed,
        Self::Bomb,
        Self::HeaderFlood,
        Self::RapidResets,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Oversized => "oversized messages",
            Self::Malformed => "malformed frames",
            Self::Bomb => "compressed bombs",
            Self::HeaderFlood => "header floods",
            Self::RapidResets => "rapid resets",
        }
    }
}

/// Attackers on a thread of their own.
pub(crate) struct Attackers {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Result<Vec<u32>, Failure>>,
}

impl Attackers {
    /// One of each kind begins.
    pub(crate) fn start(
        address: SocketAddr,
        kinds: &[Kind],
        bomb: &Arc<[u8]>,
    ) -> Result<Self, Failure> {
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, kinds, bomb) = (Arc::clone(&is_over), kinds.to_vec(), Arc::clone(bomb));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let attacks = async move {
            let attacks = kinds
                .iter()
                .map(|kind| attack(address, *kind, &bomb, &over));
            try_join_all(attacks).await
        };
        let thread = std::thread::spawn(move || runtime.block_on(attacks));
        Ok(Self { is_over, thread })
    }

    /// How many attacks there were, kind by kind.
    ///
    /// # Errors
    /// When one of them was put up with.
    pub(crate) fn end(self) -> Result<Vec<u32>, Failure> {
        self.is_over.store(true, Ordering::Relaxed);
        let ended = self.thread.join();
        ended.map_err(|_| "the attackers panicked")?
    }
}

/// Attacks until it is over; answers how often.
async fn attack(
    address: SocketAddr,
    kind: Kind,
    bomb: &[u8],
    is_over: &AtomicBool,
) -> Result<u32, Failure> {
    let mut attacks = 0;
    let no_more = headers([]);
    while !is_over.load(Ordering::Relaxed) {
        let Ok(mut wire) = Wire::open(address).await else {
            continue; // cut off before it began
        };
        // On a stream after the other, for as long as it is only refused.
        let on_streams = (1..2 * PER_CONNECTION).step_by(2);
        let put_up_with = match kind {
            Kind::Malformed => {
                attacks += 1;
                wire.attack(&malformed(attacks), u32::MAX).await != Reaction::CutOff
            }
            Kind::RapidResets => {
                attacks += 1;
                !wire.floods(|number| resets(&no_more, number)).await
            }
            Kind::Oversized | Kind::Bomb | Kind::HeaderFlood => {
                for stream in on_streams {
                    let request = match kind {
                        Kind::Oversized => oversized(stream),
                        Kind::Bomb => call(stream, &[("grpc-encoding", "gzip")], bomb),
                        _ => header_flood(stream),
                    };
                    attacks += 1;
                    let reaction = wire.attack(&request, stream).await;
                    if reaction == Reaction::CutOff || is_over.load(Ordering::Relaxed) {
                        break;
                    }
                }
                false
            }
        };
        if put_up_with {
            return Err(format!("{} without end were put up with", kind.name()).into());
        }
    }
    Ok(attacks)
}

/// A call with a message, which ends there.
fn call(stream: u32, more: &[(&str, &str)], message: &[u8]) -> Vec<u8> {
    let mut bytes = frame(HEADERS, END_HEADERS, stream, &headers(more.iter().copied()));
    for part in message.chunks(LARGEST) {
        bytes.extend(frame(DATA, 0, stream, part));
    }
    bytes.extend(frame(DATA, END_STREAM, stream, &[]));
    bytes
}

/// A message of as many bytes as a connection takes before it is read, which would be a thousand times as
/// many.
pub(crate) fn a_bomb() -> Result<Arc<[u8]>, Failure> {
    // A flag, a length, and what is compressed.
    let mut gzip = GzEncoder::new(vec![1, 0, 0, 0, 0], Compression::best());
    gzip.write_all(&vec![0; 60 << 20])?;
    let mut packed = gzip.finish()?;
    let length = u32::try_from(packed.len() - 5)?;
    packed[1..5].copy_from_slice(&length.to_be_bytes());
    Ok(packed.into())
}

/// A message of 2 GB, as it says itself; as much of it follows as flow control lets through at first.
fn oversized(stream: u32) -> Vec<u8> {
    let mut message = vec![0, 0x7f, 0xff, 0xff, 0xff];
    message.resize(3 * LARGEST, b'x');
    call(stream, &[], &message)
}

/// In turn: no frames at all, a length that is none, a stream that was never opened, headers that
/// are none, and a window that grows beyond all bounds.
fn malformed(number: u32) -> Vec<u8> {
    match number % 5 {
        0 => b"GET / HTTP/1.1\r\nhost: keizoku\r\n\r\n".repeat(100),
        1 => frame(SETTINGS, 0, 0, b"xxxxx"),
        2 => frame(CONTINUATION, END_HEADERS, 7, b"x"),
        3 => frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0xff; 64]),
        _ => {
            let most = 0x7fff_ffff_u32.to_be_bytes();
            frame(WINDOW_UPDATE, 0, 0, &most).repeat(2)
        }
    }
}

/// A hundred kilobytes of headers.
fn header_flood(stream: u32) -> Vec<u8> {
    let value = "x".repeat(1_000);
    let names: Vec<String> = (0..100).map(|number| format!("x-flood-{number}")).collect();
    let block = headers(names.iter().map(|name| (name.as_str(), value.as_str())));
    let parts = block.chunks(LARGEST);
    let last = parts.len() - 1;
    let mut bytes = Vec::new();
    for (number, part) in parts.enumerate() {
        let kind = if number == 0 { HEADERS } else { CONTINUATION };
        let flags = if number == last { END_HEADERS } else { 0 };
        bytes.extend(frame(kind, flags, stream, part));
    }
    bytes
}

/// A request, and that it is not wanted any more.
fn resets(headers: &[u8], number: u32) -> Vec<u8> {
    const CANCEL: u32 = 8;
    let stream = 2 * number + 1;
    let mut bytes = frame(HEADERS, END_HEADERS, stream, headers);
    bytes.extend(frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes()));
    bytes
}
