//! Chance that repeats itself: the same seed, subject and number always come to the same.

use fastrand::Rng;
use keizoku_core::derive_id;

/// A source of chance for one thing; others do not disturb it.
#[derive(Debug, Clone)]
pub(super) struct Chance(Rng);

impl Chance {
    /// For the `number`-th thing of a kind.
    pub(super) fn of(seed: u64, kind: &str, number: u64) -> Self {
        let id = derive_id(kind, &[&seed.to_be_bytes(), &number.to_be_bytes()]);
        let (high, low) = id.as_u64_pair();
        Self(Rng::with_seed(high ^ low))
    }

    /// From `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.i64(low..=high.max(low))
    }

    /// So many days, both included.
    pub(super) fn days(&mut self, low: i32, high: i32) -> i32 {
        self.0.i32(low..=high.max(low))
    }

    /// True in so many of a hundred cases.
    pub(super) fn in_hundred(&mut self, cases: i64) -> bool {
        self.between(1, 100) <= cases
    }

    /// One of them.
    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.0.usize(..choices.len())]
    }

    /// One of them, each as often as its share says.
    pub(super) fn weighed<T: Copy>(&mut self, choices: &[(T, i64)]) -> T {
        let all: i64 = choices.iter().map(|(_, share)| share).sum();
        let mut left = self.between(1, all);
        let chosen = choices.iter().find(|(_, share)| {
            left -= share;
            left <= 0
        });
        chosen.unwrap_or(&choices[0]).0
    }

    /// Brings a list into any order.
    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        self.0.shuffle(list);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_thing_has_the_same_chance_and_others_another() {
        let drawn = |seed, number| {
            let mut chance = Chance::of(seed, "thing", number);
            (0..20)
                .map(|_| chance.between(0, 1_000))
                .collect::<Vec<_>>()
        };
        assert_eq!(drawn(7, 1), drawn(7, 1));
        assert_ne!(drawn(7, 1), drawn(7, 2));
        assert_ne!(drawn(7, 1), drawn(8, 1));
    }

    #[test]
    fn shares_are_kept() {
        let mut chance = Chance::of(1, "shares", 0);
        let drawn = (0..1_000).filter(|_| chance.weighed(&[(true, 1), (false, 3)]));
        let count = drawn.count();
        assert!((200..300).contains(&count), "{count}");
        assert!((0..100).all(|_| (3..=5).contains(&chance.days(3, 5))));
    }
}
