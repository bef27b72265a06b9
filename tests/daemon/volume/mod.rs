//! High event volume: rate limits, aggregates and load shedding. The counters have each event once,
//! whatever its outcome.

mod aggregates;
mod limits;
mod reports;
mod shed;

use serde_json::Value;

/// Returns the sum of a number over the records of one kind.
fn sum(records: &[Value], kind: &str, key: &str) -> u64 {
    let records = crate::records::of_kind(records, kind).into_iter();
    records.filter_map(|record| record[key].as_u64()).sum()
}
