//! A daemon in a PID namespace, in which it is process 1, still recognizes its own calls.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use nix::sys::signal::Signal;

use crate::number::unused_number;
use crate::process::{send, trigger};
use crate::records::{Total, counted, events_of, of_kind};
use crate::rig::Setup;
use crate::root::needs;

/// Syscalls that the daemon makes for each batch of records.
const ITS_OWN: [&str; 2] = ["write", "epoll_wait"];
const CALLS: u64 = 1_000;

#[test]
fn daemon_in_pid_namespace_excludes_its_own_calls() {
    let number = unused_number();
    let routes = ITS_OWN.map(|name| format!("{name} = \"args\"\n")).concat();
    let Some(setup) = Setup::alone(&format!("[routes]\n{routes}{number} = \"args\"\n")) else {
        return;
    };
    // A name that no other daemon on this machine has.
    let alias = setup.path("namespaced");
    symlink(env!("CARGO_BIN_EXE_tailcalld"), &alias).unwrap();
    let command = setup.command_of(&alias, &["unshare", "--pid", "--fork", "--mount-proc"], "json");
    let mut daemon = setup.spawn(command);
    daemon.records.next("started");
    let name = trigger(&["times", &CALLS.to_string(), "native", &number, "nth"]);
    let inner = format!("/proc/{0}/task/{0}/children", daemon.pid());
    let inner: u32 = fs::read_to_string(inner).unwrap().trim().parse().unwrap();
    send(inner, Signal::SIGTERM);
    let (status, records) = daemon.rest();

    assert_eq!(status.code(), Some(0));
    assert_eq!(counted(&events_of(&records, &name), "0"), (0..CALLS).collect());
    let stopped = of_kind(&records, "stopped")[0];
    for call in ITS_OWN {
        assert!(Total::of(stopped, call).excluded > 0, "{call}: {stopped}");
    }
    assert_eq!(events_of(&records, "namespaced").len(), 0);
}

/// Times of events are those of the machine, not of a boot clock that only the daemon has.
#[test]
fn daemon_in_time_namespace_has_times_of_the_machine() {
    if !needs(Path::new("/proc/self/timens_offsets").exists(), "a kernel with time namespaces") {
        return;
    }
    let number = unused_number();
    let Some(setup) = Setup::alone(&format!("[routes]\n{number} = \"args\"\n")) else {
        return;
    };
    let offset = ["--time", "--boottime", "86400", "--monotonic", "86400"];
    let prefix = [&["unshare"], &offset[..], &["--fork"]].concat();
    let program = Path::new(env!("CARGO_BIN_EXE_tailcalld"));
    let command = setup.command_of(program, &prefix, "json");
    let mut daemon = setup.spawn(command);
    let started = daemon.records.next("started");
    let name = trigger(&["native", &number, "7"]);
    let inner = format!("/proc/{0}/task/{0}/children", daemon.pid());
    let inner: u32 = fs::read_to_string(inner).unwrap().trim().parse().unwrap();
    send(inner, Signal::SIGTERM);
    let (_, records) = daemon.rest();

    let time = |record: &serde_json::Value| record["time"].as_str().unwrap().to_owned();
    let event = time(events_of(&records, &name)[0]);
    let stopped = time(of_kind(&records, "stopped")[0]);
    assert!(time(&started) <= event && event <= stopped, "{started} {event} {stopped}");
}
