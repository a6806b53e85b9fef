//! Connections that keep to the protocol and to nothing else.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use h2::Reason;
use h2::client::{Connection, SendRequest};
use keizoku_proto::accounts::GetOrganisationRequest;
use keizoku_testkit::{Cluster, Serve};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::with;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// An empty SETTINGS frame.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

type Bytes = prost_reflect::bytes::Bytes;

async fn connect(address: SocketAddr) -> (SendRequest<Bytes>, Connection<TcpStream, Bytes>) {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    h2::client::handshake(stream).await.unwrap()
}

fn request(headers: impl IntoIterator<Item = (String, String)>) -> http::Request<()> {
    let path = "http://keizoku/keizoku.accounts.v1.DirectoryService/GetOrganisation";
    let mut request = http::Request::post(path).header("content-type", "application/grpc");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.body(()).unwrap()
}

/// The others do not notice.
async fn is_well(cluster: &Cluster) {
    let api = cluster.api("honest").await;
    let mut directory = api.directory();
    let answer = directory.get_organisation(GetOrganisationRequest {}).await;
    answer.unwrap();
}

#[tokio::test]
async fn a_connection_has_so_many_streams_and_no_more() {
    let cluster = with(|_| ()).await;
    let (mut send, mut connection) = connect(cluster.address()).await;
    let (answer, _) = send.send_request(request([]), true).unwrap();
    tokio::select! {
        _ = &mut connection => panic!("it goes on"),
        answer = answer => drop(answer.unwrap()),
    }
    assert_eq!(connection.max_concurrent_send_streams(), 512);
}

#[tokio::test]
async fn a_flood_of_headers_is_refused() {
    let cluster = with(|_| ()).await;
    let (mut send, mut connection) = connect(cluster.address()).await;
    let flood = (0..100).map(|n| (format!("x-flood-{n}"), "x".repeat(1_000)));
    let (answer, _) = send.send_request(request(flood), true).unwrap();
    let refused = tokio::select! {
        ended = &mut connection => ended.is_err(),
        answer = answer => answer.map_or(true, |answer| answer.status() == 431),
    };
    assert!(refused);
    is_well(&cluster).await;
}

/// A frame as it is sent: type, flags, stream and content.
fn frame(kind: u8, flags: u8, stream: u32, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    let head = [length[1], length[2], length[3], kind, flags];
    [&head, &stream.to_be_bytes()[..], content].concat()
}

/// Reads frames until a stream is answered; tells whether the connection lived so long.
async fn is_answered(from: &mut (impl AsyncRead + Unpin), stream: u32) -> bool {
    const HEADERS: u8 = 1;
    loop {
        let mut head = [0; 9];
        if from.read_exact(&mut head).await.is_err() {
            return false;
        }
        let [a, b, c, kind, _, id @ ..] = head;
        let mut content = vec![0; usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap()];
        if from.read_exact(&mut content).await.is_err() {
            return false;
        }
        if kind == HEADERS && u32::from_be_bytes(id) == stream {
            return true;
        }
    }
}

/// Being refused is no reason to lose the connection, not even when the rest of the requests comes
/// later than their beginning.
#[tokio::test]
async fn who_is_refused_often_keeps_the_connection() {
    const DATA: u8 = 0;
    const HEADERS: u8 = 1;
    const END_STREAM: u8 = 1;
    const END_HEADERS: u8 = 4;
    const REFUSED: u32 = 400;
    let cluster = with(|_| ()).await;
    let stream = TcpStream::connect(cluster.address()).await.unwrap();
    let (mut from, mut into) = stream.into_split();
    // There is no RPC /x.
    let headers = b"\x83\x86\x04\x02/x\x01\x01k";
    let whole = |stream| frame(HEADERS, END_HEADERS | END_STREAM, stream, headers);
    let ids = (0..REFUSED).map(|number| 2 * number + 1);
    let mut begun = [PREFACE, SETTINGS].concat();
    begun.extend(
        ids.clone()
            .flat_map(|id| frame(HEADERS, END_HEADERS, id, headers)),
    );
    begun.extend(whole(2 * REFUSED + 1));
    into.write_all(&begun).await.unwrap();
    assert!(is_answered(&mut from, 2 * REFUSED + 1).await);
    let mut rest: Vec<u8> = ids
        .flat_map(|id| frame(DATA, END_STREAM, id, &[0; 5]))
        .collect();
    rest.extend(whole(2 * REFUSED + 3));
    into.write_all(&rest).await.unwrap();
    assert!(is_answered(&mut from, 2 * REFUSED + 3).await);
}

/// A client that opens and resets requests faster than they can be looked at, until it is cut off;
/// answers what it was told. Libraries do not send what is reset at once, so that the frames are
/// made by hand.
async fn reset_all_the_time(address: SocketAddr) -> Vec<u8> {
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const END_HEADERS: u8 = 4;
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut from, mut into) = stream.into_split();
    // POST, http, a path without a name in the table, an authority likewise.
    let headers = b"\x83\x86\x04\x02/x\x01\x01k";
    let attack = async {
        let _ = into.write_all(&[PREFACE, SETTINGS].concat()).await;
        let mut streams = (1..200_000).step_by(2);
        // Many at once: one by one, a server that has a processor to itself looks at each.
        while let Some(first) = streams.next() {
            let together = std::iter::once(first).chain(streams.by_ref().take(999));
            let frames = together.flat_map(|stream| {
                let open = frame(HEADERS, END_HEADERS, stream, headers);
                let cancel = u32::to_be_bytes(Reason::CANCEL.into());
                [open, frame(RST_STREAM, 0, stream, &cancel)].concat()
            });
            if into.write_all(&frames.collect::<Vec<u8>>()).await.is_err() {
                return;
            }
        }
    };
    let mut told = Vec::new();
    let ended = async { tokio::join!(from.read_to_end(&mut told), attack) };
    // Sooner than one that says nothing.
    let cut_off = tokio::time::timeout(Duration::from_secs(20), ended).await;
    assert!(
        cut_off.is_ok(),
        "a hundred thousand resets were put up with"
    );
    told
}

#[tokio::test]
async fn a_client_that_resets_all_the_time_is_cut_off() {
    const GOAWAY: u8 = 7;
    let cluster = with(|_| ()).await;
    let told = reset_all_the_time(cluster.address()).await;
    // It was cut off, and told why unless that was cut off too.
    let calm = u32::from(Reason::ENHANCE_YOUR_CALM).to_be_bytes();
    let mut rest = &told[..];
    let mut reasons = Vec::new();
    while let [a, b, c, kind, _, _, _, _, _, content @ ..] = rest {
        let length = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).unwrap();
        if *kind == GOAWAY {
            reasons.push(&content[4..8]);
        }
        rest = &content[length.min(content.len())..];
    }
    assert!(reasons.iter().all(|reason| *reason == calm), "{reasons:?}");
    is_well(&cluster).await;
}

#[tokio::test]
async fn clients_that_misuse_the_protocol_do_not_fill_the_log() {
    let folder = TempDir::new().unwrap();
    let server = Serve::on(&folder.path().join("data")).start();
    for _ in 0..10 {
        reset_all_the_time(server.address()).await;
    }
    let told = server.stop().await.stderr;
    assert!(!told.contains("reset"), "{told}");
    // Whoever looks for such a client asks for it.
    let server = Serve::on(&folder.path().join("data"))
        .env("KEIZOKU__LOG__FILTER", "warn,h2=warn")
        .start();
    reset_all_the_time(server.address()).await;
    let told = server.stop().await.stderr;
    assert!(told.contains("reset"), "{told}");
}

/// A peer that has gone without saying so does not answer when it is asked.
#[tokio::test]
async fn a_connection_whose_peer_does_not_answer_is_closed() {
    let cluster = with(|config| config.limits.keepalive_seconds = 1).await;
    let mut stream = TcpStream::connect(cluster.address()).await.unwrap();
    stream.write_all(PREFACE).await.unwrap();
    stream.write_all(SETTINGS).await.unwrap();
    let mut told = Vec::new();
    // The end of the stream is what is waited for; a reset is one, too.
    drop(stream.read_to_end(&mut told).await);
    assert!(!told.is_empty());
    is_well(&cluster).await;
}

/// Not even the first words of the protocol.
#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let cluster = with(|config| config.limits.keepalive_seconds = 1).await;
    for begun in [&b""[..], &PREFACE[..10]] {
        let mut stream = TcpStream::connect(cluster.address()).await.unwrap();
        stream.write_all(begun).await.unwrap();
        drop(stream.read_to_end(&mut Vec::new()).await);
    }
    is_well(&cluster).await;
}

#[tokio::test]
async fn a_connection_that_is_idle_but_there_stays() {
    let cluster = with(|config| config.limits.keepalive_seconds = 2).await;
    let (send, connection) = connect(cluster.address()).await;
    // Another one ends by its silence, which takes longer than this one may be silent.
    let mut silent = TcpStream::connect(cluster.address()).await.unwrap();
    let mut nothing = Vec::new();
    tokio::select! {
        ended = connection => panic!("{ended:?}"),
        _ = silent.read_to_end(&mut nothing) => drop(send),
    }
}

#[tokio::test]
async fn a_connection_that_is_old_takes_no_more_requests() {
    let cluster = with(|config| config.limits.connection_age_seconds = 1).await;
    let (send, connection) = connect(cluster.address()).await;
    // The client keeps its end open: it is the server that ends it.
    let ended = tokio::time::timeout(Duration::from_mins(1), connection).await;
    assert!(ended.is_ok_and(|ended| ended.is_ok()));
    drop(send);
    is_well(&cluster).await;
}

/// Whoever comes then is not kept waiting, and says hello to a closed door.
async fn is_turned_away(address: SocketAddr) -> bool {
    let mut stream = TcpStream::connect(address).await.unwrap();
    drop(stream.write_all(&[PREFACE, SETTINGS].concat()).await);
    // A connection that is taken is greeted first.
    stream.read_u8().await.is_err()
}

#[tokio::test]
async fn so_many_connections_are_open_and_one_more_is_closed() {
    let cluster = with(|config| config.limits.connections = 2).await;
    let address = cluster.address();
    let mut directory = cluster.api("one").await.directory();
    let other = connect(address).await;
    assert!(is_turned_away(address).await);
    assert!(is_turned_away(address).await);
    // Those who are there do not notice, and a place that becomes free is taken again.
    let answer = directory.get_organisation(GetOrganisationRequest {});
    answer.await.unwrap();
    drop(other);
    while is_turned_away(address).await {}
}

/// Whoever is cut off comes back at once, and to set up a connection costs more than to serve it.
#[tokio::test]
async fn a_flood_of_connections_waits_and_who_is_connected_does_not() {
    const AT_ONCE: u32 = 512;
    const MORE: u32 = 60;
    let cluster = with(|_| ()).await;
    let api = cluster.api("honest").await;
    let began = Instant::now();
    for number in 0..AT_ONCE + MORE {
        let mut stream = TcpStream::connect(cluster.address()).await.unwrap();
        stream
            .write_all(&[PREFACE, SETTINGS].concat())
            .await
            .unwrap();
        stream.read_u8().await.unwrap(); // it was taken
        if number % 100 == 0 {
            let mut directory = api.directory();
            let answer = directory.get_organisation(GetOrganisationRequest {}).await;
            answer.unwrap();
        }
    }
    // A tenth of them a second; those that came before the flood count, too.
    assert!(began.elapsed() >= Duration::from_secs(10) / AT_ONCE * MORE);
}

#[tokio::test]
async fn who_runs_a_full_server_is_told_which_limit_it_is() {
    let folder = TempDir::new().unwrap();
    let server = Serve::on(&folder.path().join("data"))
        .env("KEIZOKU__LIMITS__CONNECTIONS", "1")
        .start();
    let (send, connection) = connect(server.address()).await;
    tokio::select! {
        ended = connection => panic!("{ended:?}"),
        away = is_turned_away(server.address()) => assert!(away),
    }
    drop(send);
    let told = server.stop().await.stderr;
    assert!(told.contains("limits.connections"), "{told}");
}
