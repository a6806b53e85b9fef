//! Reading on for ever.

use std::sync::Arc;

use futures::{FutureExt, StreamExt};
use keizoku_core::{Position, Revision};

use super::{Backend, event, events, open, stream};
use crate::{Head, follow};

/// First what is there, in pages; then what comes, as it comes.
pub async fn followers_catch_up_and_then_follow<B: Backend>(backend: B) {
    let log = open(&backend).await;
    log.append(&stream(0), Revision::NONE, events(0, 5))
        .await
        .expect("fits");
    let mut pages = Box::pin(follow(Arc::clone(&log), Position::START, 2));
    for expected in [vec![1, 2], vec![3, 4], vec![5]] {
        let page = pages.next().await.expect("it goes on").expect("reads");
        assert_eq!(
            page.iter().map(|one| one.revision.0).collect::<Vec<_>>(),
            expected
        );
    }
    for number in 5..8 {
        assert!(
            pages.next().now_or_never().is_none(),
            "there is nothing yet"
        );
        let (target, batch) = (stream(0), vec![event(number)]);
        let append = log.append(&target, Revision(number), batch);
        let (page, appended) = tokio::join!(pages.next(), append);
        let page = page.expect("it goes on").expect("reads");
        assert_eq!(page.len(), 1);
        assert_eq!(page[0].position, appended.expect("fits").position);
    }
    log.close().await;
}

/// The start is exclusive, and may be the end of the log.
pub async fn a_follower_starts_where_it_is_told<B: Backend>(backend: B) {
    let log = open(&backend).await;
    log.append(&stream(0), Revision::NONE, events(0, 2))
        .await
        .expect("fits");
    let all = log.read_all(Position::START, 10).await.expect("reads");
    let mut from_first = Box::pin(follow(Arc::clone(&log), all[0].position, 10));
    assert_eq!(
        from_first.next().await.expect("it goes on").expect("reads"),
        all[1..]
    );
    let mut from_end = Box::pin(follow(Arc::clone(&log), all[1].position, 10));
    assert!(
        from_end.next().now_or_never().is_none(),
        "there is nothing yet"
    );
    log.append(&stream(0), Revision(2), vec![event(2)])
        .await
        .expect("fits");
    let page = from_end.next().await.expect("it goes on").expect("reads");
    assert_eq!(page[0].revision, Revision(3));
    log.close().await;
}

/// The head is empty at first, then the last event's position and time.
pub async fn the_head_is_where_the_log_ends<B: Backend>(backend: B) {
    let log = open(&backend).await;
    assert_eq!(*log.head().borrow(), Head::default());
    let mut head = log.head();
    let appended = log
        .append(&stream(0), Revision::NONE, events(0, 3))
        .await
        .expect("fits");
    head.changed().await.expect("the log is open");
    let expected = Head {
        position: appended.position,
        recorded_at: Some(appended.recorded_at),
    };
    assert_eq!(*head.borrow_and_update(), expected);
    let refused = log.append(&stream(0), Revision::NONE, events(9, 1)).await;
    assert!(refused.is_err());
    assert_eq!(*log.head().borrow(), expected, "a refusal does not move it");
    log.close().await;
    assert!(
        head.changed().await.is_err(),
        "a closed log has no head that could move"
    );
}
