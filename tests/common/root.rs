//! Requirements of tests: a test without them prints that it is skipped, and fails under `CI=true`.

use std::io::Write as _;

/// Ends the test at once where it does not run as root.
#[allow(unused_macros)] // some targets ask `privileged` in one place
macro_rules! needs_root {
    () => {
        if !$crate::root::privileged() {
            return;
        }
    };
}

/// Returns whether the test runs as root.
pub fn privileged() -> bool {
    needs(nix::unistd::geteuid().is_root(), "root")
}

/// Returns whether pids are the same here as in records.
#[allow(dead_code)] // not every test target asks
pub fn in_first_pid_namespace() -> bool {
    /// `PROC_PID_INIT_INO` of linux/proc_ns.h.
    const FIRST: &str = "pid:[4026531836]";
    let ours = std::fs::read_link("/proc/self/ns/pid").expect("a pid namespace");
    needs(ours.as_os_str() == FIRST, "the first pid namespace")
}

/// Returns whether a requirement is met.
pub fn needs(is_there: bool, what: &str) -> bool {
    assert!(is_there || std::env::var("CI").as_deref() != Ok("true"), "this test needs {what}");
    if !is_there {
        // print! would be captured, and a skip would look like a success.
        writeln!(std::io::stderr(), "SKIPPED: needs {what}").expect("standard error");
    }
    is_there
}
