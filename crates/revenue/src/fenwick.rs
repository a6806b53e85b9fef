/// Days that a date can be: the numbers of [`keizoku_core::Day`].
const DAYS: usize = 1 << 16;

/// Changes by day, and their running sum up to any day, both in 16 steps (a Fenwick tree).
#[derive(Debug, Clone)]
pub(crate) struct Fenwick {
    sums: Vec<i64>,
}

impl Default for Fenwick {
    fn default() -> Self {
        Self {
            sums: vec![0; DAYS],
        }
    }
}

impl Fenwick {
    /// Adds a change on a day.
    pub(crate) fn add(&mut self, day: keizoku_core::Day, change: i64) {
        let mut place = usize::from(day.number());
        while place < DAYS {
            self.sums[place] += change;
            place += place & place.wrapping_neg();
        }
    }

    /// The sum of the changes up to and including a day.
    pub(crate) fn up_to(&self, day: keizoku_core::Day) -> i64 {
        let mut place = usize::from(day.number());
        let mut sum = 0;
        while place > 0 {
            sum += self.sums[place];
            place &= place - 1;
        }
        sum
    }

    /// Bytes allocated.
    pub(crate) fn bytes(&self) -> usize {
        self.sums.capacity() * size_of::<i64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keizoku_core::Day;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_running_sum_is_the_sum(
            changes in prop::collection::vec((1u16.., -1000i64..1000), 0..50),
            until in 1u16..,
        ) {
            let mut tree = Fenwick::default();
            for (day, change) in &changes {
                tree.add(Day::from_number(*day).unwrap(), *change);
            }
            let expected: i64 =
                changes.iter().filter(|(day, _)| *day <= until).map(|(_, change)| change).sum();
            prop_assert_eq!(tree.up_to(Day::from_number(until).unwrap()), expected);
        }
    }
}
