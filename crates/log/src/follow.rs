//! Reading a log to its end and then on for ever.

use std::sync::Arc;

use futures::{Stream, stream};
use keizoku_core::{Position, Recorded};
use tokio::sync::watch;

use crate::{EventLog, Head, LogError};

/// Pages of at most `page` events after position `after`: first what is there, then what comes.
/// No event is left out or given twice, and no page is empty.
///
/// After an error the stream goes on at the same place when it is polled again; how long to wait
/// before that is the caller's business. It ends when the log is closed.
pub fn follow(
    log: Arc<dyn EventLog>,
    after: Position,
    page: usize,
) -> impl Stream<Item = Result<Vec<Arc<Recorded>>, LogError>> + Send + use<> {
    let head = log.head();
    // A page of none would never get anywhere.
    let follower = Follower {
        log,
        head,
        after,
        page: page.max(1),
    };
    stream::unfold(follower, async |mut follower| {
        let item = follower.next().await?;
        Some((item, follower))
    })
}

/// Reads no page before it is wanted: a read that was begun and left alone could keep its turn from
/// readers that somebody waits for.
struct Follower {
    log: Arc<dyn EventLog>,
    head: watch::Receiver<Head>,
    after: Position,
    page: usize,
}

impl Follower {
    async fn next(&mut self) -> Option<Result<Vec<Arc<Recorded>>, LogError>> {
        loop {
            // The head is marked as seen before the page is read: an append that comes in between
            // wakes the follower again, and so is never slept through.
            let head = self.head.borrow_and_update().position;
            if self.after < head {
                match self.log.read_all(self.after, self.page).await {
                    Ok(events) => {
                        if let Some(last) = events.last() {
                            self.after = last.position;
                            return Some(Ok(events));
                        }
                        // A log that is a filtered view may have a head beyond its last event.
                    }
                    Err(LogError::Closed) => return None,
                    Err(error) => return Some(Err(error)),
                }
            }
            self.head.changed().await.ok()?;
        }
    }
}
