//! Cgroups of the v2 hierarchy that look like units.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tailcalld::units::Units;

use crate::process::trigger_path;

/// Cgroup with the name of a unit, gone when dropped.
pub struct UnitCgroup(PathBuf);

impl UnitCgroup {
    /// Makes it; `None` where the host has no v2 hierarchy.
    pub fn make(unit: &str) -> Option<Self> {
        if !Units::new().is_there() {
            println!("SKIPPED: no cgroup2 file system");
            return None;
        }
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let line = mounts.lines().find(|line| line.contains(" - cgroup2 ")).expect("cgroup2");
        let path = PathBuf::from(line.split(' ').nth(4).expect("a mount point")).join(unit);
        fs::create_dir(&path).expect("a cgroup");
        Some(Self(path))
    }

    /// Makes so many calls in it, which are numbered from 0. The last process is killed.
    pub fn make_calls(&self, number: &str, count: u64) {
        let script = format!("echo $$ > {}/cgroup.procs && \"$@\"; kill -9 $$", self.0.display());
        let mut command = Command::new("sh");
        command.args(["-c", &script, "sh"]).arg(trigger_path());
        command.args(["times", &count.to_string(), "native", number, "nth"]);
        assert_eq!(command.status().expect("it starts").code(), None, "it is killed");
    }
}

impl Drop for UnitCgroup {
    fn drop(&mut self) {
        for _ in 0..100 {
            if fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}
