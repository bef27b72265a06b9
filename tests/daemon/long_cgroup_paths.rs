//! A call in a cgroup whose path is longer than PATH_MAX is recorded with its unit and a path that is cut, whether the
//! daemon saw the cgroup come or found it at its start.

use std::fs::{self, File};
use std::os::fd::AsRawFd as _;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tailcalld::units::Units;

use crate::number::unused_number;
use crate::process::trigger_path;
use crate::records::of_kind;
use crate::rig::{Daemon, Setup, UNLIMITED};

const DEPTH: usize = 40;

/// Nested cgroups with names of 250 bytes below a unit, gone when dropped.
struct Nested {
    name: String,
    /// From the unit's parent to the deepest.
    open: Vec<File>,
}

impl Nested {
    fn make() -> Self {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let line = mounts.lines().find(|line| line.contains(" - cgroup2 ")).expect("cgroup2");
        let mount = PathBuf::from(line.split(' ').nth(4).expect("a mount point"));
        let mut nested =
            Self { name: "n".repeat(250), open: vec![File::open(mount).expect("the mount point")] };
        for level in 0..=DEPTH {
            let path = nested.below(nested.open.last().unwrap(), level);
            fs::create_dir(&path).expect("a cgroup");
            nested.open.push(File::open(path).expect("the cgroup"));
        }
        nested
    }

    fn below(&self, parent: &File, level: usize) -> String {
        let name = if level == 0 { "tailcalldtest-long.service" } else { &self.name };
        format!("/proc/{}/fd/{}/{name}", std::process::id(), parent.as_raw_fd())
    }

    /// Makes a call in the deepest cgroup.
    fn call(&self, number: &str) {
        let deepest = self.open.last().unwrap();
        let procs = format!("/proc/{}/fd/{}/cgroup.procs", std::process::id(), deepest.as_raw_fd());
        let script = format!("echo $$ > {procs} && exec \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, "sh"]).arg(trigger_path()).args(["native", number]);
        assert!(command.status().expect("it starts").success());
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        while self.open.pop().is_some() {
            let level = self.open.len().wrapping_sub(1);
            let Some(parent) = self.open.last() else { return };
            let _ = fs::remove_dir(self.below(parent, level));
        }
    }
}

fn assert_cut(daemon: Daemon) {
    let records = daemon.stop();
    let event: &Value = of_kind(&records, "syscall")[0];
    let path = event["cgroup"].as_str().unwrap();
    assert!((3_500..=4_096).contains(&path.len()), "{} bytes", path.len());
    assert!(path.starts_with("/tailcalldtest-long.service/nnn") && path.contains("n/.../n"));
    assert_eq!(event["unit"], "tailcalldtest-long.service");
    assert_eq!(event["truncated"], json!(["cgroup"]));
}

#[test]
fn long_cgroup_path_is_cut_in_records() {
    if !Units::new().is_there() {
        return;
    }
    let number = unused_number();
    let config = format!("[routes]\n{number} = \"args\"\n{UNLIMITED}");
    let Some(setup) = Setup::new(&config) else { return };
    let daemon = setup.start();
    let nested = Nested::make();
    nested.call(&number);
    assert_cut(daemon);
    let daemon = Setup::new(&config).expect("as before").start();
    nested.call(&number);
    assert_cut(daemon);
}
