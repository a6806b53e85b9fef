//! Bands: borders at 40 and 70, and 3 points more to rise (HLT-5).

use keizoku_proto::healthscore as proto;

/// How an account is doing, in one of three colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    /// Below 40.
    Red,
    /// From 40 on.
    Yellow,
    /// From 70 on.
    Green,
}

const YELLOW_FROM: u8 = 40;
const GREEN_FROM: u8 = 70;
/// Points above a border that it takes to rise over it.
const TO_RISE: u8 = 3;

impl Band {
    /// The band by the plain borders.
    #[must_use]
    pub fn plain(score: u8) -> Self {
        match score {
            ..YELLOW_FROM => Self::Red,
            YELLOW_FROM..GREEN_FROM => Self::Yellow,
            _ => Self::Green,
        }
    }

    /// The band as the API numbers it; none for 0.
    #[must_use]
    pub fn of_number(number: i32) -> Option<Self> {
        match proto::Band::try_from(number).unwrap_or_default() {
            proto::Band::Unspecified => None,
            proto::Band::Red => Some(Self::Red),
            proto::Band::Yellow => Some(Self::Yellow),
            proto::Band::Green => Some(Self::Green),
        }
    }

    /// The band after a score, coming from this one: it falls at once, and rises when the score is
    /// clearly above.
    #[must_use]
    pub fn after(self, score: u8) -> Self {
        let fallen = self.min(Self::plain(score));
        fallen.max(Self::plain(score.saturating_sub(TO_RISE)))
    }
}

#[cfg(test)]
mod tests {
    use super::Band::{Green, Red, Yellow};
    use super::*;

    #[test]
    fn hlt_5_bands_start_from_the_plain_borders() {
        let scores = [0, 39, 40, 69, 70, 100];
        assert_eq!(
            scores.map(Band::plain),
            [Red, Red, Yellow, Yellow, Green, Green]
        );
    }

    #[test]
    fn hlt_5_a_band_falls_below_a_border_and_rises_three_above_it() {
        for (from, score, to) in [
            (Red, 40, Red),
            (Red, 42, Red),
            (Red, 43, Yellow),
            (Red, 72, Yellow),
            (Red, 73, Green),
            (Yellow, 40, Yellow),
            (Yellow, 39, Red),
            (Yellow, 72, Yellow),
            (Yellow, 73, Green),
            (Green, 70, Green),
            (Green, 69, Yellow),
            (Green, 39, Red),
        ] {
            assert_eq!(from.after(score), to, "{from:?}, {score}");
        }
    }
}
