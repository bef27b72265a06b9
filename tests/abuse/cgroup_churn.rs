//! A user makes and removes a cgroup in a loop, while the daemon takes nothing out of the ring: the records of the
//! cgroups leave the room for events of `keep = "always"`, and those without one are counted.
//!
//! A target of its own: the records fill the rings of all tests that run beside it.

#[macro_use]
#[path = "../common/root.rs"]
mod root;
#[macro_use]
#[path = "../kernel/rig.rs"]
#[allow(dead_code, unused_imports, unused_macros)] // the tests of the kernel use all of it
mod rig;

#[allow(dead_code)] // shared with the other tests of cgroups
mod cgroups;

use std::fs;

use tailcalld::config::Keep;
use tailcalld::units::Units;

use crate::cgroups::{Cgroups, mount};
use crate::rig::{Rig, filtered, own_slot, privileged, routes, run_trigger};

const RING: u32 = 64 << 10;

/// Times that the cgroup is made and removed: several times what the ring has room for.
const TIMES: u64 = 1_000;

/// Calls whose events are kept.
const KEPT: u64 = 20;

#[test]
fn records_of_cgroups_leave_room_for_events_to_be_kept() {
    if !privileged() || filtered() || !Units::new().is_there() {
        return;
    }
    let call = own_slot(481);
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let mut plan = routes(&handlers, &[(call, "args")]);
    for rule in &mut plan.routes.get_mut(&call).expect("the route").rules {
        rule.keep = Keep::Always;
    }
    let rig = Rig::with_ring(&plan, RING);
    let mut cgroups = Cgroups::new();
    let slice = cgroups.make(mount().join("tailcalldtest-churn.slice"));
    rig.records();
    rig.pause();
    let before = rig.bpf.cgroups_lost();
    for _ in 0..TIMES {
        let cgroup = slice.join("again");
        fs::create_dir(&cgroup).expect("a cgroup");
        fs::remove_dir(&cgroup).expect("an empty cgroup");
    }
    let lost = rig.bpf.cgroups_lost() - before;
    run_trigger(&["times", &KEPT.to_string(), "native", &call.nr().to_string()]);
    assert_eq!((rig.counters(call).submitted, rig.counters(call).lost()), (KEPT, 0));
    let records = rig.records().len() as u64 - KEPT;
    // Other cgroups of this machine may come and go meanwhile.
    assert!(records + lost >= 2 * TIMES, "{records} records, {lost} counted as lost");
    assert!(lost > 0, "the ring has room for all");
}
