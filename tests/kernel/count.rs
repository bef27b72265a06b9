//! `count`: counters only.

use crate::rig::{filtered, own_slot, privileged, rig};

#[test]
fn counts_and_records_nothing() {
    if !privileged() || filtered() {
        return;
    }
    let slot = own_slot(480);
    let rig = rig(&[(slot, "count")]);
    let records = rig.trigger(&["times", "5003", "native", &slot.nr().to_string(), "1"]);

    assert_eq!(records.len(), 0);
    let books = rig.books(slot);
    assert_eq!((books.seen, books.counted, books.submitted), (5003, 5003, 0));
}
