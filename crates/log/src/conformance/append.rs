//! What an append does, and what it refuses.

use futures::StreamExt;
use keizoku_core::{NewEvent, Position, Revision};

use super::{Backend, event, events, open, read_everything, read_stream, stream};
use crate::{AppendError, LogError, follow};

/// A refused append leaves none of its events, an accepted one leaves all, side by side.
pub async fn an_append_is_all_or_nothing<B: Backend>(backend: B) {
    let log = open(&backend).await;
    let answer = log
        .append(&stream(0), Revision::NONE, events(0, 3))
        .await
        .expect("fits");
    assert_eq!((answer.first, answer.last), (Revision(1), Revision(3)));
    let refused = log.append(&stream(0), Revision(2), events(10, 5)).await;
    assert!(matches!(
        refused,
        Err(AppendError::WrongRevision {
            actual: Revision(3)
        })
    ));
    let stored = read_everything(&*log).await;
    let ids: Vec<_> = stored.iter().map(|event| event.id).collect();
    assert_eq!(
        ids,
        events(0, 3)
            .iter()
            .map(|event| event.id)
            .collect::<Vec<_>>()
    );
    assert_eq!(
        stored[2].position, answer.position,
        "the answer names the last event"
    );
    log.close().await;
}

/// The same ids at the same expectation get the first answer, also when the stream has gone on.
pub async fn the_same_append_again_gets_the_first_answer<B: Backend>(backend: B) {
    let log = open(&backend).await;
    let first = log
        .append(&stream(0), Revision::NONE, events(0, 2))
        .await
        .expect("fits");
    let second = log
        .append(&stream(0), first.last, events(2, 3))
        .await
        .expect("fits");
    for _ in 0..2 {
        let again = log.append(&stream(0), Revision::NONE, events(0, 2)).await;
        assert_eq!(again.expect("it is the same"), first);
        let again = log.append(&stream(0), first.last, events(2, 3)).await;
        assert_eq!(again.expect("it is the same"), second);
    }
    assert_eq!(
        read_everything(&*log).await.len(),
        5,
        "nothing was written twice"
    );
    log.close().await;
}

/// So it is after a restart, when nothing is remembered but what was stored.
pub async fn the_same_append_gets_the_first_answer_after_a_restart<B: Backend>(backend: B) {
    let log = open(&backend).await;
    let first = log
        .append(&stream(0), Revision::NONE, events(0, 2))
        .await
        .expect("fits");
    log.close().await;
    let log = open(&backend).await;
    let again = log.append(&stream(0), Revision::NONE, events(0, 2)).await;
    assert_eq!(again.expect("it is the same"), first);
    log.close().await;
}

/// A second try has a trace of its own; it is the same append all the same, and the first metadata
/// stays.
pub async fn metadata_may_differ_when_an_append_is_repeated<B: Backend>(backend: B) {
    let log = open(&backend).await;
    let first = log
        .append(&stream(0), Revision::NONE, vec![event(0)])
        .await
        .expect("fits");
    let second_try = NewEvent {
        metadata: b"another trace".to_vec(),
        ..event(0)
    };
    let again = log
        .append(&stream(0), Revision::NONE, vec![second_try])
        .await;
    assert_eq!(again.expect("it is the same"), first);
    assert_eq!(
        read_stream(&*log, &stream(0)).await[0].metadata,
        event(0).metadata
    );
    log.close().await;
}

/// Whoever decided on an old state is told where the stream is now.
pub async fn other_ids_at_a_used_revision_are_refused<B: Backend>(backend: B) {
    let log = open(&backend).await;
    log.append(&stream(0), Revision::NONE, events(0, 2))
        .await
        .expect("fits");
    for expected in [Revision::NONE, Revision(1)] {
        let refused = log.append(&stream(0), expected, vec![event(9)]).await;
        assert!(matches!(
            refused,
            Err(AppendError::WrongRevision {
                actual: Revision(2)
            })
        ));
    }
    assert_eq!(read_everything(&*log).await.len(), 2);
    log.close().await;
}

/// One id for two events is a bug of the caller, and is told apart from a lost race.
pub async fn a_used_id_with_another_payload_is_refused<B: Backend>(backend: B) {
    let log = open(&backend).await;
    log.append(&stream(0), Revision::NONE, events(0, 2))
        .await
        .expect("fits");
    let other_data = NewEvent {
        data: b"other".to_vec(),
        ..event(1)
    };
    let other_kind = NewEvent {
        kind: "resampled",
        ..event(1)
    };
    for other in [other_data, other_kind] {
        let (id, batch) = (other.id, vec![event(0), other]);
        let refused = log.append(&stream(0), Revision::NONE, batch).await;
        assert!(matches!(refused, Err(AppendError::IdReused { id: twice }) if twice == id));
    }
    assert_eq!(read_everything(&*log).await.len(), 2);
    log.close().await;
}

/// No stream has gaps.
pub async fn a_revision_that_the_stream_has_not_reached_is_refused<B: Backend>(backend: B) {
    let log = open(&backend).await;
    let refused = log.append(&stream(0), Revision(1), vec![event(0)]).await;
    assert!(matches!(
        refused,
        Err(AppendError::WrongRevision {
            actual: Revision::NONE
        })
    ));
    log.append(&stream(0), Revision::NONE, vec![event(0)])
        .await
        .expect("fits");
    let refused = log.append(&stream(0), Revision(2), vec![event(1)]).await;
    assert!(matches!(
        refused,
        Err(AppendError::WrongRevision {
            actual: Revision(1)
        })
    ));
    log.close().await;
}

/// An append that only begins like the stored one is another append.
pub async fn more_or_other_events_than_the_first_time_are_refused<B: Backend>(backend: B) {
    let log = open(&backend).await;
    log.append(&stream(0), Revision::NONE, events(0, 2))
        .await
        .expect("fits");
    for batch in [events(0, 3), vec![event(0), event(5)]] {
        let refused = log.append(&stream(0), Revision::NONE, batch).await;
        assert!(matches!(
            refused,
            Err(AppendError::WrongRevision {
                actual: Revision(2)
            })
        ));
    }
    assert_eq!(read_everything(&*log).await.len(), 2);
    log.close().await;
}

/// Two events of one append cannot be the same event.
pub async fn an_id_twice_in_one_append_is_refused<B: Backend>(backend: B) {
    let log = open(&backend).await;
    let batch = vec![event(0), event(1), event(0)];
    let refused = log.append(&stream(0), Revision::NONE, batch).await;
    assert!(matches!(refused, Err(AppendError::IdReused { id }) if id == event(0).id));
    assert_eq!(read_everything(&*log).await, []);
    log.close().await;
}

/// Ids are unique within their stream, no further.
pub async fn an_id_may_be_used_in_two_streams<B: Backend>(backend: B) {
    let log = open(&backend).await;
    for number in 0..2 {
        log.append(&stream(number), Revision::NONE, vec![event(0)])
            .await
            .expect("fits");
    }
    assert_eq!(read_everything(&*log).await.len(), 2);
    log.close().await;
}

/// An append of nothing has no answer, also to a stream that exists.
pub async fn an_empty_append_is_refused<B: Backend>(backend: B) {
    let log = open(&backend).await;
    let refused = log.append(&stream(0), Revision::NONE, Vec::new()).await;
    assert!(matches!(refused, Err(AppendError::Empty)));
    log.append(&stream(0), Revision::NONE, vec![event(0)])
        .await
        .expect("fits");
    let refused = log.append(&stream(0), Revision(1), Vec::new()).await;
    assert!(matches!(refused, Err(AppendError::Empty)));
    log.close().await;
}

/// Five megabytes in one event.
pub async fn a_large_payload_comes_back_whole<B: Backend>(backend: B) {
    let log = open(&backend).await;
    let data: Vec<u8> = (0..5_u32 << 20)
        .map(|at| (at % 251).to_le_bytes()[0])
        .collect();
    let large = NewEvent {
        data: data.clone(),
        ..event(0)
    };
    log.append(&stream(0), Revision::NONE, vec![large, event(1)])
        .await
        .expect("fits");
    let stored = read_stream(&*log, &stream(0)).await;
    assert!(stored[0].data == data, "the large payload is the same");
    assert_eq!(stored[1].data, event(1).data);
    log.close().await;
}

/// After `close` nothing is accepted, nothing is read, and followers come to their end.
pub async fn a_closed_log_refuses_and_ends_its_followers<B: Backend>(backend: B) {
    let log = open(&backend).await;
    log.append(&stream(0), Revision::NONE, vec![event(0)])
        .await
        .expect("fits");
    let mut pages = Box::pin(follow(std::sync::Arc::clone(&log), Position::START, 10));
    assert!(pages.next().await.is_some(), "it has caught up");
    let (ended, ()) = tokio::join!(pages.next(), log.close());
    assert!(ended.is_none(), "it ends");
    log.close().await;
    let refused = log.append(&stream(0), Revision(1), vec![event(1)]).await;
    assert!(matches!(refused, Err(AppendError::Closed)));
    let refused = log.read_all(Position::START, 1).await;
    assert!(matches!(refused, Err(LogError::Closed)));
    let refused = log.read_stream(&stream(0), Revision::NONE, 1).await;
    assert!(matches!(refused, Err(LogError::Closed)));
}
