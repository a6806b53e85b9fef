//! A total in whole points, shared out so that the shares add up to it (HLT-6).

use keizoku_core::div_half_even;

/// A sum of parts ÷ `divisor`, rounded half-even: the total that is shared out.
pub(super) fn total(sum: i64, divisor: i64) -> i64 {
    let total = div_half_even(i128::from(sum), i128::from(divisor));
    i64::try_from(total).unwrap_or_default()
}

/// Each part's share, in whole points, of the total of `parts` ÷ `divisor`: rounded down, and one more
/// for those with the largest remainders, the first of equals first.
pub(super) fn shares(parts: &[i64], divisor: i64) -> Vec<i64> {
    let total = total(parts.iter().sum(), divisor);
    let mut shares: Vec<i64> = parts.iter().map(|part| part.div_euclid(divisor)).collect();
    let mut by_remainder: Vec<usize> = (0..parts.len()).collect();
    by_remainder.sort_by_key(|index| std::cmp::Reverse(parts[*index].rem_euclid(divisor)));
    let missing = usize::try_from(total - shares.iter().sum::<i64>()).unwrap_or_default();
    for index in by_remainder.into_iter().take(missing) {
        shares[index] += 1;
    }
    shares
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hlt_6_the_largest_remainders_are_rounded_up() {
        assert_eq!(shares(&[149, 149, 2], 100), [2, 1, 0]);
        assert_eq!(shares(&[130, 160, 110], 100), [1, 2, 1]);
        assert_eq!(shares(&[], 100), [0; 0]);
    }

    proptest! {
        #[test]
        fn hlt_6_shares_add_up_and_none_is_a_point_off(
            parts in prop::collection::vec(0_i64..10_000_000, 0..12),
            divisor in 1_i64..200_000,
        ) {
            let shares = shares(&parts, divisor);
            prop_assert_eq!(shares.iter().sum::<i64>(), total(parts.iter().sum(), divisor));
            for (part, share) in parts.iter().zip(&shares) {
                prop_assert!((share * divisor - part).abs() < divisor);
            }
        }
    }
}
