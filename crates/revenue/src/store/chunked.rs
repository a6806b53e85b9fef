use std::ops::{Index, IndexMut};

/// Elements in one chunk.
pub const CHUNK: usize = 1 << BITS;
const BITS: u32 = 14;

/// A vector in chunks of [`CHUNK`] elements: growing it never moves a full chunk.
#[derive(Debug, Clone)]
pub struct Chunked<T> {
    chunks: Vec<Vec<T>>,
}

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<T> Chunked<T> {
    /// How many elements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.chunks
            .last()
            .map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Adds an element, and says at which index.
    pub fn push(&mut self, element: T) -> u32 {
        let index = super::dense(self.len());
        match self.chunks.last_mut() {
            Some(last) if last.len() < CHUNK => last.push(element),
            // The first chunk grows by doubling, so that small models stay small.
            None => self.chunks.push(vec![element]),
            Some(_) => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(element);
                self.chunks.push(chunk);
            }
        }
        index
    }

    /// The element at an index, if there is one.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<&T> {
        let (chunk, place) = split(index);
        self.chunks.get(chunk)?.get(place)
    }

    /// All elements, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten()
    }

    /// The elements chunk by chunk; every chunk but the last holds [`CHUNK`].
    #[must_use]
    pub fn chunks(&self) -> &[Vec<T>] {
        &self.chunks
    }

    /// Bytes allocated, without what the elements allocate themselves.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.chunks
            .iter()
            .map(|chunk| chunk.capacity() * size_of::<T>())
            .sum()
    }
}

impl<T: Clone> Chunked<T> {
    /// Appends copies of `element` until there are `len`.
    pub fn fill_to(&mut self, len: usize, element: &T) {
        while self.len() < len {
            self.push(element.clone());
        }
    }
}

fn split(index: u32) -> (usize, usize) {
    ((index >> BITS) as usize, index as usize & (CHUNK - 1))
}

impl<T> Index<u32> for Chunked<T> {
    type Output = T;
    fn index(&self, index: u32) -> &T {
        let (chunk, place) = split(index);
        &self.chunks[chunk][place]
    }
}

impl<T> IndexMut<u32> for Chunked<T> {
    fn index_mut(&mut self, index: u32) -> &mut T {
        let (chunk, place) = split(index);
        &mut self.chunks[chunk][place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_run_on_across_chunks() {
        let mut numbers = Chunked::default();
        for number in 0..2 * CHUNK + 3 {
            assert_eq!(numbers.push(number) as usize, number);
        }
        assert_eq!(numbers.len(), 2 * CHUNK + 3);
        assert_eq!(numbers[u32::try_from(CHUNK).unwrap()], CHUNK);
        assert_eq!(numbers.get(u32::MAX), None);
        assert!(numbers.iter().copied().eq(0..2 * CHUNK + 3));
    }
}
