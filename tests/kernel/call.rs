//! `call`: that a call was made, and no arguments.

use crate::rig::{own_slot, rig};

#[test]
fn call_records_calls_without_arguments() {
    needs_root!();
    needs_unknown_syscalls!();
    let slot = own_slot(481);
    let rig = rig(&[(slot, "call")]);
    let records = rig.trigger(&["times", "3", "native", &slot.nr().to_string(), "1"]);

    assert_eq!(records.len(), 3);
    let counters = rig.counters(slot);
    rig.assert_seen(3, counters.seen);
    assert_eq!(counters.submitted, counters.seen);
    for bytes in &records {
        let event = rig.event(bytes);
        assert_eq!((event.handler.name.as_str(), event.captures.len()), ("call", 0));
        assert!(event.known_call().is_none(), "its arguments are not explained");
    }
}
