//! Products, and the sets of them that accounts have: a column holds one number for either.

use hashbrown::HashMap;

use crate::store::Names;

/// Numbers from here on are sets of several products.
const FIRST_SET: u16 = 1 << 15;

/// Several products whose set has no number.
pub(crate) const SEVERAL: u16 = u16::MAX;

/// Products by name, and sets of several by number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Products {
    pub(crate) names: Names,
    sets: Vec<Box<[u32]>>,
    numbers: HashMap<Box<[u32]>, u16>,
}

impl Products {
    /// What a column holds of an account with these products.
    pub(crate) fn number(&self, products: &[u32]) -> u16 {
        match products {
            [] => 0,
            [product] => u16::try_from(*product)
                .ok()
                .filter(|one| *one < FIRST_SET)
                .unwrap_or(SEVERAL),
            several => self.numbers.get(several).copied().unwrap_or(SEVERAL),
        }
    }

    /// The same; a set that has no number gets the next one.
    pub(crate) fn intern(&mut self, products: &[u32]) -> u16 {
        let number = self.number(products);
        if number != SEVERAL || products.len() < 2 {
            return number;
        }
        let next = u16::try_from(self.sets.len())
            .ok()
            .and_then(|sets| FIRST_SET.checked_add(sets));
        let Some(next) = next.filter(|next| *next < SEVERAL) else {
            return SEVERAL;
        };
        self.sets.push(products.into());
        self.numbers.insert(products.into(), next);
        next
    }

    pub(crate) fn bytes(&self) -> usize {
        let sets: usize = self.sets.iter().map(|set| 2 * size_of_val(&**set)).sum();
        self.names.bytes() + sets + self.numbers.allocation_size()
    }
}

/// Numbers of products, in order, each once; one of them needs no memory of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProductSet {
    one: Option<u32>,
    /// All of them, where there are several.
    several: Vec<u32>,
}

impl ProductSet {
    pub(crate) fn add(&mut self, product: u32) {
        let one = *self.one.get_or_insert(product);
        if one == product {
            return;
        }
        if self.several.is_empty() {
            self.several.push(one);
        }
        if let Err(place) = self.several.binary_search(&product) {
            self.several.insert(place, product);
        }
    }

    pub(crate) fn as_slice(&self) -> &[u32] {
        if self.several.is_empty() {
            self.one.as_slice()
        } else {
            &self.several
        }
    }
}

/// Which numbers of a column include a product: a byte for each, so that a scan looks them up
/// without guessing.
#[derive(Debug, Clone)]
pub struct ProductMatch {
    by_number: Vec<u8>,
}

/// Nothing, all or a part of what an account has is of the product.
const NONE: u8 = 0;
const ALL: u8 = 1;
const PART: u8 = 2;

impl ProductMatch {
    pub(crate) fn of(products: &Products, product: u32) -> Self {
        let mut by_number = vec![NONE; usize::from(SEVERAL) + 1];
        let single = products.number(&[product]);
        by_number[usize::from(single)] = ALL;
        for (set, number) in products.sets.iter().zip(usize::from(FIRST_SET)..) {
            by_number[number] = if set.contains(&product) { PART } else { NONE };
        }
        // Whoever has products without a number may have this one.
        by_number[usize::from(SEVERAL)] = PART;
        Self { by_number }
    }

    /// Whether the product is the only one.
    #[must_use]
    #[inline]
    pub fn is_all_of(&self, number: u16) -> bool {
        self.by_number[usize::from(number)] == ALL
    }

    /// Whether the product is, or may be, one of several.
    #[must_use]
    #[inline]
    pub fn is_part_of(&self, number: u16) -> bool {
        self.by_number[usize::from(number)] == PART
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_each_product_once_in_order() {
        let mut set = ProductSet::default();
        assert_eq!(set.as_slice(), [0; 0]);
        for (product, expected) in [(3, &[3][..]), (3, &[3]), (1, &[1, 3]), (2, &[1, 2, 3])] {
            set.add(product);
            assert_eq!(set.as_slice(), expected);
        }
    }

    #[test]
    fn a_number_says_which_products_it_includes() {
        let mut products = Products::default();
        let (one, both) = (products.intern(&[1]), products.intern(&[1, 2]));
        assert_eq!(products.number(&[1, 2]), both);
        assert_eq!(
            (products.number(&[1, 3]), products.number(&[40_000])),
            (SEVERAL, SEVERAL)
        );
        let first = ProductMatch::of(&products, 1);
        assert!(first.is_all_of(one) && !first.is_all_of(both));
        assert!(first.is_part_of(both) && first.is_part_of(SEVERAL) && !first.is_part_of(one));
        assert!(!ProductMatch::of(&products, 3).is_part_of(both));
        assert!(!ProductMatch::of(&products, 40_000).is_all_of(SEVERAL));
    }
}
