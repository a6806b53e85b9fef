use std::hash::{DefaultHasher, Hash, Hasher};

use hashbrown::HashTable;

use super::{Chunked, dense};

/// Bytes of text in one block; a longer text gets a block of its own.
const BLOCK: usize = 1 << 16;

/// Texts side by side in large blocks: 12 bytes each, and their own length.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    blocks: Vec<String>,
    spans: Chunked<Span>,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    block: u32,
    start: u32,
    len: u32,
}

impl Texts {
    /// Keeps a text, and says at which index.
    pub fn push(&mut self, text: &str) -> u32 {
        let fits = |block: &String| block.len() + text.len() <= block.capacity();
        if !self.blocks.last().is_some_and(fits) {
            self.blocks
                .push(String::with_capacity(text.len().max(self.next_block())));
        }
        let block = dense(self.blocks.len() - 1);
        let last = &mut self.blocks[block as usize];
        let span = Span {
            block,
            start: dense(last.len()),
            len: dense(text.len()),
        };
        last.push_str(text);
        self.spans.push(span)
    }

    /// The text at an index; empty where there is none.
    #[must_use]
    pub fn text(&self, index: u32) -> &str {
        let Some(span) = self.spans.get(index) else {
            return "";
        };
        let start = span.start as usize;
        self.blocks[span.block as usize]
            .get(start..start + span.len as usize)
            .unwrap_or("")
    }

    /// How many texts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Bytes allocated.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.blocks.iter().map(String::capacity).sum::<usize>() + self.spans.bytes()
    }

    /// Small models start with small blocks.
    fn next_block(&self) -> usize {
        (256 << self.blocks.len().min(8)).min(BLOCK)
    }
}

/// Names and their small numbers; 0 is the empty name, which means "none".
#[derive(Debug, Clone, Default)]
pub struct Names {
    texts: Texts,
    index: HashTable<u32>,
}

impl Names {
    /// The number of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<u32> {
        if name.is_empty() {
            return Some(0);
        }
        self.index
            .find(hash(name), |number| self.name(*number) == name)
            .copied()
    }

    /// The number of a name, which gets the next one if it is new.
    pub fn intern(&mut self, name: &str) -> u32 {
        if let Some(number) = self.find(name) {
            return number;
        }
        let number = self.texts.push(name) + 1;
        let texts = &self.texts;
        self.index
            .insert_unique(hash(name), number, |number| hash(texts.text(*number - 1)));
        number
    }

    /// The name behind a number; empty for 0.
    #[must_use]
    pub fn name(&self, number: u32) -> &str {
        number
            .checked_sub(1)
            .map_or("", |index| self.texts.text(index))
    }

    /// One more than the largest number.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len() + 1
    }

    /// Whether there is no name but the empty one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Bytes allocated.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.texts.bytes() + self.index.allocation_size()
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_numbers() {
        let mut names = Names::default();
        assert_eq!(names.intern(""), 0);
        let long = "ながい".repeat(20_000);
        let expected = [(1, "北斗"), (2, "みなと"), (3, &long), (1, "北斗"), (0, "")];
        for (number, name) in expected {
            assert_eq!(names.intern(name), number);
            assert_eq!(names.name(number), name);
        }
        assert_eq!(names.find("すばる"), None);
        assert_eq!(names.len(), 4);
    }
}
