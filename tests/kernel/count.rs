//! `count`: counters only.

use crate::rig::{own_slot, rig};

#[test]
fn count_counts_and_records_nothing() {
    needs_root!();
    needs_unknown_syscalls!();
    let slot = own_slot(480);
    let rig = rig(&[(slot, "count")]);
    let records = rig.trigger(&["times", "5003", "native", &slot.nr().to_string(), "1"]);

    assert_eq!(records.len(), 0);
    let counters = rig.counters(slot);
    rig.assert_seen(5003, counters.seen);
    assert_eq!((counters.counted, counters.submitted), (counters.seen, 0));
}
