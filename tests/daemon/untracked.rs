//! More cgroups than the kernel's map has room for are reported.

use std::fs;
use std::path::PathBuf;

use tailcalld::bpf::types::tag_size;
use tailcalld::units::Units;

use crate::number::unused_number;
use crate::rig::{Setup, UNLIMITED};

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
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let line = mounts.lines().find(|line| line.contains(" - cgroup2 ")).expect("cgroup2");
    let mount = PathBuf::from(line.split(' ').nth(4).expect("a mount point"));
    let many = Many(mount.join("tailcalldtest-untracked"));
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
