//! `count`: counters only.

use tailcalld::syscalls::Abi;

use crate::rig::{privileged, rig, slot};

#[test]
fn counts_and_records_nothing() {
    if !privileged() {
        return;
    }
    // A call that nothing else on the machine makes meanwhile.
    let slot = slot(Abi::Native, "sched_get_priority_max");
    let rig = rig(&[(slot, "count")]);
    let records = rig.trigger(&["times", "5003", "native", &slot.nr().to_string(), "1"]);

    assert_eq!(records.len(), 0);
    let books = rig.books(slot);
    assert_eq!((books.seen, books.counted, books.submitted), (5003, 5003, 0));
}
