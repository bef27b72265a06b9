//! More cgroups than the kernel's map has room for are reported; those that the daemon cannot see are not.

use std::fs;
use std::path::PathBuf;

use tailcalld::bpf::types::tag_size;
use tailcalld::units::Units;

use crate::number::unused_number;
use crate::records::of_kind;
use crate::rig::{Setup, UNLIMITED};

fn mount() -> PathBuf {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let line = mounts.lines().find(|line| line.contains(" - cgroup2 ")).expect("cgroup2");
    line.split(' ').nth(4).expect("a mount point").into()
}

/// A cgroup, gone when dropped.
struct Cgroup(PathBuf);

impl Cgroup {
    fn new(path: PathBuf) -> Self {
        fs::create_dir(&path).expect("a cgroup");
        Self(path)
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// Cgroups in one folder, gone when dropped.
struct Many(PathBuf);

impl Drop for Many {
    fn drop(&mut self) {
        for number in 0..=tag_size::CGROUPS_MAX.0 {
            let _ = fs::remove_dir(self.0.join(format!("c{number}")));
        }
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn cgroups_without_room_are_reported() {
    if !Units::new().is_there() {
        return;
    }
    let number = unused_number();
    let config = format!("[routes]\n{number} = \"args\"\n{UNLIMITED}");
    let Some(setup) = Setup::alone(&config) else { return };
    let mut daemon = setup.start();
    let many = Many(mount().join("tailcalldtest-untracked"));
    fs::create_dir(&many.0).expect("a cgroup");
    for number in 0..=tag_size::CGROUPS_MAX.0 {
        fs::create_dir(many.0.join(format!("c{number}"))).expect("a cgroup");
    }
    let records = daemon.records.until("untracked");
    let record = records.last().expect("the record");
    assert!(record["untracked_cgroups"].as_u64().unwrap() > 0, "{record}");
    assert_eq!((&record["untracked_processes"], &record["priority"]), (&0.into(), &4.into()));
    drop(many);
    daemon.stop();
}

/// In a cgroup namespace the daemon sees the cgroups below its own only.
#[test]
fn cgroups_outside_of_namespace_are_not_reported() {
    if !Units::new().is_there() {
        return;
    }
    let number = unused_number();
    let config = format!("[routes]\n{number} = \"args\"\n{UNLIMITED}");
    let Some(setup) = Setup::alone(&config) else { return };
    let (mount, view) = (mount(), mount().join("tailcalldtest-view"));
    let _view = Cgroup::new(view.clone());
    let remount = "umount -l \"$MOUNT\" && mount -t cgroup2 none \"$MOUNT\" && exec \"$0\" \"$@\"";
    let script = "echo $$ >\"$VIEW/cgroup.procs\" && exec unshare --cgroup --mount sh -c \"$REMOUNT\" \"$@\"";
    let mut command = setup.command(&["sh", "-c", script, "sh"], "json");
    command.env("MOUNT", &mount).env("VIEW", &view).env("REMOUNT", remount);
    let mut daemon = setup.spawn(command);
    daemon.records.next("started");
    for parent in [&mount, &view] {
        let outer = Cgroup::new(parent.join("tailcalldtest-outer"));
        let _inner = Cgroup::new(outer.0.join("inner"));
    }
    // The reload reads the counters.
    daemon.setup.write(&format!("[routes]\n{number} = \"count\"\n{UNLIMITED}"));
    let records = daemon.records.until("reloaded");
    assert_eq!(of_kind(&records, "untracked").len(), 0, "{records:?}");
    daemon.stop();
}
