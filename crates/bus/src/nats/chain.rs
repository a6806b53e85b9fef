//! Whether a message is the next one.

use keizoku_core::{Position, Recorded};
use uuid::Uuid;

use super::message::Published;

/// How far a subscriber has read one log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chain {
    pub(super) log_id: Uuid,
    pub(super) position: Position,
}

/// Why a subscriber cannot go on from where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    /// Positions of that log mean something else.
    #[error("another log is published now")]
    OtherLog,
    /// Something lies between.
    #[error("events are missing")]
    Gap,
}

impl Chain {
    /// The event of a message, if it is the next one; nothing when it was taken before. Positions may
    /// have gaps: that none is missing is known from the event before, which every message names.
    pub(super) fn take(&mut self, message: Published) -> Result<Option<Recorded>, Broken> {
        let Published {
            log_id,
            previous,
            event,
        } = message;
        if log_id != self.log_id {
            return Err(Broken::OtherLog);
        }
        if event.position <= self.position {
            return Ok(None);
        }
        if previous > self.position {
            return Err(Broken::Gap);
        }
        self.position = event.position;
        Ok(Some(event))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use keizoku_core::Revision;

    use super::*;

    const LOG: Uuid = Uuid::from_u128(1);
    /// A log whose positions have gaps.
    const POSITIONS: [u64; 5] = [3, 4, 9, 10, 20];

    fn message(index: usize) -> Published {
        let before = index.checked_sub(1).map_or(0, |before| POSITIONS[before]);
        Published {
            log_id: LOG,
            previous: Position(before),
            event: Recorded {
                position: Position(POSITIONS[index]),
                stream: String::new(),
                revision: Revision(1),
                id: Uuid::nil(),
                kind: String::new(),
                recorded_at: Timestamp::UNIX_EPOCH,
                data: Vec::new(),
                metadata: Vec::new(),
            },
        }
    }

    /// What is taken of messages that arrive in some order, from a position on.
    fn taken(after: u64, arriving: &[usize]) -> Result<Vec<u64>, Broken> {
        let mut chain = Chain {
            log_id: LOG,
            position: Position(after),
        };
        let mut taken = Vec::new();
        for index in arriving {
            taken.extend(chain.take(message(*index))?.map(|event| event.position.0));
        }
        Ok(taken)
    }

    #[test]
    fn each_message_three_times_is_each_event_once() {
        let thrice = [0, 0, 0, 1, 1, 0, 1, 2, 2, 2, 3, 1, 3, 3, 4, 4, 4];
        assert_eq!(taken(0, &thrice), Ok(POSITIONS.to_vec()));
    }

    #[test]
    fn it_begins_after_any_position_also_between_two_events() {
        let all = [0, 1, 2, 3, 4];
        for after in 0..=21 {
            let expected = POSITIONS.into_iter().filter(|one| *one > after);
            assert_eq!(taken(after, &all), Ok(expected.collect()), "after {after}");
        }
    }

    #[test]
    fn whatever_is_left_out_is_noticed_at_the_next_message() {
        assert_eq!(taken(0, &[1]), Err(Broken::Gap));
        assert_eq!(taken(0, &[0, 1, 3]), Err(Broken::Gap));
        assert_eq!(taken(4, &[4]), Err(Broken::Gap));
        assert_eq!(
            taken(8, &[2, 3]),
            Ok(vec![9, 10]),
            "none lies between 4 and 9"
        );
    }

    #[test]
    fn another_log_is_no_continuation() {
        let mut chain = Chain {
            log_id: Uuid::from_u128(2),
            position: Position(0),
        };
        assert_eq!(chain.take(message(0)), Err(Broken::OtherLog));
    }
}
