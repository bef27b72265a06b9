//! Probes in a configuration. They are those of the kernel that runs the tests; without its type information, there are none.

use syscalls::{Abi, Slot};
use tailcalld::config::AttachTo;
use tailcalld::plan::{Plan, difference};

use super::config::plan_of;
use super::fixture::handlers;

const TWO: &str = "\"raw_tracepoint:sched_process_exec\" = \"args\"\n\"raw_tracepoint:sched_process_f*\" = \"count\"\n";

fn has_types() -> bool {
    std::path::Path::new("/sys/kernel/btf/vmlinux").exists()
}

fn probes(plan: &Plan) -> Vec<(&'static str, Abi)> {
    let all = plan.routes.keys().filter(|slot| slot.abi().is_probe());
    all.filter_map(|slot: &Slot| Some((slot.name()?, slot.abi()))).collect()
}

#[test]
fn read_probes_has_slots_of_names_and_patterns() {
    if !has_types() {
        return;
    }
    let plan = plan_of(&format!("[probes]\n{TWO}"));
    let mut found = probes(&plan);
    found.sort_unstable();
    let raw = Abi::RawTracepoint;
    let expected = ["sched_process_exec", "sched_process_fork", "sched_process_free"];
    assert_eq!(found, expected.map(|name| (name, raw)));
    assert!(plan.kinds_of_probes().into_iter().eq([raw]));
    assert!(plan.probes.iter().all(|(slot, name)| slot.name() == Some(name)));
    let slot = syscalls::probe_slot(raw, "sched_process_fork").unwrap();
    assert_eq!(plan.origins[&slot].entry, "raw_tracepoint:sched_process_f*");
}

#[test]
fn read_probe_by_name_overrides_pattern() {
    if !has_types() {
        return;
    }
    let own = "\"raw_tracepoint:sched_process_fork\" = \"none\"\n";
    let plan = plan_of(&format!("[probes]\n{TWO}{own}"));
    assert_eq!(probes(&plan).len(), 2);
    let all = plan_of(&format!("[probes]\n{TWO}"));
    let summary = difference(&all, &plan).summary(&handlers());
    assert_eq!(summary.removed, ["sched_process_fork(raw_tracepoint)"]);
}

#[test]
fn read_probes_of_several_kinds_has_all() {
    if !has_types() {
        return;
    }
    let plan = plan_of(&format!(
        "[kernel]\nattach = \"function\"\n[probes]\n{TWO}\"kprobe:vfs_read\" = \"args\"\n"
    ));
    assert!(plan.kinds_of_probes().into_iter().eq([Abi::Kprobe, Abi::RawTracepoint]));
}

#[test]
fn suits_is_true_of_kinds_whose_hook_may_be_that_of_calls() {
    for (attach, kind) in [
        (AttachTo::Auto, Abi::Kprobe),
        (AttachTo::Function, Abi::Kprobe),
        (AttachTo::Tracepoint, Abi::Tracepoint),
    ] {
        assert!(tailcalld::plan::suits(attach, kind));
    }
    assert!(!tailcalld::plan::suits(AttachTo::Tracepoint, Abi::Kprobe));
}
