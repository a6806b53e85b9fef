//! Any sequence of appends, valid or not, leaves what a naive model in memory says.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use keizoku_core::{ManualClock, NewEvent, Position, Revision, SystemEntropy};
use keizoku_log::conformance::{NOON, assert_in_order, event, read_everything, stream};
use keizoku_log::sqlite::{SqliteLog, SqliteOptions};
use keizoku_log::{AppendError, EventLog};
use proptest::prelude::*;

use crate::support::{assert_sound, block_on};

#[derive(Debug, Clone)]
enum Step {
    Append(Attempt),
    Clock(i64),
    Restart,
}

#[derive(Debug, Clone)]
struct Attempt {
    stream: u64,
    /// Counted from the stream's end.
    back: i64,
    events: Vec<Choice>,
}

#[derive(Debug, Clone, Copy)]
enum Choice {
    New,
    /// What is stored at that place, if something is.
    Stored,
    /// The same id, something else.
    Changed,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let choice =
        prop_oneof![3 => Just(Choice::New), 3 => Just(Choice::Stored), 1 => Just(Choice::Changed)];
    let attempt = (0..3_u64, -2..5_i64, prop::collection::vec(choice, 0..4)).prop_map(
        |(stream, back, events)| Attempt {
            stream,
            back,
            events,
        },
    );
    let fitting = (0..3_u64, 1..4_usize).prop_map(|(stream, count)| Attempt {
        stream,
        back: 0,
        events: vec![Choice::New; count],
    });
    let step = prop_oneof![
        6 => attempt.prop_map(Step::Append),
        6 => fitting.prop_map(Step::Append),
        2 => (-30..30_i64).prop_map(Step::Clock),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 0..40)
}

/// What the log should hold.
#[derive(Default)]
struct Model {
    events: Vec<(u64, NewEvent, Timestamp)>,
    recorded_at: Option<Timestamp>,
    ids: u64,
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Appended {
        last: Revision,
        recorded_at: Timestamp,
    },
    WrongRevision(Revision),
    IdReused,
    Empty,
}

impl Model {
    fn stream(&self, stream: u64) -> Vec<&(u64, NewEvent, Timestamp)> {
        self.events
            .iter()
            .filter(|event| event.0 == stream)
            .collect()
    }

    fn batch(&mut self, attempt: &Attempt) -> (Revision, Vec<NewEvent>) {
        let stored: Vec<NewEvent> = self
            .stream(attempt.stream)
            .iter()
            .map(|event| event.1.clone())
            .collect();
        let tip = i64::try_from(stored.len()).expect("small");
        let expected = (tip - attempt.back).max(0);
        let start = usize::try_from(expected).expect("not negative");
        let batch = attempt.events.iter().enumerate().map(|(index, choice)| {
            self.ids += 1;
            let there = stored.get(start + index).cloned();
            match choice {
                Choice::New => event(self.ids),
                Choice::Stored => there.unwrap_or_else(|| event(self.ids)),
                Choice::Changed => NewEvent {
                    data: b"changed".to_vec(),
                    ..there.unwrap_or(event(self.ids))
                },
            }
        });
        (Revision(expected.cast_unsigned()), batch.collect())
    }

    fn append(
        &mut self,
        stream: u64,
        expected: Revision,
        batch: &[NewEvent],
        now: Timestamp,
    ) -> Outcome {
        let stored = self.stream(stream);
        let tip = Revision(stored.len() as u64);
        let Some(last) = batch.len().checked_sub(1) else {
            return Outcome::Empty;
        };
        if tip == expected {
            let recorded_at = self.recorded_at.map_or(now, |last| last.max(now));
            self.recorded_at = Some(recorded_at);
            self.events.extend(
                batch
                    .iter()
                    .map(|event| (stream, event.clone(), recorded_at)),
            );
            return Outcome::Appended {
                last: tip.plus(batch.len()),
                recorded_at,
            };
        }
        let start = usize::try_from(expected.0).expect("small");
        for (index, event) in batch.iter().enumerate() {
            match stored.get(start + index) {
                Some((_, there, _)) if there.id == event.id => {
                    if there.data != event.data || there.kind != event.kind {
                        return Outcome::IdReused;
                    }
                }
                _ => return Outcome::WrongRevision(tip),
            }
        }
        let recorded_at = stored[start + last].2;
        Outcome::Appended {
            last: expected.plus(batch.len()),
            recorded_at,
        }
    }
}

async fn run(steps: Vec<Step>) {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("log");
    let clock = Arc::new(ManualClock::at(NOON));
    let open = || {
        let clock = Arc::clone(&clock);
        let options = SqliteOptions::new(&path, clock, Arc::new(SystemEntropy));
        SqliteLog::open(options).expect("the log opens")
    };
    let mut log = open();
    let mut now = NOON;
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Clock(minutes) => {
                now = NOON + SignedDuration::from_mins(minutes);
                clock.set(now);
            }
            Step::Restart => {
                log.close().await;
                log = open();
            }
            Step::Append(attempt) => {
                let (expected, batch) = model.batch(&attempt);
                let answer = log
                    .append(&stream(attempt.stream), expected, batch.clone())
                    .await;
                let outcome = match answer {
                    Ok(done) => {
                        assert_eq!(done.first, expected.plus(1));
                        Outcome::Appended {
                            last: done.last,
                            recorded_at: done.recorded_at,
                        }
                    }
                    Err(AppendError::WrongRevision { actual }) => Outcome::WrongRevision(actual),
                    Err(AppendError::IdReused { .. }) => Outcome::IdReused,
                    Err(AppendError::Empty) => Outcome::Empty,
                    Err(error) => panic!("unexpected: {error}"),
                };
                assert_eq!(outcome, model.append(attempt.stream, expected, &batch, now));
            }
        }
    }
    assert_same(&log, &model).await;
    log.close().await;
    assert_sound(&path);
}

async fn assert_same(log: &SqliteLog, model: &Model) {
    let stored = read_everything(log).await;
    assert_in_order(&stored);
    assert_eq!(stored.len(), model.events.len());
    for (stored, (number, event, recorded_at)) in stored.iter().zip(&model.events) {
        assert_eq!(stored.stream, stream(*number).to_string());
        assert_eq!((stored.id, stored.recorded_at), (event.id, *recorded_at));
        assert_eq!(
            (stored.kind.as_str(), &stored.data),
            (event.kind, &event.data)
        );
    }
    let last = stored
        .last()
        .map_or(Position::START, |event| event.position);
    assert_eq!(log.head().borrow().position, last);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_appends_leave_what_the_model_says(steps in steps()) {
        block_on(run(steps));
    }
}
