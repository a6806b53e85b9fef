//! Whether what was expected to be lost as often as not was lost as often as not (FC-7).

use keizoku_core::{Money, NoRate, Rate, div_half_even};

/// Parts per million in 1.
const ONE: i64 = 1_000_000;

/// Points of a calibration curve: tenths of what was expected.
const POINTS: i64 = 10;

/// Expectations beside outcomes, of parts whose outcome is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calibration {
    /// Points with parts in them, from the lowest expectation to the highest.
    pub points: Vec<CalibrationPoint>,
    /// The mean of (p − y)² where p was expected and y is 1 for a part that was lost, else 0; of
    /// rates in parts per million, rounded half-even once.
    pub brier: Result<Rate, NoRate>,
    /// How many parts there are.
    pub parts: i64,
}

/// Parts that were expected to be lost about equally often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CalibrationPoint {
    /// The lowest expectation of the point, in parts per million; the highest is below the next
    /// tenth, and 1 is in the last.
    pub from_ppm: i64,
    /// Parts.
    pub parts: i64,
    /// Those that were lost.
    pub lost_parts: i64,
    /// Mean of what was expected, of rates in parts per million.
    pub expected: Rate,
    /// What happened: lost parts ÷ parts.
    pub observed: Rate,
    /// MRR of the parts as it was forecast.
    pub mrr: Money,
    /// How much of it ended.
    pub lost_mrr: Money,
}

/// Counts while parts are looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    points: [Point; 10],
    squares: i128,
    parts: i64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Point {
    parts: i64,
    lost_parts: i64,
    expected_ppm: i64,
    mrr: i64,
    lost_mrr: i64,
}

impl Counts {
    /// A part of `mrr` that was expected to be lost at a rate of `expected_ppm`, of which `ended`
    /// did; it counts as lost if that is at least half of it.
    pub(crate) fn add(&mut self, expected_ppm: i64, mrr: i64, ended: i64) {
        let is_lost = 2 * ended >= mrr;
        let tenth = (expected_ppm / (ONE / POINTS)).clamp(0, POINTS - 1);
        let point = &mut self.points[usize::try_from(tenth).unwrap_or(0)];
        point.parts += 1;
        point.lost_parts += i64::from(is_lost);
        point.expected_ppm += expected_ppm;
        point.mrr += mrr;
        point.lost_mrr += ended;
        let apart = i128::from(expected_ppm - if is_lost { ONE } else { 0 });
        self.squares += apart * apart;
        self.parts += 1;
    }

    pub(crate) fn finish(self) -> Calibration {
        let squares = div_half_even(self.squares, ONE.into());
        let brier = Rate::new(
            i64::try_from(squares).unwrap_or(i64::MAX),
            self.parts.saturating_mul(ONE),
        );
        let points = (0..).zip(self.points).filter_map(|(tenth, point)| {
            Some(CalibrationPoint {
                from_ppm: tenth * (ONE / POINTS),
                parts: point.parts,
                lost_parts: point.lost_parts,
                expected: Rate::new(point.expected_ppm, point.parts.saturating_mul(ONE)).ok()?,
                observed: Rate::new(point.lost_parts, point.parts).ok()?,
                mrr: Money::from_minor(point.mrr),
                lost_mrr: Money::from_minor(point.lost_mrr),
            })
        });
        Calibration {
            points: points.collect(),
            brier,
            parts: self.parts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fc_7_a_calibrated_forecast_is_on_the_diagonal_and_its_brier_score_is_the_mean_square() {
        let mut counts = Counts::default();
        for number in 0..4 {
            // A quarter of them is lost, as expected.
            counts.add(250_000, 100, if number == 0 { 100 } else { 0 });
        }
        counts.add(1_000_000, 30, 30);
        let Calibration {
            points,
            brier,
            parts,
        } = counts.finish();
        assert_eq!(points.len(), 2, "points without parts are left out");
        assert_eq!(points[0].expected.ppm(), points[0].observed.ppm());
        assert_eq!(
            (points[0].from_ppm, points[0].parts, points[0].lost_parts),
            (200_000, 4, 1)
        );
        assert_eq!(
            (points[1].from_ppm, points[1].lost_mrr),
            (900_000, Money::from_minor(30))
        );
        // (0.75² + 3 × 0.25² + 0) ÷ 5 = 0.15
        assert_eq!((brier.map(Rate::ppm), parts), (Ok(150_000), 5));
    }

    #[test]
    fn fc_7_a_part_is_lost_when_half_of_it_has_ended() {
        let mut counts = Counts::default();
        counts.add(0, 100, 49);
        counts.add(0, 100, 50);
        let calibration = counts.finish();
        assert_eq!(calibration.points[0].lost_parts, 1);
        assert_eq!(calibration.points[0].lost_mrr, Money::from_minor(99));
        assert_eq!(calibration.brier.map(Rate::ppm), Ok(500_000));
    }

    #[test]
    fn fc_7_without_parts_there_is_no_score() {
        assert_eq!(
            Counts::default().finish().brier,
            Err(NoRate::ZeroDenominator)
        );
    }
}
