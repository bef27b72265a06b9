//! A process passes for a program that is excluded: it executes that program with a library of its own in it, a hard
//! link or a bind mount of it, or runs in a container of root, or in a cgroup with the name of an excluded unit. Only a
//! service of root is excluded, and what it executes is recorded.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use syscalls::{Abi, Slot};
use tailcalld::exclude::Excluded;
use tailcalld::load;

use crate::cgroups::{Cgroups, call_in, mount};
use crate::rig::{Rig, copy_program, own_slot, rig, routes, slot, trigger_path};

pub const NOBODY: u32 = 65534;

/// A copy of the program that makes calls, which any user may execute.
pub fn copy(folder: &Path, name: &str) -> PathBuf {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("the folder is ours");
    let copy = folder.join(name);
    copy_program(&trigger_path(), &copy);
    copy
}

/// Returns a rig with one route, from which the programs are excluded.
pub fn excluding(call: Slot, paths: &[PathBuf]) -> (Rig, Excluded) {
    let rig = rig(&[(call, "args")]);
    let mut excluded = Excluded::default();
    excluded.replace(&rig.bpf, paths);
    (rig, excluded)
}

/// Makes the call with a program.
pub fn run(command: &mut Command, call: Slot) {
    let status = command.args(["native", &call.nr().to_string()]).status();
    assert!(status.expect("the program runs").success());
}

/// Returns how many calls were excluded and recorded.
pub fn counts(rig: &Rig, call: Slot) -> (u64, u64) {
    let counters = rig.counters(call);
    assert!(counters.balance(), "{counters:?}");
    (counters.excluded_exe, counters.submitted)
}

#[test]
fn excluded_program_run_by_user_is_recorded() {
    needs_root!();
    needs_unknown_syscalls!();
    let call = own_slot(482);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = copy(folder.path(), "journald");
    let (rig, _excluded) = excluding(call, std::slice::from_ref(&program));
    run(&mut Command::new(&program), call);
    assert_eq!(counts(&rig, call), (1, 0));
    run(Command::new(&program).uid(NOBODY), call);
    assert_eq!(counts(&rig, call), (1, 1));
    // Root of a user namespace is its owner.
    let mut namespace = Command::new("unshare");
    run(namespace.uid(NOBODY).args(["-U", "-r"]).arg(&program), call);
    assert_eq!(counts(&rig, call), (1, 2));
}

#[test]
fn link_and_mount_of_excluded_program_run_by_user_are_recorded() {
    needs_root!();
    needs_unknown_syscalls!();
    let call = own_slot(480);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = copy(folder.path(), "journald");
    let (rig, _excluded) = excluding(call, std::slice::from_ref(&program));
    let link = folder.path().join("link");
    fs::hard_link(&program, &link).expect("a hard link");
    run(Command::new(&link).uid(NOBODY), call);
    assert_eq!(counts(&rig, call), (0, 1));
    let other = copy(folder.path(), "other");
    let script = "mount --bind $0 $1 && exec \"$1\" as 65534 \"$2\" \"$3\"";
    let mut mounted = Command::new("unshare");
    run(mounted.args(["-m", "sh", "-c", script]).args([&program, &other]), call);
    assert_eq!(counts(&rig, call), (0, 2));
}

/// A file that replaces an excluded one may get its inode number.
#[test]
fn other_file_with_inode_number_of_excluded_one_is_recorded() {
    needs_root!();
    needs_unknown_syscalls!();
    let call = own_slot(489);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = copy(folder.path(), "journald");
    let (rig, _excluded) = excluding(call, std::slice::from_ref(&program));
    fs::remove_file(&program).expect("the file is ours");
    for number in 0..50 {
        let other = copy(folder.path(), &format!("other{number}"));
        run(&mut Command::new(&other), call);
    }
    assert_eq!(counts(&rig, call), (0, 50));
}

#[test]
fn excluded_program_in_container_of_root_is_recorded() {
    needs_root!();
    needs_unknown_syscalls!();
    let call = own_slot(490);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = copy(folder.path(), "journald");
    let (rig, _excluded) = excluding(call, std::slice::from_ref(&program));
    let mut cgroups = Cgroups::new();
    let id = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";
    let container = cgroups.make(mount().join(format!("docker-{id}.scope")));
    let service = cgroups.make(mount().join("tailcalldtest-journald.service"));
    call_in(&service, &program, call.nr());
    assert_eq!(counts(&rig, call), (1, 0));
    call_in(&container, &program, call.nr());
    assert_eq!(counts(&rig, call), (1, 1));
}

/// A user chooses the names of the cgroups below their own service manager, and root of a container those below it.
#[test]
fn cgroup_with_name_of_excluded_unit_below_another_unit_is_recorded() {
    const SINK: &str = "tailcalldtest-sink.service";
    needs_root!();
    needs_unknown_syscalls!();
    let call = own_slot(488);
    let mut existing = Cgroups::new();
    let manager = existing.make(mount().join("user@65531.service"));
    let claimed = existing.make(manager.join(SINK));
    let mut plan = routes(&load::handlers().expect("the object opens"), &[(call, "args")]);
    plan.exclude_units = vec![SINK.to_owned()];
    let rig = Rig::new(&plan);
    let counts = || (rig.counters(call).excluded_unit, rig.counters(call).submitted);
    let mut made = Cgroups::new();
    let sink = made.make(mount().join(SINK));
    call_in(&sink, &trigger_path(), call.nr());
    assert_eq!(counts(), (1, 0));
    let slice = made.make(manager.join("app.slice"));
    let container = made.make(mount().join("tailcalldtest-container.scope"));
    let claims = [&manager, &slice, &container].map(|above| above.join(SINK));
    let claimed_later = claims[1..].iter().map(|path| made.make(path.clone()));
    for (nth, claim) in (1..).zip(claimed_later.chain([claimed])) {
        call_in(&claim, &trigger_path(), call.nr());
        assert_eq!(counts(), (1, nth), "{}", claim.display());
    }
}

#[test]
fn exec_of_excluded_program_is_recorded() {
    needs_root!();
    let call = slot(Abi::Native, "execve");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let shell = folder.path().join("sh");
    copy_program(Path::new("/bin/sh"), &shell);
    let (rig, _excluded) = excluding(call, std::slice::from_ref(&shell));
    let before = rig.counters(call).excluded_exe;
    let mark = "tailcalld-exec-of-excluded";
    let script = format!("/bin/true {mark}; exec /bin/true {mark}");
    assert!(Command::new(&shell).args(["-c", &script]).status().expect("it runs").success());
    assert_eq!(rig.counters(call).excluded_exe, before);
}
