//! Tests of results: each is paired with the event of its call by thread and time.

use std::collections::BTreeMap;

use syscalls::{Abi, Slot};
use tailcalld::config::Results;
use tailcalld::decode::{Outcome, RingRecord, SyscallExit};
use tailcalld::plan::Plan;

use crate::rig::{Rig, own_slot, routes, run_trigger, scaled, slot};

/// Returns a plan that records the results of all calls.
fn with_results(wanted: &[(Slot, &str)]) -> Plan {
    let mut plan = routes(&tailcalld::load::handlers().expect("the object opens"), wanted);
    for route in plan.routes.values_mut() {
        route.rules[0].results = Results::All;
    }
    plan
}

/// Runs the trigger and returns its events with their outcomes, in the order in which the calls ended.
fn outcomes(rig: &Rig, words: &[&str]) -> Vec<(Vec<u8>, Outcome)> {
    run_trigger(words);
    let (mut waiting, mut ended) = (BTreeMap::new(), Vec::new());
    for bytes in rig.records() {
        match RingRecord::decode(&bytes).expect("the kernel writes what can be decoded") {
            RingRecord::Syscall(header) => {
                assert!(header.is_open(), "{header:?}");
                let before = waiting.insert((header.tid, header.boottime_ns), bytes.clone());
                assert_eq!(before, None);
            }
            RingRecord::Exit(SyscallExit { tid, entry_ns, outcome, .. }) => {
                let event = waiting.remove(&(tid, entry_ns)).expect("a result without an event");
                ended.push((event, outcome));
            }
            _ => {}
        }
    }
    assert!(waiting.is_empty(), "{} events without a result", waiting.len());
    ended
}

fn result(end: Outcome) -> i64 {
    match end {
        Outcome::Returned { result, duration_ns } => {
            assert!((1..60_000_000_000).contains(&duration_ns), "{duration_ns} ns");
            result
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn result_of_failed_call_is_errno() {
    needs_root!();
    let getpgid = slot(Abi::Native, "getpgid");
    let rig = Rig::new(&with_results(&[(getpgid, "args")]));
    let nr = getpgid.nr().to_string();
    let [(_, failed)] = &outcomes(&rig, &["native", &nr, "0x7fffffff"])[..] else {
        panic!("one call")
    };
    assert_eq!(failed.errno(), Some(nix::libc::ESRCH));
    assert_eq!(result(*failed), -i64::from(nix::libc::ESRCH));
}

#[test]
fn result_of_successful_call_is_value() {
    needs_root!();
    let getpgid = slot(Abi::Native, "getpgid");
    let rig = Rig::new(&with_results(&[(getpgid, "args")]));
    let nr = getpgid.nr().to_string();
    let [(event, done)] = &outcomes(&rig, &["native", &nr, "1"])[..] else { panic!("one call") };
    assert_eq!(rig.event(event).args[0], 1);
    assert_eq!(done.errno(), None);
    assert!(result(*done) >= 0);
}

#[test]
fn result_of_failed_compat_call_is_errno() {
    needs_root!();
    let getpgid = slot(Abi::Compat, "getpgid");
    let rig = Rig::new(&with_results(&[(getpgid, "args")]));
    let words = ["compat", &getpgid.nr().to_string(), "0x7fffffff"];
    let [(_, failed)] = &outcomes(&rig, &words)[..] else { panic!("one call") };
    assert_eq!(failed.errno(), Some(nix::libc::ESRCH));
}

#[test]
fn result_of_successful_compat_call_is_value() {
    needs_root!();
    let getpriority = slot(Abi::Compat, "getpriority");
    let rig = Rig::new(&with_results(&[(getpriority, "args")]));
    let words = ["compat", &getpriority.nr().to_string(), "0", "0"];
    let [(_, done)] = &outcomes(&rig, &words)[..] else { panic!("one call") };
    // The kernel adds the nice value of a process to 20.
    assert_eq!(done.errno(), None);
    assert!((1..=40).contains(&result(*done)));
}

/// The kernel returns the error of modify_ldt without its sign; a 32-bit program gets the low half. ARM has no such call,
/// and its 32-bit program makes one call a process.
#[test]
#[cfg(target_arch = "x86_64")]
fn result_of_compat_call_is_that_of_caller() {
    needs_root!();
    let [modify_ldt, setfsuid] = ["modify_ldt", "setfsuid32"].map(|name| slot(Abi::Compat, name));
    let rig = Rig::new(&with_results(&[(modify_ldt, "args"), (setfsuid, "args")]));
    let words = ["compat", &modify_ldt.nr().to_string(), "0x7f", "0", "0"];
    let [(_, failed)] = &outcomes(&rig, &words)[..] else { panic!("one call") };
    assert_eq!(failed.errno(), Some(nix::libc::ENOSYS));
    let words = ["times", "2", "compat", &setfsuid.nr().to_string(), "0xffff0000"];
    let [_, (_, second)] = &outcomes(&rig, &words)[..] else { panic!("two calls") };
    assert_eq!((second.errno(), result(*second)), (None, 0xffff_0000));
}

/// `umask` returns the argument of the call before it, so a result paired with the wrong event would differ.
#[test]
fn results_of_threads_are_not_mixed_up() {
    needs_root!();
    let umask = slot(Abi::Native, "umask");
    let times = scaled(5000);
    let rig = Rig::with_ring(&with_results(&[(umask, "args")]), 16 * 1024 * 1024);
    let nr = umask.nr().to_string();
    let pairs = outcomes(&rig, &["times", &times.to_string(), "native", &nr, "nth"]);
    rig.assert_seen(times, pairs.len() as u64);
    // umask keeps nine bits.
    for two in pairs.windows(2) {
        assert_eq!(result(two[1].1) as u64, rig.event(&two[0].0).args[0] & 0o777);
    }
    let threads = outcomes(&rig, &["threads", &times.to_string(), "native", &nr, "nth"]);
    rig.assert_seen(5 * times, (pairs.len() + threads.len()) as u64);
}

/// The new program returns from `execve`, with another tid if the calling thread was not the leader.
#[test]
fn result_of_successful_execveat_is_zero() {
    needs_root!();
    let [execve, execveat] = ["execve", "execveat"].map(|name| slot(Abi::Native, name));
    let rig = Rig::new(&with_results(&[(execveat, "exec")]));
    let nr = execveat.nr().to_string();
    let at = ["-100", "text:/bin/true", "argv0:true", "0", "0"];
    for how in [&["native", nr.as_str()][..], &["from-a-thread", "native", nr.as_str()]] {
        let words: Vec<&str> = how.iter().copied().chain(at).collect();
        let [(event, done)] = &outcomes(&rig, &words)[..] else { panic!("one call: {words:?}") };
        assert_eq!(result(*done), 0, "{words:?}");
        assert_eq!(rig.event(event).slot, execveat, "{words:?}");
    }
    assert_eq!(rig.counters(execve).seen, 0);
}

#[test]
fn result_of_failed_execveat_is_errno() {
    needs_root!();
    let execveat = slot(Abi::Native, "execveat");
    let rig = Rig::new(&with_results(&[(execveat, "exec")]));
    let nr = execveat.nr().to_string();
    let nowhere = ["native", &nr, "-100", "text:/nonexistent", "argv:1", "0", "0"];
    let [(_, failed)] = &outcomes(&rig, &nowhere)[..] else { panic!("one call") };
    assert_eq!(failed.errno(), Some(nix::libc::ENOENT));
}

/// The thread ends in the call, and the kernel reports it when the task exits.
#[test]
fn result_of_call_that_never_returns_is_task_exit() {
    needs_root!();
    let exit = slot(Abi::Native, "exit_group");
    let rig = Rig::new(&with_results(&[(exit, "args")]));
    let nr = exit.nr().to_string();
    let ends = outcomes(&rig, &["native", &nr, "77"]);
    let ends: Vec<Outcome> = ends
        .into_iter()
        .filter(|(event, _)| rig.event(event).args[0] == 77)
        .map(|(_, end)| end)
        .collect();
    assert_eq!(ends, [Outcome::Died]);
}

/// A reload keeps calls waiting that began under the table before, until the daemon forgets them.
#[test]
fn reload_keeps_pending_results() {
    needs_root!();
    let call = own_slot(491);
    let plan = with_results(&[(call, "args")]);
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let mut rig = Rig::new(&plan);
    let words = ["times", "10", "native", &call.nr().to_string()];
    assert_eq!(outcomes(&rig, &words).len(), 10);
    rig.table.apply(&mut rig.bpf, &routes(&handlers, &[(call, "args")])).expect("wired");
    assert!(rig.table.awaits(call));
    assert!(rig.table.forget_old_results(&mut rig.bpf));
    assert!(!rig.table.awaits(call));
    assert_eq!(rig.trigger(&words).len(), 10);
    rig.table.apply(&mut rig.bpf, &plan).expect("wired");
    assert_eq!(outcomes(&rig, &words).len(), 10);
}

/// Eight tasks preempt each other wherever the kernel permits it.
#[test]
fn results_of_threads_on_one_cpu_are_complete() {
    needs_root!();
    let call = own_slot(492);
    let times = scaled(20_000);
    let rig = Rig::with_ring(&with_results(&[(call, "args")]), 64 * 1024 * 1024);
    let words = ["crowd", &times.to_string(), "native", &call.nr().to_string()];
    let ends = outcomes(&rig, &words).len() as u64;
    let counters = rig.counters(call);
    rig.assert_seen(8 * times, counters.seen);
    assert_eq!(counters.lost(), 0);
    assert_eq!(counters.submitted, ends);
}

/// Return probes of the kernel follow only a limited number of concurrent calls of a function.
#[test]
fn results_of_concurrent_calls_are_complete() {
    needs_root!();
    let nanosleep = slot(Abi::Native, "nanosleep");
    let rig = Rig::new(&with_results(&[(nanosleep, "args")]));
    let nr = nanosleep.nr().to_string();
    let calls = outcomes(&rig, &["crowd", "5", "native", &nr, "words:0,20000000", "0"]);
    let slept = calls.iter().filter(|(event, _)| rig.event(event).args[1] == 0);
    let ends: Vec<Outcome> = slept.map(|(_, end)| *end).collect();
    assert_eq!(ends.len(), 40);
    for end in ends {
        assert_eq!(result(end), 0);
        assert!(matches!(end, Outcome::Returned { duration_ns: 20_000_000.., .. }), "{end:?}");
    }
}

/// The ring is not read: an event or a result that does not fit is lost.
#[test]
fn full_ring_counts_lost_results() {
    needs_root!();
    let call = own_slot(493);
    let rig = Rig::with_ring(&with_results(&[(call, "args")]), 1 << 16);
    rig.pause();
    run_trigger(&["times", "5000", "native", &call.nr().to_string()]);
    let (mut events, mut results) = (0, 0);
    for bytes in rig.records() {
        match RingRecord::decode(&bytes).expect("the kernel writes what can be decoded") {
            RingRecord::Syscall(_) => events += 1,
            RingRecord::Exit(_) => results += 1,
            _ => {}
        }
    }
    let counters = rig.counters(call);
    assert_eq!(counters.seen, 5000);
    assert_eq!(counters.submitted, events);
    assert_eq!(counters.lost(), 5000 - events);
    assert_eq!(counters.lost_ring_full, counters.lost());
    assert_eq!(counters.results_lost, events - results);
    assert!(counters.results_lost > 0 || events == results, "{counters:?}");
    // The next call of that thread has a result of its own again.
    assert_eq!(outcomes(&rig, &["times", "10", "native", &call.nr().to_string()]).len(), 10);
}
