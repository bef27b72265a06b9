//! A start that is killed at any stage leaves none of the daemon's objects in the kernel.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use libbpf_rs::query::ProgInfoIter;
use nix::sys::signal::Signal;

use crate::kernel_objects::KernelObjects;
use crate::process::{Process, eventually};
use crate::rig::Setup;
use crate::starting::{STAGES, at};

/// Returns names and ids of the loaded programs that are named as the daemon's. Links and maps need
/// no check: a link keeps its program; a map is kept by a program, a pin or a process. Nor may the
/// test open maps: opening a program array by its id while its owner ends makes Linux (seen in 6.18)
/// keep the array forever, since `prog_array_map_clear` then takes two references for the work that
/// drops one. [`KernelObjects`] looks at the maps of one daemon, after it has ended.
pub fn ours() -> BTreeSet<(String, u32)> {
    const PROGRAMS: [&str; 5] =
        ["sys_enter", "self_identify", "selftest", "cgroup_mkdir", "cgroup_rmdir"];
    ProgInfoIter::default()
        .map(|program| (program.name.to_string_lossy().into_owned(), program.id))
        .filter(|(name, _)| PROGRAMS.contains(&name.as_str()) || name.starts_with("handle_"))
        .collect()
}

#[test]
fn start_killed_at_any_stage_leaves_no_programs() {
    let Some(setup) = Setup::alone("[routes]\n510 = \"count\"\n") else { return };
    let before = ours();
    let mut loaded = 0;
    for stage in STAGES {
        for spins in [0u32, 10, 100, 1_000, 10_000] {
            let _ = std::fs::remove_file(setup.path("run/lock"));
            let mut daemon = Process::spawn(setup.command(&[], "json").stdout(Stdio::null()));
            while !at(daemon.id(), stage, &setup) {
                std::hint::spin_loop();
            }
            (0..spins).for_each(|_| std::hint::spin_loop());
            loaded += u32::from(!ours().is_subset(&before));
            daemon.signal(Signal::SIGKILL);
            assert_eq!(daemon.wait().signal(), Some(Signal::SIGKILL as i32));
        }
    }
    assert!(loaded > 0, "no start came as far as the kernel");
    // The kernel frees what a process held after a while, not at once. Another daemon may run on this machine.
    let is_left = |(name, id): &(String, u32), held: &BTreeSet<u32>| {
        !before.contains(&(name.clone(), *id)) && !held.contains(id)
    };
    eventually("nothing of ours is left", || {
        let held = KernelObjects::programs_held();
        !ours().iter().any(|program| is_left(program, &held))
    });
}
