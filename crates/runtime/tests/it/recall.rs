//! What is recalled of a stream while commands change it.

use std::sync::{Arc, Barrier};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_bus::conformance::{block_on, open_log};
use keizoku_core::{Ctx, Decider, Origin, Probe, StreamId, SystemClock};
use keizoku_proto::accounts::{TeamDefined, event::Kind};
use keizoku_runtime::{Calendar, Call, Cause, Executor, Lifecycle, Never};
use uuid::Uuid;

const TEAM: StreamId = StreamId::new("team", Uuid::from_u128(7));

/// How often a team was defined: each command defines it once more.
struct Counting;

impl Decider for Counting {
    type State = usize;
    type Command = ();
    type Event = Kind;
    type Error = Never;

    fn decide(_: &usize, (): (), _: &Ctx) -> Result<Vec<Kind>, Never> {
        Ok(vec![Kind::TeamDefined(TeamDefined::default())])
    }

    fn evolve(state: &mut usize, _: &Kind, _: Timestamp) {
        *state += 1;
    }
}

/// Holds every command that the log has taken, until it is let go.
struct Held {
    taken: Barrier,
    goes_on: Barrier,
}

impl Probe for Held {
    fn reached(&self, point: &'static str) {
        if point == "command.append.after" {
            self.taken.wait();
            self.goes_on.wait();
        }
    }
}

/// Whoever follows the log hears of an event before its own command has gone on. A list that then
/// recalled the fold from before would show rows that contradict their filter.
#[test]
fn what_the_log_has_taken_is_recalled_before_its_command_is_answered() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let log = open_log(folder.path());
        let held = Arc::new(Held {
            taken: Barrier::new(2),
            goes_on: Barrier::new(2),
        });
        let lifecycle = Lifecycle::probed(Arc::clone(&held) as _);
        let calendar = Calendar::new(Arc::new(SystemClock), TimeZone::UTC);
        let teams = Executor::<Counting>::new(Arc::clone(&log), calendar, lifecycle.clone());
        for defined in 1..=3 {
            let request = Uuid::from_u128(defined);
            let call = Call::own("test", Origin::Reaction, request, Cause::default());
            let define = lifecycle.track({
                let teams = Arc::clone(&teams);
                async move { teams.execute(TEAM, (), call).await.is_ok() }
            });
            tokio::task::block_in_place(|| held.taken.wait());
            let seen = teams.recall(&TEAM).await.unwrap().state;
            let again = teams.recall(&TEAM).await.unwrap().state;
            tokio::task::block_in_place(|| held.goes_on.wait());
            assert!(define.await.unwrap());
            assert_eq!((seen, again), (defined as usize, defined as usize));
            assert_eq!(teams.recall(&TEAM).await.unwrap().state, seen);
        }
        log.close().await;
    });
}
