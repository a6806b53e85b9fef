use hashbrown::HashTable;
use uuid::Uuid;

use super::Chunked;

/// Tables that the index is split into: one that grows holds up a write for a 256th of the time.
const SHARDS: usize = 256;

/// Ids and their dense indexes: 16 bytes for the id and about 8 for finding it.
#[derive(Debug, Clone, Default)]
pub struct IdTable {
    ids: Chunked<Uuid>,
    shards: Vec<HashTable<u32>>,
}

impl IdTable {
    /// How many ids there are; their indexes are 0 to this.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The index of an id.
    #[must_use]
    pub fn find(&self, id: Uuid) -> Option<u32> {
        let hash = hash(id);
        self.shards
            .get(shard(hash))?
            .find(hash, |index| self.ids[*index] == id)
            .copied()
    }

    /// The index of an id, which gets the next one if it is new.
    pub fn intern(&mut self, id: Uuid) -> u32 {
        match self.find(id) {
            Some(index) => index,
            None => self.add(id),
        }
    }

    /// The index of an id that is known to be new.
    pub fn add(&mut self, id: Uuid) -> u32 {
        if self.shards.is_empty() {
            self.shards.resize_with(SHARDS, HashTable::new);
        }
        let index = self.ids.push(id);
        let (hash_of_id, ids) = (hash(id), &self.ids);
        self.shards[shard(hash_of_id)].insert_unique(hash_of_id, index, |index| hash(ids[*index]));
        index
    }

    /// The id at an index.
    #[must_use]
    pub fn id(&self, index: u32) -> Uuid {
        self.ids[index]
    }

    /// All ids, in the order of their indexes.
    pub fn iter(&self) -> impl Iterator<Item = Uuid> {
        self.ids.iter().copied()
    }

    /// Bytes allocated.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let tables = self.shards.capacity() * size_of::<HashTable<u32>>();
        let entries: usize = self.shards.iter().map(HashTable::allocation_size).sum();
        self.ids.bytes() + tables + entries
    }
}

/// Spreads ids of any version: the low bits choose the place, the middle ones the shard.
fn hash(id: Uuid) -> u64 {
    let (high, low) = id.as_u64_pair();
    let mut mixed = (high.rotate_left(29) ^ low).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 32) ^ high).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ (mixed >> 32)
}

fn shard(hash: u64) -> usize {
    usize::try_from((hash >> 40) & 0xff).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_its_index() {
        let mut table = IdTable::default();
        let ids: Vec<Uuid> = (0..10_000u128)
            .map(|number| Uuid::from_u128(number << 64))
            .collect();
        for (index, id) in ids.iter().enumerate() {
            assert_eq!(table.find(*id), None);
            assert_eq!(table.intern(*id) as usize, index);
        }
        for (index, id) in ids.iter().enumerate() {
            assert_eq!(table.intern(*id) as usize, index);
            assert_eq!(table.id(u32::try_from(index).unwrap()), *id);
        }
        assert_eq!(table.len(), ids.len());
    }
}
