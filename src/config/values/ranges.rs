//! Ranges of results: several together, and one with a hole.

use std::ops::RangeInclusive;

/// Returns the ranges in order, those that touch merged.
pub(super) fn merged(mut ranges: Vec<RangeInclusive<i64>>) -> Vec<RangeInclusive<i64>> {
    ranges.sort_by_key(|range| *range.start());
    let mut merged: Vec<RangeInclusive<i64>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if *range.start() <= last.end().saturating_add(1) => {
                *last = *last.start()..=*last.end().max(range.end());
            }
            _ => merged.push(range),
        }
    }
    merged
}

/// Returns the ranges without the values of `hole`.
pub(super) fn without(
    ranges: Vec<RangeInclusive<i64>>,
    hole: &RangeInclusive<i64>,
) -> Vec<RangeInclusive<i64>> {
    let parts = |range: RangeInclusive<i64>| {
        let before = hole.start().checked_sub(1).map(|end| *range.start()..=end.min(*range.end()));
        let after = hole.end().checked_add(1).map(|start| start.max(*range.start())..=*range.end());
        [before, after].into_iter().flatten().filter(|part| !part.is_empty())
    };
    ranges.into_iter().flat_map(parts).collect()
}
