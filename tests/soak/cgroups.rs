//! Cgroups that come and go, with a process in each that makes a call.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::process::trigger_path;

/// Running churn. Each cgroup has one call.
pub struct Churn {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Churn {
    pub fn start(number: &str) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (shared, number) = (Arc::clone(&is_over), number.to_owned());
        Self { is_over, thread: thread::spawn(move || run(&number, &shared)) }
    }

    /// Ends it and returns how many cgroups there were.
    pub fn end(self) -> u64 {
        self.is_over.store(true, SeqCst);
        self.thread.join().unwrap()
    }
}

fn run(number: &str, is_over: &AtomicBool) -> u64 {
    let mut made = 0;
    while !is_over.load(SeqCst) {
        let cgroup = mount().join(format!("tailcalldtest-soak-{made}.service"));
        fs::create_dir(&cgroup).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo $$ >\"$0/cgroup.procs\" && exec \"$@\""]).arg(&cgroup);
        command.arg(trigger_path()).args(["native", number]);
        assert!(command.status().unwrap().success());
        fs::remove_dir(&cgroup).unwrap();
        made += 1;
        thread::sleep(Duration::from_millis(20));
    }
    made
}

fn mount() -> PathBuf {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let line = mounts.lines().find(|line| line.contains(" - cgroup2 ")).expect("cgroup2");
    line.split(' ').nth(4).expect("a mount point").into()
}
