//! JSON lines into a pipe and into a file: each record is whole, each call occurs once, totals balance.

use std::collections::BTreeSet;
use std::fs::{self, File};

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use syscalls::{Abi, number};

use crate::number::unused_number;
use crate::process::{Process, eventually, trigger};
use crate::records::{Total, counted, events_of, of_kind, record};
use crate::rig::{Setup, UNLIMITED};

const CALLS: u64 = 10_007;

#[test]
fn json_pipe_has_one_line_per_call_and_totals_balance() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let number = unused_number();
        let Some(setup) = Setup::new(&format!("[routes]\n{number} = \"args\"\n{UNLIMITED}")) else {
            return;
        };
        let daemon = setup.start();
        let name = trigger(&["times", &CALLS.to_string(), "native", &number, "nth", "7"]);
        daemon.signal(signal);
        let (status, records) = daemon.rest();

        assert_eq!(status.code(), Some(0), "{signal}");
        let events = events_of(&records, &name);
        assert_eq!(counted(&events, "0"), (0..CALLS).collect());
        assert!(events.iter().all(|event| event["args"]["1"] == "0x7"));
        // In the order of the calls, and nothing else between or after.
        assert!(events.is_sorted_by_key(|event| event["boottime_ns"].as_u64()));
        let [.., stopped] = records.as_slice() else { panic!("no record") };
        assert_eq!(records.len() as u64, CALLS + 1);
        assert_eq!(stopped["record"], "stopped");
        assert_eq!(stopped["reason"], signal.as_str());
        assert_eq!(stopped["generation"], 1);
        let total = Total { seen: CALLS, written: CALLS, ..Total::default() };
        assert_eq!(Total::of(stopped, &format!("#{number}")), total);
    }
}

const GETPGID_AND_EXECVE: &str = "[routes]\ngetpgid = \"args\"\nexecve = \"exec\"\n";

/// Returns the only record of a process's calls of that syscall.
fn only_event<'a>(records: &'a [Value], comm: &str, syscall: &str) -> &'a Value {
    let events = events_of(records, comm).into_iter();
    let events: Vec<_> = events.filter(|event| event["syscall"] == syscall).collect();
    assert_eq!(events.len(), 1);
    events[0]
}

#[test]
fn started_has_every_key() {
    let Some(setup) = Setup::new(GETPGID_AND_EXECVE) else { return };
    let command = setup.command(&[], "auto");
    let mut daemon = setup.spawn(command);
    let started = daemon.records.next("started");
    assert_eq!(keys(&started), set(&[&STARTED]));
    assert_eq!(started["generation"], 1);
    assert_eq!(started["routes"], 4, "both ABIs of two syscalls");
    assert_eq!(started["attached"], "raw_tp/sys_enter");
    assert_eq!(started["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn args_event_has_every_key_with_its_type() {
    let Some(setup) = Setup::new(GETPGID_AND_EXECVE) else { return };
    let daemon = setup.start();
    let getpgid = number(Abi::Native, "getpgid").unwrap();
    let comm = trigger(&["native", &getpgid.to_string(), "0x10", "2", "3", "4", "5", "6"]);
    let records = daemon.stop();
    let args = only_event(&records, &comm, "getpgid");
    assert_eq!(keys(args), set(&[&CALL, &TASK, &["args"]]));
    assert_eq!(args["args"], json!({"pid": 16}));
    for (key, value) in [
        ("syscall", json!("getpgid")),
        ("nr", json!(getpgid)),
        ("abi", json!(Abi::Native.name())),
        ("handler", json!("args")),
        ("generation", json!(1)),
        ("tid", args["pid"].clone()),
        ("uid", json!(0)),
        ("gid", json!(0)),
        ("comm", json!(comm)),
    ] {
        assert_eq!(args[key], value, "{key}");
    }
    for key in ["boottime_ns", "pid", "ppid", "start_boottime_ns", "exe_inode"] {
        assert!(args[key].is_u64(), "{key}");
    }
}

#[test]
fn exec_event_has_every_key() {
    let Some(setup) = Setup::new(GETPGID_AND_EXECVE) else { return };
    let daemon = setup.start();
    let execve = number(Abi::Native, "execve").unwrap().to_string();
    let comm = trigger(&["native", &execve, "text:/nonexistent", "argv:2", "0"]);
    let records = daemon.stop();
    let exec = only_event(&records, &comm, "execve");
    assert_eq!(keys(exec), set(&[&CALL, &TASK, &["args", "argv", "exe", "paths"]]));
    assert_eq!(exec["paths"], json!(["/nonexistent"]));
    assert_eq!(exec["argv"], json!(["arg", "arg"]));
}

#[test]
fn stopped_has_every_key() {
    let Some(setup) = Setup::new(GETPGID_AND_EXECVE) else { return };
    let records = setup.start().stop();
    let [stopped] = of_kind(&records, "stopped")[..] else { panic!("one end") };
    assert_eq!(keys(stopped), set(&[&["generation", "missed", "misses", "reason", "totals"]]));
}

#[test]
fn result_is_present_only_where_route_asks_for_it() {
    let config = "[routes]\n\
                  getpgid = { handler = \"args\", result = true }\n\
                  getsid = { handler = \"args\", result = \"failed\" }\n";
    let Some(setup) = Setup::new(config) else { return };
    let daemon = setup.start();
    // Of the calling process, and of one that cannot exist.
    let call = |name, pid| {
        let nr = number(Abi::Native, name).unwrap().to_string();
        trigger(&["native", &nr, pid])
    };
    let [own, nobodys] = ["0", "0x7fffffff"].map(|pid| call("getpgid", pid));
    let [own_session, no_session] = ["0", "0x7fffffff"].map(|pid| call("getsid", pid));
    let records = daemon.stop();
    let of = |name: &str, call: &str| {
        let events = events_of(&records, name).into_iter();
        events.filter(|event| event["syscall"] == call).collect::<Vec<_>>()
    };

    let [own] = of(&own, "getpgid")[..] else { panic!("one success") };
    assert_eq!(keys(own), set(&[&CALL, &TASK, &["args"], &RETURNED]));
    assert!(own["result"].as_i64().is_some_and(|group| group >= 0), "{own}");
    for (name, call) in [(&nobodys, "getpgid"), (&no_session, "getsid")] {
        let [failed] = of(name, call)[..] else { panic!("one failure of {call}") };
        assert_eq!(keys(failed), set(&[&CALL, &TASK, &["args", "errno"], &RETURNED]));
        assert_eq!((&failed["result"], &failed["errno"]), (&json!(-3), &json!("ESRCH")));
        assert!(failed["duration_ns"].is_u64(), "{failed}");
        let message = failed["message"].as_str().unwrap();
        assert!(message.ends_with(" = -1 ESRCH"), "{message}");
    }
    assert_eq!(of(&own_session, "getsid"), Vec::<&Value>::new(), "only failures were asked for");
    let [stopped] = of_kind(&records, "stopped")[..] else { panic!("one end") };
    // Others on this machine may call it, too.
    assert!(Total::of(stopped, "getsid").filtered > 0, "{stopped}");
}

/// Makes a 32-bit `socketcall`, which stands for another call.
#[test]
#[cfg(target_arch = "x86_64")]
fn socketcall_has_name_and_arguments_of_inner_call() {
    let Some(setup) = Setup::new("[routes]\nsocketcall = \"args\"\n") else { return };
    let daemon = setup.start();
    let nr = number(Abi::Compat, "socketcall").unwrap().to_string();
    let name = trigger(&["compat", &nr, "1", "words:0x200000001,0"]);
    let records = daemon.stop();
    let [event] = events_of(&records, &name)[..] else { panic!("one call") };

    assert_eq!(keys(event), set(&[&CALL, &TASK, &["call", "args", "registers"]]));
    assert_eq!((&event["syscall"], &event["call"]), (&json!("socketcall"), &json!("socket")));
    let args = json!({"family": "AF_UNIX", "type": "SOCK_DGRAM", "protocol": 0});
    assert_eq!(event["args"], args);
    let message = event["message"].as_str().unwrap();
    assert!(message.starts_with("socket(AF_UNIX, SOCK_DGRAM, 0) by "), "{message}");
}

const BASE: &[&str] = &["schema", "record", "time", "message", "message_id", "priority"];
const STARTED: [&str; 8] = [
    "generation",
    "version",
    "kernel",
    "attached",
    "attach_reason",
    "routes",
    "unattached_routes",
    "blind_spots",
];
const CALL: [&str; 6] = ["syscall", "nr", "abi", "handler", "generation", "boottime_ns"];
/// Keys of a call that returned, if its route asks for the result.
const RETURNED: [&str; 2] = ["result", "duration_ns"];
const TASK: [&str; 14] = [
    "pid",
    "tid",
    "ppid",
    "uid",
    "gid",
    "euid",
    "egid",
    "process",
    "parent",
    "comm",
    "start_boottime_ns",
    "exe_device",
    "exe_inode",
    "cgroup",
];
/// Keys whose presence depends on where the test runs.
const PLACE: [&str; 13] = [
    "loginuid",
    "session",
    "tty",
    "unit",
    "user_unit",
    "container_id",
    "ns_cgroup",
    "ns_ipc",
    "ns_mnt",
    "ns_net",
    "ns_pid",
    "ns_user",
    "ns_uts",
];

fn keys(record: &Value) -> BTreeSet<&str> {
    let keys = record.as_object().unwrap().keys().map(String::as_str);
    keys.filter(|key| !PLACE.contains(key)).collect()
}

fn set<'a>(groups: &[&[&'a str]]) -> BTreeSet<&'a str> {
    BASE.iter().chain(groups.iter().copied().flatten()).copied().collect()
}

#[test]
fn json_file_has_one_line_per_call() {
    let number = unused_number();
    let Some(setup) = Setup::new(&format!("[routes]\n{number} = \"args\"\n{UNLIMITED}")) else {
        return;
    };
    let path = setup.path("records");
    let file = File::create(&path).unwrap();
    let mut daemon = Process::spawn(setup.command(&[], "json").stdout(file));
    let read = || fs::read_to_string(&path).unwrap();
    eventually("the daemon starts", || read().ends_with('\n'));
    let name = trigger(&["times", &CALLS.to_string(), "native", &number, "nth"]);
    daemon.signal(Signal::SIGTERM);
    assert_eq!(daemon.wait().code(), Some(0));

    let records: Vec<Value> = read().lines().map(record).collect();
    assert_eq!(records.len() as u64, CALLS + 2);
    assert_eq!(counted(&events_of(&records, &name), "0"), (0..CALLS).collect());
}
