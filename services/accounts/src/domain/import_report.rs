//! How the imports of another system ended (FC-10).

use jiff::Timestamp;
use keizoku_core::{Ctx, Decider};
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::accounts::{ImportReported, RejectedRows};
use keizoku_runtime::Never;

/// The imports of one system.
pub struct Imports;

/// How the last one ended.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// What did not go in.
    pub rejected: Vec<RejectedRows>,
}

impl Decider for Imports {
    type State = State;
    type Command = ImportReported;
    type Event = Kind;
    type Error = Never;

    /// The same outcome again changes nothing, as the same import again does.
    fn decide(state: &State, reported: ImportReported, _ctx: &Ctx) -> Result<Vec<Kind>, Never> {
        if reported.rejected == state.rejected {
            return Ok(Vec::new());
        }
        Ok(vec![Kind::ImportReported(reported)])
    }

    fn evolve(state: &mut State, event: &Kind, _at: Timestamp) {
        if let Kind::ImportReported(reported) = event {
            state.rejected.clone_from(&reported.rejected);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ctx;

    #[test]
    fn fc_10_an_import_is_reported_where_it_ends_otherwise_than_before() {
        let reported = |rows: i64| ImportReported {
            system: "salesforce".to_owned(),
            rejected: (rows > 0)
                .then(|| RejectedRows {
                    file: "Account.csv".to_owned(),
                    reason: "name_missing".to_owned(),
                    rows,
                })
                .into_iter()
                .collect(),
        };
        let mut state = State::default();
        let mut report = |rows| {
            let events = Imports::decide(&state, reported(rows), &ctx()).unwrap();
            for event in &events {
                Imports::evolve(&mut state, event, Timestamp::UNIX_EPOCH);
            }
            events.len()
        };
        // Clean, wrong, the same again, otherwise wrong, clean, clean again.
        assert_eq!([0, 2, 2, 1, 0, 0].map(&mut report), [0, 1, 0, 1, 1, 0]);
    }
}
