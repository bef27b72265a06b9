//! Numbers for things that the kernel knows by number. A thing keeps its number for as long as tables name
//! it one after the other, and no number means two things while two tables are in use.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// Who has which number in the live table.
#[derive(Debug)]
pub(super) struct Numbers<K> {
    range: RangeInclusive<u8>,
    live: BTreeMap<K, u8>,
}

impl<K: Ord + Clone> Numbers<K> {
    /// Nobody has any.
    pub fn new(range: RangeInclusive<u8>) -> Self {
        Self { range, live: BTreeMap::new() }
    }

    /// The numbers of a table that is to follow; `None` if there are not enough.
    pub fn of(&self, wanted: &BTreeSet<K>) -> Option<BTreeMap<K, u8>> {
        let taken: BTreeSet<u8> = self.live.values().copied().collect();
        let mut free = self.range.clone().filter(|number| !taken.contains(number));
        let number = |key: &K| self.live.get(key).copied().or_else(|| free.next());
        wanted.iter().cloned().map(with(number)).collect()
    }

    /// That table is live.
    pub fn begin(&mut self, numbers: BTreeMap<K, u8>) {
        self.live = numbers;
    }

    /// What the live table calls by which number.
    pub fn live(&self) -> &BTreeMap<K, u8> {
        &self.live
    }
}

fn with<K>(mut number: impl FnMut(&K) -> Option<u8>) -> impl FnMut(K) -> Option<(K, u8)> {
    move |key| {
        let number = number(&key)?;
        Some((key, number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(keys: &[&'static str]) -> BTreeSet<&'static str> {
        keys.iter().copied().collect()
    }

    #[test]
    fn a_thing_keeps_its_number_and_none_means_two() {
        let mut numbers = Numbers::new(1..=3);
        let first = numbers.of(&set(&["a", "b"])).unwrap();
        assert_eq!(first, BTreeMap::from([("a", 1), ("b", 2)]));
        numbers.begin(first);
        let second = numbers.of(&set(&["b", "c"])).unwrap();
        assert_eq!(second, BTreeMap::from([("b", 2), ("c", 3)]));
        numbers.begin(second);
        assert_eq!(numbers.of(&set(&["d", "c"])).unwrap(), BTreeMap::from([("c", 3), ("d", 1)]));
    }

    #[test]
    fn there_are_no_more_than_there_are() {
        let mut numbers = Numbers::new(1..=2);
        numbers.begin(numbers.of(&set(&["a", "b"])).unwrap());
        assert_eq!(numbers.of(&set(&["c"])), None);
    }
}
