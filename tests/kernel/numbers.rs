//! Numbers under the right ABI, and numbers that no table has.

use syscalls::{Abi, Slot};
use tailcalld::stats::UnroutableCalls;

use crate::rig::{at_functions, kernel, lacks_function, rig, run_trigger, slot};

#[test]
fn dispatcher_counts_odd_numbers_by_class() {
    needs_root!();
    needs_unknown_syscalls!();
    let getpid = slot(Abi::Native, "getpid");
    let rig = rig(&[(getpid, "args")]);
    let before = rig.bpf.counters.unroutable();
    for (number, times) in [("-1", "11"), ("512", "5"), ("1000", "7"), ("0x40000027", "3")] {
        assert_eq!(rig.trigger(&["times", times, "native", number]), Vec::<Vec<u8>>::new());
    }
    let after = rig.bpf.counters.unroutable();
    // No function serves them.
    let expected = if at_functions() { [0, 0, 0] } else { [11, 3, 12] };
    let counts = |odd: UnroutableCalls| [odd.minus_one, odd.x32, odd.out_of_range];
    let [before, after] = [before, after].map(counts);
    assert_eq!([0, 1, 2].map(|class| after[class] - before[class]), expected);
}

/// The kernel dispatches on the lower half of the register and so do we: 0x10000007c is getsid.
#[test]
fn dispatcher_ignores_upper_half_of_number() {
    needs_root!();
    let getsid = slot(Abi::Native, "getsid");
    let rig = rig(&[(getsid, "args")]);
    let number = 0x1_0000_0000 + u64::from(getsid.nr());
    let records = rig.trigger(&["times", "9", "native", &number.to_string()]);
    // Up to 5.13 the kernel compares the whole register with its table and calls no function.
    let is_called = !at_functions() || kernel() >= (5, 14);
    assert_eq!(records.len(), if is_called { 9 } else { 0 });
}

#[test]
fn dispatcher_reaches_last_slot_of_each_abi() {
    needs_root!();
    needs_unknown_syscalls!();
    let last = [Abi::Native, Abi::Compat].map(|abi| Slot::new(abi, 511).expect("the last slot"));
    let rig = rig(&[(last[0], "args"), (last[1], "args")]);
    if at_functions() {
        assert_eq!(rig.bpf.unattachable(last.iter()), last);
        return;
    }
    assert_eq!(rig.bpf.unattachable(last.iter()), []);
    let native = rig.trigger(&["native", "511", "1"]);
    let compat = rig.trigger(&["compat", "511", "2"]);
    assert_eq!(native.iter().map(|bytes| rig.event(bytes).slot).collect::<Vec<_>>(), [last[0]]);
    assert_eq!(compat.iter().map(|bytes| rig.event(bytes).slot).collect::<Vec<_>>(), [last[1]]);
}

/// The 32-bit ABIs of x86 and ARM have getpid as 20, which is writev for x86_64 and epoll_create1 for aarch64, and
/// execve as 11, which is munmap and listxattr there.
#[test]
fn compat_call_never_reaches_native_slot() {
    needs_root!();
    let [execve, getpid] = ["execve", "getpid"].map(|name| slot(Abi::Compat, name));
    let native = |slot: Slot| Slot::new(Abi::Native, slot.nr()).expect("within the table");
    let [as_execve, as_getpid] = [execve, getpid].map(native);
    let [execve_nr, getpid_nr] = [execve, getpid].map(|slot| slot.nr().to_string());

    let native_only = rig(&[(as_execve, "count"), (as_getpid, "args")]);
    let before = native_only.counters(as_getpid).seen;
    run_trigger(&["times", "100", "compat", &getpid_nr]);
    assert_eq!(native_only.counters(as_getpid).seen - before, 0);
    drop(native_only);

    if lacks_function(getpid) {
        return;
    }
    let both = rig(&[(as_getpid, "count"), (execve, "exec"), (getpid, "args")]);
    let records = both.trigger(&["times", "100", "compat", &getpid_nr]);
    assert_eq!(records.len(), 100);
    let event = both.event(&records[0]);
    assert_eq!(
        (event.slot, event.slot.abi(), event.handler.name.as_str()),
        (getpid, Abi::Compat, "args")
    );

    let records = both.trigger(&["compat", &execve_nr, "text:/nonexistent", "argv32:2", "0"]);
    let events: Vec<_> = records.iter().map(|bytes| both.event(bytes)).collect();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].slot, events[0].handler.name.as_str()), (execve, "exec"));
}

#[test]
fn compat_arguments_come_from_compat_registers() {
    needs_root!();
    let getpgid = slot(Abi::Compat, "getpgid");
    let rig = rig(&[(getpgid, "args")]);
    let nr = getpgid.nr().to_string();
    let records = rig.trigger(&["compat", &nr, "1", "2", "3", "4", "5", "0xfffffffff0000006"]);
    assert_eq!(rig.event(&records[0]).args, [1, 2, 3, 4, 5, 0xf000_0006]);
}
