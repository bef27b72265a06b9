//! Memory of an aggregate in the making.

use super::count::ERRNOS_MAX;
use crate::output::record::aggregate::{GroupKey, OutcomeCounts, Summary};

/// The memory of a key and its summary, which is the same from its first event on.
pub(super) fn bytes_of(key: &GroupKey, summary: &Summary) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let by: usize = key.by.iter().map(|(_, value)| PER_STRING + value.len()).sum();
    let texts = text(&key.unit) + text(&key.user_unit) + key.comm.len() + summary.example.len();
    PER_KEY + by + texts
}

/// A table of hashes is half empty at times.
const PER_KEY: usize = 2 * (size_of::<GroupKey>() + size_of::<Summary>()) + RESULTS;
const PER_STRING: usize = 2 * size_of::<(String, String)>();
/// Results of a summary, which lie beside it.
const RESULTS: usize = size_of::<OutcomeCounts>() + ERRNOS_MAX * size_of::<(i32, u64)>();
