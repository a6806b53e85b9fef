//! When to try again: exponentially later, spread out, never earlier than asked (NTF-5).

use jiff::{SignedDuration, Timestamp};

/// Wait after the first failure.
const FIRST: SignedDuration = SignedDuration::from_secs(5);
/// Longest wait that is chosen here; the other side may ask for more.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);
/// Longest wait that the other side may ask for.
const LONGEST_ASKED: SignedDuration = SignedDuration::from_hours(24);

/// When to try again after `failures` failures.
///
/// `jitter` spreads those that failed together over the second half of the wait.
pub(super) fn retry_time(
    now: Timestamp,
    failures: u32,
    asked: Option<SignedDuration>,
    jitter: u64,
) -> Timestamp {
    let wait = asked.map_or_else(
        || chosen(failures, jitter),
        |asked| asked.clamp(SignedDuration::ZERO, LONGEST_ASKED),
    );
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

fn chosen(failures: u32, jitter: u64) -> SignedDuration {
    let factor = 1_i32 << failures.saturating_sub(1).min(20);
    let whole = FIRST.saturating_mul(factor).min(LONGEST);
    let half = whole.as_millis() / 2;
    let spread = i128::from(jitter) % (half + 1);
    SignedDuration::from_millis(i64::try_from(half + spread).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ntf_5_what_the_other_side_asks_for_counts() {
        let now = Timestamp::UNIX_EPOCH;
        let after = |asked| retry_time(now, 3, Some(SignedDuration::from_secs(asked)), 7);
        assert_eq!(after(0), now);
        assert_eq!(after(30), now + SignedDuration::from_secs(30));
        assert_eq!(after(-5), now);
        assert_eq!(after(i64::MAX), now + LONGEST_ASKED);
    }

    proptest! {
        #[test]
        fn ntf_5_waits_double_and_are_spread_over_their_second_half(failures in 1_u32..100, jitter: u64) {
            let now = Timestamp::UNIX_EPOCH;
            let wait = now.duration_until(retry_time(now, failures, None, jitter));
            let whole = FIRST.saturating_mul(1 << (failures - 1).min(20)).min(LONGEST);
            prop_assert!(whole / 2 <= wait + SignedDuration::from_millis(1) && wait <= whole, "{wait:?} of {whole:?}");
        }
    }
}
