//! Privileges of a daemon that has started: capabilities, and the calls that its seccomp filter refuses.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::process::{Command, Stdio};

use crate::number::unused_number;
use crate::process::{example, trigger};
use crate::records::events_of;
use crate::rig::{Daemon, Setup};
use crate::root::{needs, privileged};

const DAC_READ_SEARCH: u64 = 1 << 2;
const BPF: u64 = 1 << 39;
const PERFMON: u64 = 1 << 38;

/// Sets of capabilities that may give the daemon a privilege, and those of programs that it could execute.
const SETS: [&str; 5] = ["CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd"];

/// Returns the capabilities that the kernel requires of a daemon that reads and changes its table.
fn required() -> u64 {
    let sysctl = fs::read_to_string("/proc/sys/kernel/unprivileged_bpf_disabled").unwrap();
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release.split(['.', '-']).map_while(|number| number.parse().ok());
    let version: (u32, u32) = (numbers.next().unwrap(), numbers.next().unwrap());
    if sysctl.trim() == "0" || version < (5, 19) { BPF } else { 0 }
}

/// Returns the fields of a process's status.
fn status(pid: u32) -> BTreeMap<String, String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let fields = text.lines().filter_map(|line| line.split_once(":\t"));
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Asserts the privileges of the daemon: `kept`, and `bounding` for programs that it could execute.
fn expect_privileges(daemon: &Daemon, kept: u64, bounding: u64) {
    let status = status(daemon.pid());
    let set = |name: &str| u64::from_str_radix(&status[name], 16).unwrap();
    let expected = [kept, kept, 0, 0, bounding];
    assert_eq!(SETS.map(set).map(hex), expected.map(hex), "{SETS:?}");
    let flags = ["NoNewPrivs", "Seccomp"].map(|name| status[name].as_str());
    assert_eq!(flags, ["1", "2"]);
}

fn hex(set: u64) -> String {
    format!("{set:x}")
}

/// Starts a daemon; `None` where it opens perf events.
fn start(setup: Setup, command: Command) -> Option<Daemon> {
    let mut daemon = setup.spawn(command);
    let started = daemon.records.next("started");
    let opens = started["attached"].as_str().unwrap().starts_with("tp/");
    needs(!opens, "a kernel where no perf event is required").then_some(daemon)
}

fn route(number: &str) -> String {
    format!("[routes]\n{number} = \"args\"\n")
}

/// Writes a configuration with another route, and waits until it is live.
fn reload(daemon: &mut Daemon, number: &str) {
    daemon.setup.write(&route(number));
    let reloaded = daemon.records.next("reloaded");
    assert_eq!(reloaded["added"].as_array().unwrap().len(), 1, "{reloaded}");
}

#[test]
fn daemon_has_no_privileges_after_start_and_reload() {
    let (first, second) = (unused_number(), unused_number());
    let Some(setup) = Setup::new(&route(&first)) else { return };
    let command = setup.command(&[], "json");
    let Some(mut daemon) = start(setup, command) else { return };
    expect_privileges(&daemon, required(), 0);
    reload(&mut daemon, &second);
    expect_privileges(&daemon, required(), 0);
    let name = trigger(&["native", &second, "1"]);
    assert_eq!(events_of(&daemon.stop(), &name).len(), 1);
}

/// The service may not change the bounding set.
#[test]
fn daemon_with_capabilities_of_service_drops_them() {
    let Some(setup) = Setup::new(&route(&unused_number())) else { return };
    let prefix = ["setpriv", "--bounding-set=-all,+bpf,+perfmon", "--inh-caps=-all"];
    let command = setup.command(&prefix, "json");
    let Some(daemon) = start(setup, command) else { return };
    expect_privileges(&daemon, required(), BPF | PERFMON);
    daemon.stop();
}

/// By hand, with the configuration of a user in a home that is closed to others.
#[test]
fn daemon_keeps_capability_that_its_configuration_requires() {
    let (first, second) = (unused_number(), unused_number());
    let Some(setup) = Setup::new(&route(&first)) else { return };
    let home = setup.path("");
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    for path in [&home, &setup.config()] {
        chown(path, Some(65534), None).unwrap();
    }
    let mut command = setup.command(&[], "json");
    command.current_dir(&home);
    let Some(mut daemon) = start(setup, command) else { return };
    expect_privileges(&daemon, required() | DAC_READ_SEARCH, 0);
    reload(&mut daemon, &second);
    daemon.stop();
}

/// Another process of root without capabilities could otherwise take the daemon's descriptors, or its memory.
#[test]
fn daemon_is_closed_to_root_without_capabilities() {
    let Some(setup) = Setup::new(&route(&unused_number())) else { return };
    let daemon = setup.start();
    let read = |file: &str| {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set=-all", "--inh-caps=-all", "cat"]);
        command.arg(format!("/proc/{}/{file}", daemon.pid()));
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    };
    assert_eq!(["status", "environ", "maps"].map(read), [true, false, false]);
    daemon.stop();
}

/// Calls with their arguments, none of which the daemon makes.
#[rustfmt::skip]
const REFUSED: &[&str] = &[
    "execve", "execveat",
    // Network sockets: AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_VSOCK.
    "socket 2 1 0", "socket 10 2 0", "socket 16 3 0", "socket 17 3 0", "socket 40 1 0", "socketpair 1 1 0 0",
    "bind 0 0 0", "listen 0 1",
    // Other processes.
    "ptrace 16 1 0 0", "process_vm_readv 1 0 0 0 0 0", "process_vm_writev 1 0 0 0 0 0", "pidfd_getfd 0 0 0",
    "pidfd_open 1 0", "kill 0 0", "tgkill 1 1 9", "setpriority 0 0 0", "prlimit64 1 0 0 0",
    // A new process, and new namespaces: CLONE_NEWUSER alone and with CLONE_THREAD.
    "clone 17 0 0 0 0", "clone 268435456 0 0 0 0", "clone 268500992 0 0 0 0", "unshare 268435456", "setns 0 0",
    // The system.
    "mount 0 0 0 0 0", "umount2 0 0", "pivot_root 0 0", "chroot 0", "init_module 0 0 0", "reboot 0 0 0 0",
    "swapon 0 0", "sethostname 0 0", "settimeofday 0 0", "syslog 3 0 0", "keyctl 0 0 0 0 0", "add_key 0 0 0 0 0",
    // Identity and files of others.
    "setuid 1", "setresuid 1 1 1", "setgid 1", "setgroups 0 0", "capset 0 0", "prctl 38 0 0 0 0", "seccomp 1 0 0",
    "fchmodat 0 0 0", "fchmod 0 511", "fchmod 0 2468", "fchownat 0 0 0 0 0", "mknodat 0 0 0 0", "symlinkat 0 0 0", "linkat 0 0 0 0 0",
    // Programs and objects of bpf(2): BPF_MAP_CREATE, BPF_PROG_LOAD, BPF_*_GET_FD_BY_ID.
    "bpf 0 0 0", "bpf 5 0 0", "bpf 13 0 0", "bpf 14 0 0", "bpf 30 0 0", "perf_event_open 0 0 0 0 0",
    // Calls without an entry of their own, and code in memory.
    "io_uring_setup 1 0", "userfaultfd 0", "mprotect 0 0 4", "mmap 0 4096 7 34 -1 0", "ioctl 0 21522 0", "1000",
];

/// Calls that the daemon makes, whose arguments are wrong or change nothing.
const ALLOWED: &[(&str, &str)] = &[
    ("getpid", "ok"),
    ("socket 1 2 0", "ok"),
    ("bpf 1 0 0", "EINVAL"),
    ("bpf 2 0 0", "EINVAL"),
    ("mmap 0 4096 3 34 -1 0", "ok"),
    ("mprotect 0 0 3", "ok"),
    ("getpgid 0", "ok"),
    ("membarrier 0 0 0", "ok"),
    ("thread", "ok"),
    ("fchmod 1000 420", "EBADF"),
    // libc makes threads by clone then.
    ("clone3 0 0", "ENOSYS"),
    ("perf perf_event_open 0 0 0 0 0", "EFAULT"),
    ("perf execve", "EPERM"),
    ("perf bpf 5 0 0", "EPERM"),
    ("fentry bpf 5 0 0", "E2BIG"),
    ("fentry bpf 0 0 0", "EPERM"),
];

fn outcome(call: &str) -> String {
    let output = Command::new(example("sandboxed")).args(call.split(' ')).output().unwrap();
    assert!(output.status.success(), "{call}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn filter_refuses_calls_that_daemon_does_not_make() {
    if !privileged() {
        return;
    }
    let passed: Vec<_> = REFUSED.iter().filter(|call| outcome(call) != "EPERM").collect();
    assert!(passed.is_empty(), "{passed:?}");
}

#[test]
fn filter_allows_calls_of_daemon() {
    if !privileged() {
        return;
    }
    for (call, expected) in ALLOWED {
        assert_eq!(outcome(call), *expected, "{call}");
    }
}
