//! Cgroups of the v2 hierarchy, made for a test.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::Command;

use crate::filtered_call::{call, run};
use crate::rig::trigger_path;

/// A cgroup of the v2 hierarchy, removed when dropped.
pub struct Cgroup(PathBuf);

impl Cgroup {
    pub fn new(path: &str) -> Self {
        let made = mount().join(path);
        fs::create_dir(&made).unwrap_or_else(|error| panic!("{}: {error}", made.display()));
        Self(made)
    }

    /// Returns its id.
    pub fn id(&self) -> u64 {
        fs::metadata(&self.0).expect("a cgroup").ino()
    }

    /// Makes the call once in the cgroup: a shell moves there and executes the trigger.
    pub fn make_call(&self) {
        let script = format!("echo $$ > {}/cgroup.procs && exec \"$@\"", self.0.display());
        let mut command = Command::new("sh");
        let nr = call().nr().to_string();
        command.args(["-c", &script, "sh"]).arg(trigger_path()).args(["native", &nr]);
        run(command);
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

fn mount() -> PathBuf {
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("our mounts");
    let is_v2 = |line: &&str| line.contains(" - cgroup2 ");
    let line = mounts.lines().find(is_v2).expect("cgroup2 is mounted");
    line.split(' ').nth(4).expect("a mount point").into()
}
