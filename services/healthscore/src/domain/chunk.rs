//! The signals of one account and month, each once per idempotency key, for ever (HLT-1).

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use keizoku_core::{Ctx, Decider, Revision};
use keizoku_proto::healthscore::event::Kind;
use keizoku_proto::healthscore::{RecordedSignal, SignalsRecorded};
use keizoku_runtime::Never;

/// The signals of one account and month.
pub struct Chunk;

/// Which signals are recorded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    known: HashMap<Digest, Known>,
    events: usize,
}

/// A signal that is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    /// Tells a repetition from another signal under the same key.
    content: Digest,
    /// The event that it is in.
    event: Revision,
}

/// What became of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was recorded.
    Recorded,
    /// It had been recorded before.
    Repeated,
    /// Its key had been used for another signal: it was left out.
    KeyReused,
}

impl State {
    /// What became of a signal, in the state after it was offered at a revision.
    #[must_use]
    pub fn fate(&self, signal: &RecordedSignal, before: Revision) -> Fate {
        match self.known.get(&identity(signal)) {
            Some(known) if known.content != content(signal) => Fate::KeyReused,
            Some(known) if known.event > before => Fate::Recorded,
            _ => Fate::Repeated,
        }
    }
}

/// Tells signals apart. It lives no longer than the process, so it need not be the same in another one:
/// there, nobody can prepare two signals that look the same.
type Digest = u128;

static KEYS: LazyLock<[RandomState; 2]> =
    LazyLock::new(|| [RandomState::new(), RandomState::new()]);

fn digest(of: &impl Hash) -> Digest {
    let [high, low] = KEYS.each_ref().map(|keys| u128::from(keys.hash_one(of)));
    high << 64 | low
}

/// What a signal is the same by, within its stream.
fn identity(signal: &RecordedSignal) -> Digest {
    digest(&(&signal.source, &signal.key))
}

fn content(signal: &RecordedSignal) -> Digest {
    digest(signal)
}

impl Decider for Chunk {
    type State = State;
    type Command = Arc<SignalsRecorded>;
    type Event = Kind;
    type Error = Never;

    /// Records what is new. A key that stands for something else already is left out, and the others
    /// go in.
    fn decide(
        state: &State,
        offered: Arc<SignalsRecorded>,
        _ctx: &Ctx,
    ) -> Result<Vec<Kind>, Never> {
        let mut fresh = HashSet::new();
        let is_new = |signal: &&RecordedSignal| {
            let id = identity(signal);
            !state.known.contains_key(&id) && fresh.insert(id)
        };
        let signals: Vec<_> = offered.signals.iter().filter(is_new).cloned().collect();
        if signals.is_empty() {
            return Ok(Vec::new());
        }
        let recorded = SignalsRecorded {
            signals,
            account_id: offered.account_id.clone(),
            ..*offered
        };
        Ok(vec![Kind::SignalsRecorded(recorded)])
    }

    fn evolve(state: &mut State, event: &Kind, _at: Timestamp) {
        let Kind::SignalsRecorded(recorded) = event else {
            return;
        };
        state.events += 1;
        for signal in &recorded.signals {
            let known = Known {
                content: content(signal),
                event: Revision::NONE.plus(state.events),
            };
            state.known.entry(identity(signal)).or_insert(known);
        }
    }
}

#[cfg(test)]
mod tests {
    use keizoku_core::{Actor, Day, Given, Origin};
    use uuid::Uuid;

    use super::*;

    fn ctx() -> Ctx {
        Ctx {
            now: "2026-11-22T00:00:00Z".parse().unwrap(),
            today: "2026-11-22".parse::<Day>().unwrap(),
            actor: Actor::new("service", "app"),
            origin: Origin::User,
            request_id: Uuid::from_u128(1),
        }
    }

    fn signal(key: &str, value: i64) -> RecordedSignal {
        RecordedSignal {
            source: "app".to_owned(),
            key: key.to_owned(),
            value,
            ..RecordedSignal::default()
        }
    }

    fn offer(signals: &[RecordedSignal]) -> Arc<SignalsRecorded> {
        Arc::new(SignalsRecorded {
            signals: signals.to_vec(),
            ..SignalsRecorded::default()
        })
    }

    fn recorded(events: Vec<Kind>) -> Vec<RecordedSignal> {
        let signals = |event| match event {
            Kind::SignalsRecorded(recorded) => recorded.signals,
            other => panic!("{other:?}"),
        };
        events.into_iter().flat_map(signals).collect()
    }

    #[test]
    fn hlt_1_copies_of_a_signal_are_one() {
        let copies = vec![signal("a", 1); 10_000];
        let given = Given::<Chunk>::nothing(ctx());
        let first = given.when(offer(&copies)).unwrap();
        assert_eq!(recorded(first.clone()), [signal("a", 1)]);
        assert_eq!(given.events(first).when(offer(&copies)), Ok(Vec::new()));
    }

    #[test]
    fn hlt_1_a_key_that_stands_for_another_signal_is_left_out_and_the_others_go_in() {
        let given = Given::<Chunk>::nothing(ctx()).commands([offer(&[signal("a", 1)])]);
        let before = Revision(1);
        let offered = [
            signal("a", 2),
            signal("b", 3),
            signal("b", 4),
            signal("a", 1),
        ];
        let events = given.when(offer(&offered)).unwrap();
        assert_eq!(recorded(events.clone()), [signal("b", 3)]);
        let given = given.events(events);
        let fates = offered
            .each_ref()
            .map(|signal| given.state().fate(signal, before));
        assert_eq!(
            fates,
            [
                Fate::KeyReused,
                Fate::Recorded,
                Fate::KeyReused,
                Fate::Repeated
            ]
        );
    }
}
