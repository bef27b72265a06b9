//! Many calls of a cheap route wait for their results and return at the same time, when the ring is full of other
//! events: the results leave the room for events of `keep = "always"`.

use std::fs::File;
use std::process::{Command, Stdio};

use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::Signal;
use syscalls::{Abi, Slot};
use tailcalld::config::{Keep, Results};
use tailcalld::plan::Plan;

use crate::process::Process;
use crate::rig::{Rig, own_slot, routes, run_trigger, slot, trigger_path};

const RING: u32 = 64 << 10;

/// Calls that wait: their results are more than an eighth of the ring.
const WAITING: u64 = 176;

/// Smallest size of a result, and the ring's own header.
const RESULT_BYTES: u64 = 40 + 8;

/// Returns routes of a call with its result, of a cheap call, and of a call whose events are kept.
fn plan(waiting: Slot, cheap: Slot, kept: Slot) -> Plan {
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let mut plan = routes(&handlers, &[(waiting, "args"), (cheap, "args"), (kept, "args")]);
    for (call, route) in &mut plan.routes {
        for rule in &mut route.rules {
            if *call == kept {
                rule.keep = Keep::Always;
            }
            if *call == waiting {
                rule.results = Results::All;
            }
        }
    }
    plan
}

/// Starts processes that make a call each which waits until they are killed.
fn waiting(rig: &Rig, call: Slot, args: &[&str], stdin: impl Fn() -> Stdio) -> Vec<Process> {
    let start = |_| {
        rig.records();
        let mut command = Command::new(trigger_path());
        command.args(["native", &call.nr().to_string()]).args(args);
        command.env("TRIGGER_NAME", "waiting").stdin(stdin());
        Process::spawn(&mut command)
    };
    let processes: Vec<Process> = (0..WAITING).map(start).collect();
    while rig.counters(call).submitted < WAITING {
        assert_eq!(rig.counters(call).lost(), 0);
        rig.records();
    }
    rig.pause();
    processes
}

/// Fills the ring, ends the calls that wait, and makes others that are kept.
fn check(call: Slot, args: &[&str], stdin: impl Fn() -> Stdio, [cheap, kept]: [Slot; 2]) {
    let rig = Rig::with_ring(&plan(call, cheap, kept), RING);
    let mut processes = waiting(&rig, call, args, stdin);
    run_trigger(&["times", "1000", "native", &cheap.nr().to_string()]);
    assert!(rig.counters(cheap).lost_ring_full > 0);
    for process in &mut processes {
        process.signal(Signal::SIGKILL);
        process.wait();
    }
    // Events had all but 5/32 of the ring, and results have an eighth.
    let fitting = u64::from(RING) / 32 / RESULT_BYTES;
    let lost = rig.counters(call).results_lost;
    assert!(lost >= WAITING - fitting, "{lost} results lost");
    run_trigger(&["times", "20", "native", &kept.nr().to_string()]);
    assert_eq!((rig.counters(kept).submitted, rig.counters(kept).lost()), (20, 0));
}

#[test]
fn results_leave_room_for_events_to_be_kept() {
    needs_root!();
    needs_unknown_syscalls!();
    let file = tempfile::NamedTempFile::new().expect("a file");
    let open = || File::open(file.path()).expect("a file");
    let lock = Flock::lock(open(), FlockArg::LockExclusive).expect("nobody else has it");
    check(slot(Abi::Native, "flock"), &["0", "1"], || open().into(), [499, 500].map(own_slot));
    drop(lock);
}

#[test]
fn results_with_memory_leave_room_for_events_to_be_kept() {
    needs_root!();
    needs_unknown_syscalls!();
    let args = ["words:0,0", "0", "0", "8"];
    check(slot(Abi::Native, "rt_sigtimedwait"), &args, Stdio::null, [501, 502].map(own_slot));
}
