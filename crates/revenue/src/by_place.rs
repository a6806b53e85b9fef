use std::ops::Range;

/// What only some rows of a chunk have, any number of elements each, in the order of the rows.
#[derive(Debug, Clone)]
pub(crate) struct ByPlace<T> {
    places: Vec<u16>,
    elements: Vec<T>,
}

impl<T> Default for ByPlace<T> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            elements: Vec::new(),
        }
    }
}

impl<T: Clone> ByPlace<T> {
    /// Replaces what a row has, and answers where that was; moves what the rows after it have.
    pub(crate) fn set(&mut self, place: usize, elements: &[T]) -> Range<usize> {
        // A chunk has fewer rows than the type has numbers.
        let place = u16::try_from(place).unwrap_or(u16::MAX);
        let first = self.places.partition_point(|other| *other < place);
        let len = length(&self.places[first..], place);
        if elements.len() > len {
            make_room(&mut self.places, elements.len() - len);
            make_room(&mut self.elements, elements.len() - len);
        }
        let places = std::iter::repeat_n(place, elements.len());
        self.places.splice(first..first + len, places);
        self.elements
            .splice(first..first + len, elements.iter().cloned());
        first..first + len
    }

    /// Where the elements of a row begin, if it has any.
    pub(crate) fn find(&self, place: usize) -> Option<usize> {
        let first = self
            .places
            .partition_point(|other| usize::from(*other) < place);
        let found = self.places.get(first).copied().map(usize::from);
        found.filter(|found| *found == place).map(|_| first)
    }

    /// All elements, each with its row.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (usize, &T)> {
        let places = self.places.iter().map(|place| usize::from(*place));
        places.zip(&self.elements)
    }

    /// The rows that have elements, each with all of its own.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &[T])> {
        let mut next = 0;
        std::iter::from_fn(move || {
            let first = next;
            let place = *self.places.get(first)?;
            next += length(&self.places[first..], place);
            Some((usize::from(place), &self.elements[first..next]))
        })
    }

    /// The row of each element, and the elements.
    pub(crate) fn as_slices(&self) -> (&[u16], &[T]) {
        (&self.places, &self.elements)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.places.capacity() * size_of::<u16>() + self.elements.capacity() * size_of::<T>()
    }
}

fn length(places: &[u16], place: u16) -> usize {
    places.iter().take_while(|other| **other == place).count()
}

/// Grows by a quarter: doubling would leave a quarter of the memory unused.
pub(crate) fn make_room<T>(all: &mut Vec<T>, more: usize) {
    if all.capacity() - all.len() < more {
        all.reserve_exact(more + all.len() / 4);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn what_was_set_last_is_there(
            sets in prop::collection::vec((0usize..9, prop::collection::vec(any::<i64>(), 0..4)), 0..40),
        ) {
            let (mut all, mut expected) = (ByPlace::default(), BTreeMap::new());
            for (place, elements) in &sets {
                all.set(*place, elements);
                expected.insert(*place, &elements[..]);
            }
            expected.retain(|_, elements| !elements.is_empty());
            prop_assert!(all.iter().eq(expected));
        }
    }
}
