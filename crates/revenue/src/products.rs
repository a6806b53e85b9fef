//! Products, and the sets of them that accounts have: a column holds one number for either.

use hashbrown::HashMap;
use keizoku_core::Day;

use crate::split::earliest;
use crate::store::Names;

/// Numbers from here on are sets of several products.
pub(crate) const FIRST_SET: u16 = 1 << 15;

/// Several products whose set has no number.
pub(crate) const SEVERAL: u16 = u16::MAX;

/// A set of more products gets no number.
const LARGEST_SET: usize = (UNKNOWN - FIRST) as usize;

/// Products by name, and sets of several by number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Products {
    pub(crate) names: Names,
    sets: Vec<Box<[u32]>>,
    numbers: HashMap<Box<[u32]>, u16>,
    /// Some row has a set without a number.
    has_unnumbered: bool,
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
        if number != SEVERAL {
            return number;
        }
        if products.len() < 2 || products.len() > LARGEST_SET {
            self.has_unnumbered = true;
            return number;
        }
        let next = u16::try_from(self.sets.len())
            .ok()
            .and_then(|sets| FIRST_SET.checked_add(sets));
        let Some(next) = next.filter(|next| *next < SEVERAL) else {
            self.has_unnumbered = true;
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

/// Numbers of products, in order, each once and with its MRR; one of them needs no memory of its
/// own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProductSet {
    one: Option<u32>,
    /// All of them, where there are several.
    several: Vec<u32>,
    /// MRR and earliest renewal of each of several.
    parts: Vec<ProductPart>,
}

/// What an account has of one of several products.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ProductPart {
    pub(crate) mrr: i64,
    /// Earliest renewal among its active subscriptions.
    pub(crate) renewal: Option<Day>,
}

impl ProductPart {
    fn add(&mut self, other: Self) {
        self.mrr += other.mrr;
        self.renewal = earliest(self.renewal, other.renewal);
    }
}

impl ProductSet {
    /// Adds a contract of a product; `all` is what those have together that were added before.
    pub(crate) fn add(&mut self, product: u32, part: ProductPart, all: ProductPart) {
        let one = *self.one.get_or_insert(product);
        if self.several.is_empty() {
            if one == product {
                return;
            }
            self.several.push(one);
            self.parts.push(all);
        }
        match self.several.binary_search(&product) {
            Ok(place) => self.parts[place].add(part),
            Err(place) => {
                self.several.insert(place, product);
                self.parts.insert(place, part);
            }
        }
    }

    pub(crate) fn as_slice(&self) -> &[u32] {
        if self.several.is_empty() {
            self.one.as_slice()
        } else {
            &self.several
        }
    }

    /// All but the last: that one's is what is left.
    pub(crate) fn parts(&self) -> &[ProductPart] {
        self.parts.split_last().map_or(&[], |(_, parts)| parts)
    }
}

/// Which numbers of a column include a product: a byte for each, so that a scan looks them up
/// without guessing.
#[derive(Debug, Clone)]
pub struct ProductMatch {
    by_number: Vec<u8>,
    /// How many parts are kept of a row with each set: one less than it has products.
    parts: Vec<u8>,
    has_unknown: bool,
}

/// Nothing or all of what an account has is of the product.
const NONE: u8 = 0;
const ALL: u8 = 1;
/// It is the first of several; the numbers that follow are the places after it.
const FIRST: u8 = 2;
/// It may be one of several.
const UNKNOWN: u8 = u8::MAX;

impl ProductMatch {
    pub(crate) fn of(products: &Products, product: u32) -> Self {
        let mut by_number = vec![NONE; usize::from(SEVERAL) + 1];
        let single = products.number(&[product]);
        by_number[usize::from(single)] = ALL;
        for (set, number) in products.sets.iter().zip(usize::from(FIRST_SET)..) {
            let place = set.iter().zip(FIRST..).find(|(one, _)| **one == product);
            by_number[number] = place.map_or(NONE, |(_, place)| place);
        }
        // Whoever has products without a number may have this one.
        by_number[usize::from(SEVERAL)] = UNKNOWN;
        let parts = products.sets.iter().map(|set| set.len() - 1);
        let parts = parts.map(|parts| u8::try_from(parts).unwrap_or(u8::MAX));
        Self {
            by_number,
            parts: parts.collect(),
            has_unknown: products.has_unnumbered,
        }
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
        self.by_number[usize::from(number)] >= FIRST
    }

    /// Whether there is a row of which only the account's contracts can tell.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        self.has_unknown
    }

    /// Whether only the account's contracts can tell.
    #[must_use]
    #[inline]
    pub fn is_unknown(&self, number: u16) -> bool {
        self.by_number[usize::from(number)] == UNKNOWN
    }

    /// How many parts are kept of a row that has any.
    #[inline]
    pub(crate) fn parts_of(&self, number: u16) -> usize {
        let set = usize::from(number.saturating_sub(FIRST_SET));
        self.parts.get(set).map_or(1, |parts| usize::from(*parts))
    }

    /// The product's place in a set of several.
    #[inline]
    pub(crate) fn part_of(&self, number: u16) -> Option<usize> {
        let place = self.by_number[usize::from(number)];
        (FIRST..UNKNOWN)
            .contains(&place)
            .then(|| usize::from(place - FIRST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_each_product_once_in_order() {
        let mut set = ProductSet::default();
        assert_eq!(set.as_slice(), [0; 0]);
        let mut sum = ProductPart::default();
        let cases: [(u32, &[u32], &[i64]); 5] = [
            (3, &[3], &[]),
            (3, &[3], &[]),
            (1, &[1, 3], &[100]),
            (2, &[1, 2, 3], &[100, 1_000]),
            (1, &[1, 2, 3], &[10_100, 1_000]),
        ];
        for (power, (product, expected, parts)) in (0..).zip(cases) {
            let part = ProductPart {
                mrr: 10i64.pow(power),
                renewal: None,
            };
            set.add(product, part, sum);
            sum.add(part);
            let mrr: Vec<i64> = set.parts().iter().map(|part| part.mrr).collect();
            assert_eq!((set.as_slice(), &mrr[..]), (expected, parts));
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
        assert_eq!(
            (first.part_of(both), first.part_of(SEVERAL)),
            (Some(0), None)
        );
        assert!(first.is_unknown(SEVERAL) && !first.is_unknown(both) && !first.has_unknown());
        let many: Vec<u32> = (0..300).collect();
        assert_eq!(products.intern(&many), SEVERAL);
        assert!(ProductMatch::of(&products, 1).has_unknown());
        assert_eq!(ProductMatch::of(&products, 2).part_of(both), Some(1));
        assert!(!ProductMatch::of(&products, 3).is_part_of(both));
        assert!(!ProductMatch::of(&products, 40_000).is_all_of(SEVERAL));
    }
}
