//! A process makes an excluded program's file its executable without executing it (`PR_SET_MM_MAP`), which root of a
//! user namespace may: it is recorded.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::slice;

use syscalls::Slot;

use crate::borrowed_exclusion::{NOBODY, copy, counts, excluding};
use crate::rig::own_slot;

/// Makes the call as a process with that executable.
fn run(command: &mut Command, exe: &Path, call: Slot) {
    command.arg("set-exe").arg(exe).args(["native", &call.nr().to_string()]);
    let output = command.output().expect("the program runs");
    let link = String::from_utf8_lossy(&output.stdout);
    assert_eq!(link.trim_end_matches('\0'), exe.to_string_lossy(), "{output:?}");
}

#[test]
fn process_that_sets_its_executable_to_excluded_one_is_recorded() {
    needs_root!();
    needs_unknown_syscalls!();
    let call = own_slot(481);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [excluded, other] = ["journald", "other"].map(|name| copy(folder.path(), name));
    let (rig, _excluded) = excluding(call, slice::from_ref(&excluded));
    let mut namespace = Command::new("unshare");
    run(namespace.uid(NOBODY).args(["-U", "-r"]).arg(&other), &excluded, call);
    assert_eq!(counts(&rig, call), (0, 1));
    // The kernel reports the other file: root of the initial namespace passes for the program.
    run(&mut Command::new(&other), &excluded, call);
    assert_eq!(counts(&rig, call), (1, 1));
}
