//! Cgroups that a test makes, and calls from within them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Cgroups below one folder, gone when dropped.
pub struct Cgroups {
    made: Vec<PathBuf>,
}

impl Cgroups {
    pub fn new() -> Self {
        Self { made: Vec::new() }
    }

    pub fn make(&mut self, path: PathBuf) -> PathBuf {
        fs::create_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self.made.push(path.clone());
        path
    }
}

impl Drop for Cgroups {
    fn drop(&mut self) {
        for path in self.made.iter().rev() {
            let _ = fs::remove_dir(path);
        }
    }
}

pub fn mount() -> PathBuf {
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("our mounts");
    let line = mounts.lines().find(|line| line.contains(" - cgroup2 ")).expect("cgroup2");
    line.split(' ').nth(4).expect("a mount point").into()
}

pub fn call_in(cgroup: &Path, program: &Path, nr: u16) {
    let script = format!("echo $$ > {}/cgroup.procs && exec \"$@\"", cgroup.display());
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh"]).arg(program).args(["native", &nr.to_string()]);
    assert!(command.status().expect("it starts").success());
}
