//! Connections to a server that are cut in the middle of what is sent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use keizoku_testkit::NatsServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Passes bytes on, and cuts where it is told to; who comes again is let in again.
pub(crate) struct CutProxy {
    address: SocketAddr,
    /// Bytes from the server that are still passed on.
    left: Arc<AtomicUsize>,
    cut: Arc<Notify>,
    accepting: JoinHandle<()>,
}

impl CutProxy {
    pub(crate) async fn to(server: &NatsServer) -> Self {
        let target = server.url().trim_start_matches("nats://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let left = Arc::new(AtomicUsize::new(usize::MAX));
        let cut = Arc::new(Notify::new());
        let shared = (Arc::clone(&left), Arc::clone(&cut));
        let accept = async move {
            // One client, so one connection at a time.
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&target).await.unwrap();
                pass_on(client, server, &shared.0).await;
                shared.0.store(usize::MAX, Ordering::SeqCst);
                shared.1.notify_one();
            }
        };
        #[expect(clippy::disallowed_methods, reason = "a test has no lifecycle")]
        let accepting = tokio::spawn(accept);
        Self {
            address,
            left,
            cut,
            accepting,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Will cut once the server has sent so much more.
    pub(crate) fn after_bytes(&self, bytes: usize) {
        self.left.store(bytes, Ordering::SeqCst);
    }

    /// Waits until it has cut.
    pub(crate) async fn has_cut(&self) {
        self.cut.notified().await;
    }
}

impl Drop for CutProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Until one side ends, or the server has sent what it may.
async fn pass_on(mut client: TcpStream, mut server: TcpStream, left: &AtomicUsize) {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let down = async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
            let may = left.load(Ordering::SeqCst);
            let passed = read.min(may);
            if to_client.write_all(&buffer[..passed]).await.is_err() || passed < read {
                return;
            }
            if may != usize::MAX {
                left.fetch_sub(passed, Ordering::SeqCst);
            }
        }
    };
    tokio::select! {
        _ = copy(&mut from_client, &mut to_server) => {}
        () = down => {}
    }
}
