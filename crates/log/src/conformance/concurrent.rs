//! Many at once.

use std::collections::HashSet;
use std::sync::Arc;

use futures::{FutureExt, StreamExt};
use keizoku_core::{Position, Revision};
use tokio::task::JoinSet;

use super::{Backend, assert_in_order, event, events, open, read_everything, read_stream, stream};
use crate::{AppendError, Appended, EventLog, follow};

/// Of sixteen writers that race on one stream, exactly one wins each revision.
pub async fn racing_writers_win_each_revision_once<B: Backend>(backend: B) {
    const WRITERS: u64 = 16;
    const WINS: u64 = 25;
    let log = open(&backend).await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let log = Arc::clone(&log);
        writers.spawn(async move {
            let mut won = Vec::new();
            let mut expected = Revision::NONE;
            while (won.len() as u64) < WINS {
                let number = writer * WINS + won.len() as u64;
                match log.append(&stream(0), expected, vec![event(number)]).await {
                    Ok(appended) => {
                        assert_eq!(appended.last, expected.plus(1), "it wins what it asked for");
                        expected = appended.last;
                        won.push(appended);
                    }
                    Err(AppendError::WrongRevision { actual }) => {
                        assert!(actual > expected, "only a newer event refuses it");
                        expected = actual;
                    }
                    Err(error) => panic!("unexpected: {error}"),
                }
            }
            won
        });
    }
    let won: Vec<Appended> = writers.join_all().await.into_iter().flatten().collect();
    let stored = read_stream(&*log, &stream(0)).await;
    assert_in_order(&stored);
    assert_eq!(
        stored.len() as u64,
        WRITERS * WINS,
        "nobody wins without writing"
    );
    let revisions: HashSet<_> = won.iter().map(|appended| appended.last).collect();
    assert_eq!(
        revisions.len(),
        won.len(),
        "nobody wins what another has won"
    );
    log.close().await;
}

/// 64 writers on as many streams: every event is kept, each at a position of its own, and streams
/// are in the order of their positions.
pub async fn writers_on_many_streams_are_all_kept_in_order<B: Backend>(backend: B) {
    const WRITERS: u64 = 64;
    const EACH: u64 = 20;
    let log = open(&backend).await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let log = Arc::clone(&log);
        writers.spawn(async move { append_one_by_one(&*log, writer, EACH).await });
    }
    let answers = writers.join_all().await;
    let stored = read_everything(&*log).await;
    assert_eq!(stored.len() as u64, WRITERS * EACH);
    assert_in_order(&stored);
    let positions: HashSet<_> = answers.iter().flatten().map(|one| one.position).collect();
    assert_eq!(
        positions.len() as u64,
        WRITERS * EACH,
        "positions are unique"
    );
    for (writer, answers) in answers.iter().enumerate() {
        assert!(
            answers.is_sorted_by_key(|one| one.position),
            "writer {writer} sees them rise"
        );
    }
    log.close().await;
}

/// What a reader has passed never gets anything below it, however many write.
pub async fn nothing_appears_below_a_visible_position<B: Backend>(backend: B) {
    const WRITERS: u64 = 16;
    const EACH: u64 = 40;
    let log = open(&backend).await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let log = Arc::clone(&log);
        writers.spawn(async move { append_one_by_one(&*log, writer, EACH).await });
    }
    let mut seen = Vec::new();
    while (seen.len() as u64) < WRITERS * EACH {
        let after = seen.last().copied().unwrap_or(Position::START);
        let page = log.read_all(after, 50).await.expect("the log can be read");
        seen.extend(page.iter().map(|event| event.position));
    }
    writers.join_all().await;
    let stored: Vec<_> = read_everything(&*log)
        .await
        .iter()
        .map(|one| one.position)
        .collect();
    assert_eq!(
        seen, stored,
        "a second reading finds what the first one saw"
    );
    log.close().await;
}

/// One append, tried again while the first try is under way, is written once.
pub async fn the_same_append_many_times_at_once_is_written_once<B: Backend>(backend: B) {
    let log = open(&backend).await;
    let mut tries = JoinSet::new();
    for _ in 0..16 {
        let log = Arc::clone(&log);
        tries.spawn(async move { log.append(&stream(0), Revision::NONE, events(0, 3)).await });
    }
    let answers = tries.join_all().await;
    let first = answers[0].clone().expect("a try succeeds");
    for answer in answers {
        assert_eq!(
            answer.expect("every try succeeds"),
            first,
            "all get the same answer"
        );
    }
    assert_eq!(read_everything(&*log).await.len(), 3);
    log.close().await;
}

/// Appends whose futures are dropped at every stage leave all of their events or none.
pub async fn cancelled_appends_are_whole_or_absent<B: Backend>(backend: B) {
    const TRIES: u64 = 200;
    let log = open(&backend).await;
    let mut tries = JoinSet::new();
    for number in 0..TRIES {
        let log = Arc::clone(&log);
        tries.spawn(async move {
            let (target, batch) = (stream(number), events(number * 3, 3));
            let append = log.append(&target, Revision::NONE, batch);
            // Polled as often as its number says, then dropped.
            let mut patience = number % 4;
            let given_up = std::future::poll_fn(|context| {
                if patience == 0 {
                    return std::task::Poll::Ready(());
                }
                patience -= 1;
                context.waker().wake_by_ref();
                std::task::Poll::Pending
            });
            tokio::select! {
                biased;
                () = given_up => {}
                answer = append => drop(answer.expect("it was not refused")),
            }
        });
    }
    tries.join_all().await;
    log.close().await;
    let log = open(&backend).await;
    for number in 0..TRIES {
        let stored = read_stream(&*log, &stream(number)).await.len();
        assert!(
            stored == 0 || stored == 3,
            "{stored} events of 3 were written"
        );
    }
    assert_in_order(&read_everything(&*log).await);
    log.close().await;
}

/// Followers that start before, during and after many appends all get every event once, in order.
pub async fn followers_lose_nothing_while_many_append<B: Backend>(backend: B) {
    const WRITERS: u64 = 16;
    const EACH: u64 = 30;
    let log = open(&backend).await;
    let mut followers = JoinSet::new();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        for page in [1, 3, 1000]
            .into_iter()
            .skip(usize::from(writer % 8 != 0) * 3)
        {
            followers.spawn(collect(Arc::clone(&log), page, WRITERS * EACH));
        }
        let log = Arc::clone(&log);
        writers.spawn(async move { append_one_by_one(&*log, writer, EACH).await });
    }
    writers.join_all().await;
    followers.spawn(collect(Arc::clone(&log), 10, WRITERS * EACH));
    let stored: Vec<_> = read_everything(&*log)
        .await
        .iter()
        .map(|one| one.position)
        .collect();
    for followed in followers.join_all().await {
        assert_eq!(followed, stored);
    }
    log.close().await;
}

/// When an append is answered, its events can be read and the head is not below them.
pub async fn an_answered_append_is_visible_and_below_the_head<B: Backend>(backend: B) {
    let log = open(&backend).await;
    let mut writers = JoinSet::new();
    for writer in 0..16 {
        let log = Arc::clone(&log);
        writers.spawn(async move {
            for number in 0..10 {
                let expected = Revision(number);
                let batch = vec![event(writer * 10 + number)];
                let appended = log
                    .append(&stream(writer), expected, batch)
                    .await
                    .expect("fits");
                assert!(log.head().borrow().position >= appended.position);
                let read = log
                    .read_stream(&stream(writer), expected, 10)
                    .await
                    .expect("reads");
                assert_eq!(read.len(), 1);
                let below = Position(appended.position.0 - 1);
                let read = log.read_all(below, 1).await.expect("reads");
                assert_eq!(read[0].position, appended.position);
            }
        });
    }
    writers.join_all().await;
    log.close().await;
}

/// Reads and appends that were begun and then left alone, as in a `select!`, keep nobody else from
/// reading or appending.
pub async fn calls_left_alone_keep_nobody_waiting<B: Backend>(backend: B) {
    let log = open(&backend).await;
    let streams: Vec<_> = (0..200).map(stream).collect();
    let mut left_alone = Vec::new();
    for (number, stream) in (0..).zip(&streams) {
        left_alone.push(
            log.append(stream, Revision::NONE, vec![event(number)])
                .map(drop)
                .boxed(),
        );
        left_alone.push(log.read_all(Position::START, 10).map(drop).boxed());
    }
    for call in &mut left_alone {
        let _ = futures::poll!(call);
    }
    for number in 0..200 {
        let batch = vec![event(1000 + number)];
        log.append(&stream(1000), Revision(number), batch)
            .await
            .expect("fits");
        assert_eq!(
            log.read_all(Position::START, 1).await.expect("reads").len(),
            1
        );
    }
    drop(left_alone);
    log.close().await;
}

async fn append_one_by_one(log: &dyn EventLog, writer: u64, count: u64) -> Vec<Appended> {
    let mut answers = Vec::new();
    for number in 0..count {
        let batch = vec![event(writer * count + number)];
        let answer = log.append(&stream(writer), Revision(number), batch).await;
        answers.push(answer.expect("nobody else writes there"));
    }
    answers
}

async fn collect(log: Arc<dyn EventLog>, page: usize, count: u64) -> Vec<Position> {
    let mut pages = Box::pin(follow(log, Position::START, page));
    let mut followed = Vec::new();
    while (followed.len() as u64) < count {
        let page = pages
            .next()
            .await
            .expect("it goes on")
            .expect("the log can be read");
        assert!(!page.is_empty(), "no page is empty");
        followed.extend(page.iter().map(|event| event.position));
    }
    followed
}
