//! What signals tell of when somebody signed in (ONB-7).

use jiff::{SignedDuration, Timestamp};
use keizoku_proto::healthscore::SignalKind;

use super::{Latest, Signal};

/// Sign-ins are counted over so many days.
const COUNTED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// No later than when somebody signed in last, as far as a signal tells: a count that rose since the newest known one
/// tells of a sign-in in between, which counts from the signal on; any other of one within the days that it counts.
/// `None` where it tells nothing, or no more than is known.
#[must_use]
pub(super) fn seen(known: &Latest, signal: &Signal) -> Option<Timestamp> {
    if signal.series.kind != SignalKind::SignIns || signal.value <= 0 {
        return None;
    }
    match known.of(&signal.series) {
        Some(last) if signal.occurred_at <= last.occurred_at => None,
        Some(last) if signal.value > last.value => Some(signal.occurred_at),
        _ => signal.occurred_at.checked_sub(COUNTED).ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::testing::{at, signal};
    use super::*;

    #[test]
    fn onb_7_a_rise_tells_of_a_sign_in_and_a_count_of_one_within_its_days() {
        let mut known = Latest::default();
        let sign_ins = |value, day| signal(SignalKind::SignIns, value, at(day));
        assert_eq!(seen(&known, &sign_ins(0, 60)), None);
        let first = sign_ins(4, 60);
        assert_eq!(
            seen(&known, &first),
            Some(at(30)),
            "nobody knows since when"
        );
        known.take(&Arc::new(first));
        assert_eq!(seen(&known, &sign_ins(5, 67)), Some(at(67)));
        for value in [4, 3] {
            assert_eq!(seen(&known, &sign_ins(value, 67)), Some(at(37)));
        }
        assert_eq!(seen(&known, &sign_ins(0, 67)), None);
        assert_eq!(seen(&known, &sign_ins(9, 59)), None, "it arrived late");
        let users = signal(SignalKind::ActiveUsers, 9, at(67));
        assert_eq!(seen(&known, &users), None);
    }
}
