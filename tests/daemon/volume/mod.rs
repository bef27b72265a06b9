//! More events than anybody wants to read: limits, records of many, and a budget. Whatever becomes of
//! an event, the books have it once.

mod aggregates;
mod budget;
mod limits;
mod reports;

use serde_json::Value;

/// The sum of a number over the records of one kind.
fn sum(records: &[Value], kind: &str, key: &str) -> u64 {
    let records = crate::records::of_kind(records, kind).into_iter();
    records.filter_map(|record| record[key].as_u64()).sum()
}
