//! What comes back.

use keizoku_core::{Position, Recorded, Revision};

use super::{Backend, NOON, event, events, open, read_everything, read_stream, stream};

/// Every field is what was appended.
pub async fn everything_of_an_event_comes_back<B: Backend>(backend: B) {
    let log = open(&backend).await;
    log.append(&stream(7), Revision::NONE, vec![event(0)])
        .await
        .expect("fits");
    let appended = log
        .append(&stream(7), Revision(1), vec![event(1)])
        .await
        .expect("fits");
    let expected = Recorded {
        position: appended.position,
        stream: stream(7).to_string(),
        revision: Revision(2),
        id: event(1).id,
        kind: "sampled".to_owned(),
        recorded_at: NOON,
        data: event(1).data,
        metadata: event(1).metadata,
    };
    assert_eq!(read_everything(&*log).await[1], expected);
    assert_eq!(read_stream(&*log, &stream(7)).await[1], expected);
    log.close().await;
}

/// What was acknowledged before a restart is there after it, and can be appended to.
pub async fn what_was_acknowledged_is_there_after_a_restart<B: Backend>(backend: B) {
    let log = open(&backend).await;
    for number in 0..20 {
        let batch = events(number * 10, 1 + number % 3);
        log.append(&stream(number), Revision::NONE, batch)
            .await
            .expect("fits");
    }
    let before = read_everything(&*log).await;
    let head = *log.head().borrow();
    log.close().await;
    let log = open(&backend).await;
    assert_eq!(read_everything(&*log).await, before);
    assert_eq!(*log.head().borrow(), head);
    let appended = log
        .append(&stream(0), Revision(1), vec![event(900)])
        .await
        .expect("fits");
    assert!(appended.position > head.position);
    log.close().await;
}

/// There is nothing to read, and that is no error.
pub async fn an_unknown_stream_reads_empty<B: Backend>(backend: B) {
    let log = open(&backend).await;
    assert_eq!(read_stream(&*log, &stream(0)).await, []);
    log.append(&stream(0), Revision::NONE, vec![event(0)])
        .await
        .expect("fits");
    assert_eq!(read_stream(&*log, &stream(1)).await, []);
    let beyond = log
        .read_stream(&stream(0), Revision(1), 10)
        .await
        .expect("reads");
    assert_eq!(beyond, []);
    log.close().await;
}

/// `after` is exclusive, and a page is as long as its limit while there is more.
pub async fn streams_are_read_in_pages_after_a_revision<B: Backend>(backend: B) {
    let log = open(&backend).await;
    log.append(&stream(0), Revision::NONE, events(0, 4))
        .await
        .expect("fits");
    log.append(&stream(1), Revision::NONE, events(50, 3))
        .await
        .expect("fits");
    log.append(&stream(0), Revision(4), events(4, 3))
        .await
        .expect("fits");
    let page = async |after, limit| {
        let page = log
            .read_stream(&stream(0), Revision(after), limit)
            .await
            .expect("reads");
        page.iter()
            .map(|event| event.revision.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(page(0, 3).await, [1, 2, 3]);
    assert_eq!(page(3, 3).await, [4, 5, 6]);
    assert_eq!(page(6, 3).await, [7]);
    assert_eq!(page(0, 1).await, [1]);
    assert_eq!(page(1, 1).await, [2]);
    assert_eq!(page(0, 0).await, []);
    assert_eq!(page(0, usize::MAX).await, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(page(99, 3).await, []);
    log.close().await;
}

/// `after` is exclusive, also where positions have gaps; no event is in two pages or in none.
pub async fn the_log_is_read_in_pages_after_a_position<B: Backend>(backend: B) {
    let log = open(&backend).await;
    for number in 0..10 {
        log.append(&stream(number), Revision::NONE, vec![event(number)])
            .await
            .expect("fits");
    }
    let all = log
        .read_all(Position::START, usize::MAX)
        .await
        .expect("reads");
    assert_eq!(all.len(), 10);
    for limit in [1, 3, 10] {
        let mut paged = Vec::new();
        let mut after = Position::START;
        loop {
            let page = log.read_all(after, limit).await.expect("reads");
            assert_eq!(
                page.len(),
                limit.min(10 - paged.len()),
                "a page is full while it can be"
            );
            let Some(last) = page.last() else { break };
            after = last.position;
            paged.extend(page);
        }
        assert_eq!(paged, all);
    }
    assert_eq!(log.read_all(Position::START, 0).await.expect("reads"), []);
    assert_eq!(
        log.read_all(Position(u64::MAX >> 1), 5)
            .await
            .expect("reads"),
        []
    );
    log.close().await;
}
