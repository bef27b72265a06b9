//! Choices on kernels of each kind. tests/kernel/attach.rs compares them with the running kernel.

use syscalls::{Abi, Slot, number};

use super::*;
use crate::config::Results;
use crate::load::functions::{EXECUTION, TASK_END, TASK_START};
use crate::plan::{Route, Rule};

const ALL: &[&str] = &["__x64_sys_execve", TASK_END, TASK_START];
const NO_KPROBE: &str = "this kernel has no kprobe.multi";
const NO_FENTRY: &str = "this kernel has no fentry";
const PARANOID: PerfRefusal = PerfRefusal::Paranoid(3);

fn kernel(functions: Result<Functions, String>, preempts_raw: bool) -> KernelFacts {
    let fentry = Err(NO_FENTRY.to_owned());
    KernelFacts { functions, fentry, preemption: None, preempts_raw, perf: None, missed: None }
}

/// Debian 12's kernel 6.1: no kprobe.multi, and functions for fentry.
fn linux_6_1(functions: &[&str]) -> KernelFacts {
    let ids = functions.iter().zip(1..).map(|(&name, id)| (name.to_owned(), id));
    let fentry = Ok(Functions::typed(ids));
    KernelFacts { fentry, ..kernel(Err(NO_KPROBE.to_owned()), false) }
}

/// Debian 13's kernel 6.12: functions whose returns are tracked badly, raw tracepoints that miss nothing.
fn linux_6_12() -> KernelFacts {
    kernel(Ok(Functions::named(ALL, false)), false)
}

/// Kernel from 7.2 on that permits no perf events.
fn linux_7(functions: &[&str]) -> KernelFacts {
    let facts = kernel(Ok(Functions::named(functions, true)), true);
    KernelFacts { perf: Some(PARANOID), ..facts }
}

/// Kernel from 7.2 on without CONFIG_FPROBE.
fn linux_7_without_functions(perf: Option<PerfRefusal>) -> KernelFacts {
    KernelFacts { perf, ..kernel(Err(NO_KPROBE.to_owned()), true) }
}

fn slot(name: &str) -> Slot {
    let nr = number(Abi::Native, name).unwrap();
    Slot::new(Abi::Native, nr).unwrap()
}

/// Routes of the shipped kind: memory is read again at the return if that is free.
fn routes(names: &[&str]) -> Routes {
    let rule = || Rule { handler: 1, records: true, paths: Paths::Auto, ..Rule::nothing() };
    names.iter().map(|name| (slot(name), Route::from(rule()))).collect()
}

fn choose(wanted: AttachTo, facts: &KernelFacts) -> Result<AttachMode, Failure> {
    AttachMode::by_facts(wanted, &routes(&["execve"]), facts)
}

fn hooks(mode: &AttachMode) -> (Attach, Attach, Attach) {
    let ReturnHooks { exit, task_end } = mode.returns.clone().unwrap();
    (mode.attach, exit, task_end)
}

fn permission(result: Result<AttachMode, Failure>) -> String {
    match result {
        Err(Failure::Permission(text)) => text,
        other => panic!("not a lack of privileges: {other:?}"),
    }
}

#[test]
fn choose_without_perf_events_follows_calls_by_functions() {
    let mode = choose(AttachTo::Auto, &linux_7(ALL)).unwrap();
    assert_eq!(hooks(&mode), (Attach::Function, Attach::Function, Attach::Function));
    assert_eq!((mode.reason.as_str(), mode.limitations.len()), (ALL_SERVED, 0));
}

/// A raw tracepoint that is never preempted costs less; where it is, and nothing else is to be had, it stays.
#[test]
fn choose_follows_starts_of_tasks_by_function_where_raw_tracepoints_miss_some() {
    let of_mode = |wanted, facts: &KernelFacts| choose(wanted, facts).unwrap().task_start;
    let permissive = KernelFacts { perf: None, ..linux_7(ALL) };
    for wanted in [AttachTo::Auto, AttachTo::Function, AttachTo::Tracepoint] {
        assert_eq!(of_mode(wanted, &permissive), Attach::Function);
        assert_eq!(of_mode(wanted, &linux_6_12()), Attach::RawTracepoint);
    }
    let without = linux_7_without_functions(None);
    assert_eq!(of_mode(AttachTo::Auto, &without), Attach::RawTracepoint);
}

/// The paranoia of a kernel does not matter where raw tracepoints miss nothing.
#[test]
fn choose_with_raw_tracepoints_needs_no_perf_event() {
    let raw = Attach::RawTracepoint;
    let facts = KernelFacts { perf: Some(PARANOID), ..linux_6_12() };
    let mode = choose(AttachTo::Auto, &facts).unwrap();
    assert_eq!(hooks(&mode), (Attach::Function, raw, raw));
    assert_eq!(hooks(&choose(AttachTo::Tracepoint, &facts).unwrap()), (raw, raw, raw));
    let mut routes = routes(&["execve"]);
    routes.get_mut(&slot("execve")).unwrap().rules[0].results = Results::All;
    let mode = AttachMode::by_facts(AttachTo::Auto, &routes, &facts).unwrap();
    assert_eq!(hooks(&mode), (raw, raw, raw));
}

/// Successes of executions need no return.
#[test]
fn choose_with_route_of_executions_keeps_functions() {
    let mut routes = routes(&["execve"]);
    let successes = Results::Within(vec![0..=i64::MAX]);
    routes.get_mut(&slot("execve")).unwrap().rules[0].results = successes;
    let mode = AttachMode::by_facts(AttachTo::Auto, &routes, &linux_6_12()).unwrap();
    assert_eq!((mode.attach, mode.execution), (Attach::Function, Attach::RawTracepoint));
}

/// From 7.2 on, the kernel skips programs at each hook.
#[test]
fn choose_after_calls_were_missed_leaves_functions_where_another_hook_misses_none() {
    let missed = Some(MissedCalls { seen: 1_000, missed: 2_000 });
    let of_mode = |wanted, facts: KernelFacts| {
        let mode = choose(wanted, &KernelFacts { missed, ..facts }).unwrap();
        (mode.attach, mode.is_provisional, mode.reason.contains("skipped 2000 of 3000 calls"))
    };
    let both = || KernelFacts { fentry: linux_6_1(ALL).fentry, ..linux_6_12() };
    let preempted = || KernelFacts { preemption: Some("preempt=full".to_owned()), ..both() };
    let auto = AttachTo::Auto;
    assert_eq!(of_mode(auto, linux_6_12()), (Attach::RawTracepoint, false, true));
    assert_eq!(of_mode(auto, preempted()), (Attach::RawTracepoint, false, true));
    assert_eq!(of_mode(auto, both()), (Attach::Fentry, false, true));
    assert_eq!(of_mode(auto, linux_7(ALL)), (Attach::Function, false, false));
    assert_eq!(of_mode(AttachTo::Function, both()), (Attach::Function, false, false));
}

#[test]
fn choose_of_functions_is_provisional_where_another_hook_misses_no_call() {
    let is_provisional = |wanted, facts| choose(wanted, &facts).unwrap().is_provisional;
    assert!(is_provisional(AttachTo::Auto, linux_6_12()));
    assert!(!is_provisional(AttachTo::Function, linux_6_12()));
    assert!(!is_provisional(AttachTo::Auto, linux_7(ALL)));
    assert!(!is_provisional(AttachTo::Auto, linux_6_1(ALL)));
}

#[test]
fn choose_follows_executions_by_hook_that_misses_none() {
    let execution = |facts: &KernelFacts| choose(AttachTo::Auto, facts).unwrap().execution;
    let functions = [ALL, &[EXECUTION]].concat();
    assert_eq!(execution(&linux_7(&functions)), Attach::Function);
    assert_eq!(execution(&linux_7_without_functions(None)), Attach::Tracepoint);
    assert_eq!(execution(&linux_6_12()), Attach::RawTracepoint);
}

#[test]
fn choose_without_task_end_reads_paths_at_entry_only() {
    let mode = choose(AttachTo::Auto, &linux_7(&["__x64_sys_execve"])).unwrap();
    assert_eq!(mode.attach, Attach::Function);
    let Err(Failure::Permission(why)) = &mode.returns else { panic!("{:?}", mode.returns) };
    let [limitation] = mode.limitations.as_slice() else { panic!("{:?}", mode.limitations) };
    assert_eq!(*limitation, format!("paths = \"auto\" is \"entry\": {why}"));
    assert!(limitation.contains("kernel.perf_event_paranoid is 3"), "{limitation}");
    assert!(mode.reason.ends_with(limitation), "{}", mode.reason);
    let nothing = AttachMode::by_facts(AttachTo::Auto, &Routes::new(), &linux_7(&[])).unwrap();
    assert_eq!(nothing.limitations, [""; 0]);
}

#[test]
fn choose_with_unserved_route_and_no_perf_events_names_it() {
    let routes = routes(&["execve", "openat"]);
    let mode = AttachMode::by_facts(AttachTo::Auto, &routes, &linux_7(ALL)).unwrap();
    assert_eq!(mode.attach, Attach::Function);
    let [limitation] = mode.limitations.as_slice() else { panic!("{:?}", mode.limitations) };
    assert!(limitation.starts_with("this kernel has no function for openat"), "{limitation}");
    assert!(limitation.contains("kernel.perf_event_paranoid is 3"), "{limitation}");
    let allowed = KernelFacts { perf: None, ..linux_7(ALL) };
    let mode = AttachMode::by_facts(AttachTo::Auto, &routes, &allowed).unwrap();
    let tracepoint = Attach::Tracepoint;
    assert_eq!(hooks(&mode), (tracepoint, tracepoint, Attach::Function));
}

/// One link for entry and return costs less than two, and more than one for the entry alone.
#[test]
fn choose_takes_sessions_only_where_calls_wait_for_return() {
    let facts =
        KernelFacts { functions: Ok(Functions::named(ALL, true).with_sessions()), ..linux_7(ALL) };
    for wanted in [AttachTo::Auto, AttachTo::Function] {
        let mode = choose(wanted, &facts).unwrap();
        assert_eq!(hooks(&mode), (Attach::Session, Attach::Session, Attach::Function));
        assert!(mode.reason.ends_with(ONE_LINK), "{}", mode.reason);
        assert_eq!(mode.task_start, Attach::Function);
    }
    let mut at_entry = routes(&["execve"]);
    let rule = |routes: &mut Routes, change: fn(&mut Rule)| {
        change(&mut routes.get_mut(&slot("execve")).unwrap().rules[0]);
    };
    rule(&mut at_entry, |rule| rule.paths = Paths::Entry);
    let chosen =
        |routes: &Routes| AttachMode::by_facts(AttachTo::Auto, routes, &facts).unwrap().attach;
    assert_eq!(chosen(&at_entry), Attach::Function);
    let mut results = at_entry.clone();
    rule(&mut results, |rule| rule.results = Results::All);
    assert_eq!(chosen(&results), Attach::Session);
    // The success of an execution needs no return.
    rule(&mut results, |rule| rule.results = Results::Within(vec![0..=i64::MAX]));
    assert_eq!(chosen(&results), Attach::Function);
    assert_eq!(chosen(&Routes::new()), Attach::Function);
    assert_eq!(chosen(&probe_of(Abi::Kprobe, "session")), Attach::Function);
}

#[test]
fn choose_without_functions_and_perf_events_fails_with_ways_out() {
    let facts = linux_7_without_functions(Some(PARANOID));
    let text = permission(choose(AttachTo::Auto, &facts));
    for part in
        ["perf_event_paranoid is 3", "perf_event_paranoid=2", "CAP_SYS_ADMIN", "FPROBE", NO_KPROBE]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = permission(choose(AttachTo::Tracepoint, &linux_7(ALL)));
    assert!(
        text.ends_with("or set attach = \"auto\" below [kernel], to attach to kernel functions"),
        "{text}"
    );
}

#[test]
fn choose_without_functions_takes_classic_tracepoint_if_permitted() {
    let tracepoint = Attach::Tracepoint;
    let mode = choose(AttachTo::Auto, &linux_7_without_functions(None)).unwrap();
    assert_eq!(hooks(&mode), (tracepoint, tracepoint, tracepoint));
    let failure = choose(AttachTo::Function, &linux_7_without_functions(None)).unwrap_err();
    assert!(matches!(failure, Failure::Unavailable(_)), "{failure}");
}

#[test]
fn choose_without_kprobe_multi_takes_fentry_and_raw_tracepoints() {
    let raw = Attach::RawTracepoint;
    for wanted in [AttachTo::Auto, AttachTo::Function] {
        let mode = choose(wanted, &linux_6_1(&["__x64_sys_execve"])).unwrap();
        assert_eq!(hooks(&mode), (Attach::Fentry, raw, raw));
        assert_eq!((mode.task_start, mode.execution), (raw, raw));
        assert_eq!(mode.functions.of(slot("execve")), Some("__x64_sys_execve"));
        assert!(mode.reason.contains(NO_KPROBE), "{}", mode.reason);
        assert!(mode.reason.ends_with(NO_RETURNS), "{}", mode.reason);
        assert_eq!(mode.limitations, [""; 0]);
    }
    let mode = choose(AttachTo::Tracepoint, &linux_6_1(&["__x64_sys_execve"])).unwrap();
    assert_eq!(mode.attach, raw);
}

/// Calls that fentry would not see, would miss or would take long to attach to are seen at the tracepoint.
#[test]
fn choose_auto_avoids_fentry_that_does_not_serve() {
    let tracepoint = |routes: &Routes, facts: &KernelFacts, why: &str| {
        let mode = AttachMode::by_facts(AttachTo::Auto, routes, facts).unwrap();
        assert_eq!(mode.attach, Attach::RawTracepoint, "{why}");
        assert!(mode.reason.starts_with(NO_KPROBE), "{}", mode.reason);
        assert!(mode.reason.contains(why), "{why}: {}", mode.reason);
    };
    let facts = linux_6_1(&["__x64_sys_execve"]);
    let execve = routes(&["execve"]);
    tracepoint(&execve, &kernel(Err(NO_KPROBE.to_owned()), false), NO_FENTRY);
    tracepoint(&routes(&["openat"]), &facts, "no function of the type of the others for openat");
    let mut operations = execve.clone();
    let openat = Slot::new(Abi::IoUring, 18).unwrap();
    operations.insert(openat, execve[&slot("execve")].clone());
    tracepoint(&operations, &facts, &format!("{} is routed, and fentry", openat.with_abi()));
    let mut results = execve.clone();
    results.get_mut(&slot("execve")).unwrap().rules[0].results = Results::All;
    tracepoint(&results, &facts, "a route asks for results");
    let preemption = Some("this kernel preempts its tasks (preempt=full)".to_owned());
    tracepoint(&execve, &KernelFacts { preemption, ..facts }, "preempt=full");
}

#[test]
fn choose_attaches_to_32_functions_by_fentry() {
    let numbers = (0..).filter_map(|nr| Slot::new(Abi::Native, nr));
    let named = numbers.filter_map(|slot| slot.name().map(|name| (slot, name)));
    let named: Vec<(Slot, &str)> =
        named.filter(|&(slot, _)| syscalls::functions(slot).next().is_some()).take(33).collect();
    let functions: Vec<String> =
        named.iter().filter_map(|&(slot, _)| syscalls::functions(slot).next()).collect();
    let functions: Vec<&str> = functions.iter().map(String::as_str).collect();
    let names: Vec<&str> = named.iter().map(|&(_, name)| name).collect();
    let facts = linux_6_1(&functions);
    let of_first = |many: usize, wanted| {
        AttachMode::by_facts(wanted, &routes(&names[..many]), &facts).unwrap()
    };
    assert_eq!(of_first(32, AttachTo::Auto).attach, Attach::Fentry);
    let mode = of_first(33, AttachTo::Auto);
    assert_eq!(mode.attach, Attach::RawTracepoint);
    assert!(mode.reason.contains("32 functions at most, not to 33"), "{}", mode.reason);
    assert_eq!(of_first(33, AttachTo::Function).attach, Attach::Fentry);
}

#[test]
fn choose_function_names_what_fentry_misses() {
    let preemption = Some("this kernel preempts its tasks (preempt=full)".to_owned());
    let facts = KernelFacts { preemption, ..linux_6_1(&["__x64_sys_execve"]) };
    let mode = choose(AttachTo::Function, &facts).unwrap();
    assert_eq!(mode.attach, Attach::Fentry);
    let [limitation] = mode.limitations.as_slice() else { panic!("{:?}", mode.limitations) };
    assert!(limitation.ends_with("(preempt=full)"), "{limitation}");
}

fn probe_of(kind: Abi, name: &str) -> Routes {
    let slot = syscalls::give_slot(kind, name, Vec::new()).unwrap();
    let rule = Rule { handler: 1, records: true, ..Rule::nothing() };
    let mut all = routes(&["execve"]);
    all.insert(slot, Route::from(rule));
    all
}

#[test]
fn choose_with_probe_takes_hooks_of_its_type() {
    let of = |kind, wanted, facts: &KernelFacts| {
        AttachMode::by_facts(wanted, &probe_of(kind, "attach_mode"), facts)
    };
    let auto = AttachTo::Auto;
    assert_eq!(of(Abi::Kprobe, auto, &linux_6_12()).unwrap().attach, Attach::Function);
    assert_eq!(of(Abi::Tracepoint, auto, &linux_6_12()).unwrap().attach, Attach::Tracepoint);
    let raw = of(Abi::RawTracepoint, auto, &linux_6_12()).unwrap();
    assert_eq!(raw.attach, Attach::RawTracepoint);
    assert!(raw.reason.contains("whose programs are of that type"), "{}", raw.reason);
    // Routes without a function need the tracepoint.
    let mut unserved = probe_of(Abi::Kprobe, "attach_mode");
    unserved.extend(routes(&["openat"]));
    let mode = AttachMode::by_facts(auto, &unserved, &linux_6_12()).unwrap();
    assert_eq!((mode.attach, &mode.limitations[..]), (Attach::RawTracepoint, &[][..]));
    // Each setting goes with each kind, whose programs have another type then.
    let other = of(Abi::Kprobe, AttachTo::Tracepoint, &linux_6_12()).unwrap();
    assert_eq!(other.attach, Attach::RawTracepoint);
}

#[test]
fn choose_with_probe_that_kernel_does_not_allow_fails_with_reason() {
    let reason = |kind, wanted, facts: &KernelFacts| {
        let failed = AttachMode::by_facts(wanted, &probe_of(kind, "attach_mode"), facts);
        failed.unwrap_err().to_string()
    };
    let auto = AttachTo::Auto;
    let without = reason(Abi::Kprobe, auto, &linux_6_1(&[]));
    assert!(without.contains(NO_KPROBE), "{without}");
    let preempted = reason(Abi::RawTracepoint, auto, &linux_7(ALL));
    assert!(preempted.contains("preempt"), "{preempted}");
    let paranoid = reason(Abi::Tracepoint, auto, &linux_7(ALL));
    assert!(paranoid.contains("perf_event_paranoid is 3"), "{paranoid}");
}
