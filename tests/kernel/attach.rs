//! The way to attach that a kernel gets. All other tests run in that way, and in those that
//! `TAILCALLD_TEST_ATTACH` names.

use std::fs;

use syscalls::{Abi, Slot};
use tailcalld::config::{AttachTo, Results};
use tailcalld::load::{Attach, AttachMode};
use tailcalld::plan::Routes;

use crate::rig::{kernel, lacks_function, own_slot, routes, slot};

fn made(wanted: AttachTo, slots: &[Slot]) -> AttachMode {
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let wired: Vec<(Slot, &str)> = slots.iter().map(|&slot| (slot, "args")).collect();
    AttachMode::choose(wanted, &routes(&handlers, &wired).routes).expect("every kernel has it")
}

/// The kernel writes into its own type information whether it has functions to attach to.
fn has_functions() -> bool {
    let types = fs::read("/sys/kernel/btf/vmlinux").expect("type information");
    let name = b"\0bpf_kprobe_multi_link\0";
    kernel() >= (5, 19) && types.windows(name.len()).any(|bytes| bytes == name)
}

/// Preemptible raw tracepoint programs came with 7.2. The choice asks the kernel for a trait of
/// theirs, not for its number; here both must agree.
#[test]
fn tracepoint_is_classic_where_raw_may_sleep() {
    needs_root!();
    let expected = if kernel() >= (7, 2) { Attach::Tracepoint } else { Attach::RawTracepoint };
    let choice = made(AttachTo::Tracepoint, &[]);
    assert_eq!(choice.attach, expected, "Linux {:?}", kernel());
    assert!(choice.reason.starts_with("as configured; "), "{}", choice.reason);
}

#[test]
fn choose_function_fails_only_without_kprobe_multi_and_fentry() {
    needs_root!();
    match AttachMode::choose(AttachTo::Function, &Routes::new()) {
        Ok(choice) => {
            let expected = if has_functions() { Attach::Function } else { Attach::Fentry };
            assert_eq!(choice.attach, expected, "{}", choice.reason);
        }
        Err(error) => {
            assert!(!has_functions() && !is_guest_with_fentry(), "{error}");
            assert!(format!("{error}").contains("kprobe.multi"), "{error}");
        }
    }
}

/// Debian's kernels without kprobe.multi have fentry; others may lack that, or refuse it.
fn is_guest_with_fentry() -> bool {
    std::env::var_os("TAILCALLD_TEST_DIVISOR").is_some() && kernel() < (6, 2)
}

/// The shipped table costs other calls nothing in any kernel of the matrix.
#[test]
fn choose_auto_attaches_shipped_routes_to_functions() {
    needs_root!();
    let names = ["execve", "execveat", "timer_create", "timer_settime", "io_uring_setup"];
    let choice = made(AttachTo::Auto, &names.map(|name| slot(Abi::Native, name)));
    assert_eq!(choice.attach == Attach::Function, has_functions(), "{}", choice.reason);
    if is_guest_with_fentry() {
        assert_eq!(choice.attach, Attach::Fentry, "{}", choice.reason);
    }
}

/// From 6.14 on each task has places of its own for the calls that have not returned.
#[test]
fn choose_takes_function_returns_since_6_14() {
    needs_root!();
    if !has_functions() {
        return;
    }
    let choice = made(AttachTo::Function, &[]);
    let returns = choice.returns.expect("root may do everything");
    assert_eq!(returns.exit == Attach::Function, kernel() >= (6, 14), "{}", choice.reason);
    // Without a perf event: Debian and Ubuntu let nobody without CAP_SYS_ADMIN open one.
    let task_end = if kernel() >= (7, 2) { Attach::Function } else { Attach::RawTracepoint };
    assert_eq!(returns.task_end, task_end, "{}", choice.reason);
}

/// From 7.0 on, the link at the entry of a function is the one at its return as well. Nothing is attached by it if no call
/// waits.
#[test]
fn choose_takes_sessions_since_7_0_where_calls_wait() {
    needs_root!();
    if !has_functions() {
        return;
    }
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let mut plan = routes(&handlers, &[(slot(Abi::Native, "getpgid"), "args")]);
    for wanted in [AttachTo::Auto, AttachTo::Function] {
        let choice = AttachMode::choose(wanted, &plan.routes).expect("it has functions");
        assert_eq!(choice.attach, Attach::Function, "{}", choice.reason);
    }
    for route in plan.routes.values_mut() {
        route.rules[0].results = Results::All;
    }
    let choice = AttachMode::choose(AttachTo::Function, &plan.routes).expect("it has functions");
    let expected = if kernel() >= (7, 0) { Attach::Session } else { Attach::Function };
    assert_eq!(choice.attach, expected, "{}", choice.reason);
}

/// A number that nobody implements has no function: `auto` must not choose a way that would not see
/// calls of it.
#[test]
fn choose_auto_avoids_functions_for_unknown_syscall() {
    needs_root!();
    let unknown = Slot::new(Abi::Native, 510).expect("within the table");
    let choice = made(AttachTo::Auto, &[slot(Abi::Native, "getpid"), unknown]);
    assert!(!choice.attach.is_at_functions(), "{}", choice.reason);
    let of_number = format!("no function for {}", unknown.with_abi());
    let why = if has_functions() { &of_number } else { "no kprobe.multi" };
    assert!(choice.reason.contains(why), "{}", choice.reason);
}

/// tests/kernel/rig.rs gives these to tests in place of free numbers. In 6.1, functions that kernel/sys_ni.c declares as
/// well, such as that of timerfd_gettime, have no type and so no fentry.
#[test]
fn own_slot_differs_by_number_and_has_function() {
    needs_root!();
    let slots: std::collections::BTreeSet<Slot> = (480..=502).map(own_slot).collect();
    assert_eq!(slots.len(), 23);
    let without: Vec<_> = slots.into_iter().filter(|slot| lacks_function(*slot)).collect();
    assert_eq!(without, Vec::<Slot>::new());
}
