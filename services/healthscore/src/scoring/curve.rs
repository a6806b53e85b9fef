//! Piecewise-linear curves, in thousandths.

use keizoku_core::div_half_even;

/// Thousandths in a whole.
pub(super) const MILLI: i64 = 1_000;

/// Straight lines between points whose x strictly increases; level outside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curve(Vec<(i64, i64)>);

impl Curve {
    /// A curve through these points; `None` when there is none, or x does not strictly increase.
    #[must_use]
    pub fn through(points: Vec<(i64, i64)>) -> Option<Self> {
        let increases = points.is_sorted_by(|(left, _), (right, _)| left < right);
        (increases && !points.is_empty()).then_some(Self(points))
    }

    /// Its height at `x`, both in thousandths, rounded half-even.
    #[must_use]
    pub fn height(&self, x: i128) -> i64 {
        let milli = i128::from(MILLI);
        let after = self
            .0
            .partition_point(|(at, _)| i128::from(*at) * milli <= x);
        let level = |(_, y): (i64, i64)| y * MILLI;
        let (before, next) = match (after.checked_sub(1), self.0.get(after)) {
            (Some(before), Some(next)) => (self.0[before], *next),
            (Some(last), None) => return level(self.0[last]),
            (None, _) => return level(self.0[0]),
        };
        let rise = i128::from(next.1 - before.1) * (x - i128::from(before.0) * milli);
        let run = i128::from(next.0) - i128::from(before.0);
        level(before) + i64::try_from(div_half_even(rise, run)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hlt_2_a_curve_is_straight_between_its_points_and_level_outside() {
        let curve = Curve::through(vec![(0, 0), (10, 80), (30, 100)]).unwrap();
        let at = |x: i128| curve.height(x * 1_000);
        assert_eq!(
            [-5, 0, 5, 10, 20, 30, 99].map(at),
            [0, 0, 40_000, 80_000, 90_000, 100_000, 100_000]
        );
        assert_eq!(curve.height(62), 496, "in thousandths, not in whole units");
    }

    #[test]
    fn hlt_2_a_curve_that_does_not_increase_in_x_is_none() {
        assert!(Curve::through(vec![]).is_none());
        assert!(Curve::through(vec![(1, 0), (1, 100)]).is_none());
        assert!(Curve::through(vec![(2, 0), (1, 100)]).is_none());
        let falling = Curve::through(vec![(0, 100), (3, 0)]).unwrap();
        assert_eq!(falling.height(1_000), 66_667);
    }
}
