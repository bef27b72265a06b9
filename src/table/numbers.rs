//! Numbers for limits, names and process trees, which the kernel knows by number. A thing keeps its number as
//! long as each table refers to it, and no number means two things while two tables are in use.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::limits::LimitKey;
use crate::filter::NameKind;
use crate::handlers::ProgramKey;

/// Numbers by which a table refers to limits, names and trees.
#[derive(Debug, Default, Clone)]
pub(super) struct IdMap {
    pub limits: BTreeMap<LimitKey, u8>,
    pub names: BTreeMap<(NameKind, String), u8>,
    pub trees: BTreeMap<u32, u8>,
    pub chained: BTreeMap<ProgramKey, u8>,
}

/// Numbers of one kind, and their use in the live table.
#[derive(Debug)]
pub(super) struct Numbers<K> {
    range: RangeInclusive<u8>,
    live: BTreeMap<K, u8>,
}

impl<K: Ord + Clone> Numbers<K> {
    /// Creates an allocator for a range, with every number free.
    pub fn new(range: RangeInclusive<u8>) -> Self {
        Self { range, live: BTreeMap::new() }
    }

    /// Assigns numbers for the next table; `None` if there are not enough.
    pub fn assign(&self, wanted: &BTreeSet<K>) -> Option<BTreeMap<K, u8>> {
        let taken: BTreeSet<u8> = self.live.values().copied().collect();
        let mut free = self.range.clone().filter(|number| !taken.contains(number));
        let number = |key: &K| self.live.get(key).copied().or_else(|| free.next());
        wanted.iter().cloned().map(with(number)).collect()
    }

    /// Records that the table with these numbers is live.
    pub fn begin(&mut self, numbers: BTreeMap<K, u8>) {
        self.live = numbers;
    }

    /// Returns the numbers that the live table uses.
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
    fn assign_keeps_numbers_in_use_and_reuses_others_later() {
        let mut numbers = Numbers::new(1..=3);
        let first = numbers.assign(&set(&["a", "b"])).unwrap();
        assert_eq!(first, BTreeMap::from([("a", 1), ("b", 2)]));
        numbers.begin(first);
        let second = numbers.assign(&set(&["b", "c"])).unwrap();
        assert_eq!(second, BTreeMap::from([("b", 2), ("c", 3)]));
        numbers.begin(second);
        assert_eq!(
            numbers.assign(&set(&["d", "c"])).unwrap(),
            BTreeMap::from([("c", 3), ("d", 1)])
        );
    }

    #[test]
    fn assign_without_free_number_is_none() {
        let mut numbers = Numbers::new(1..=2);
        numbers.begin(numbers.assign(&set(&["a", "b"])).unwrap());
        assert_eq!(numbers.assign(&set(&["c"])), None);
    }
}
