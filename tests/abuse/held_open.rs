//! A call is held open, so that it has no result: `sendto` of more than the socket takes. Its first bytes are with the
//! receiver, who reads no more.

use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use serde_json::{Value, json};

use crate::daemon::Setup;
use crate::process::{Process, trigger_path};
use crate::records::{Total, of_kind};

const NOBODY: u32 = 65534;
const NAME: &str = "held-open";
const BYTES: &str = "8388608";

/// Starts a process of an unprivileged user that sends more than its socket takes.
fn sender(socket: UnixStream) -> Process {
    let nr =
        syscalls::number(syscalls::Abi::Native, "sendto").expect("a known syscall").to_string();
    let mut command = Command::new(trigger_path());
    command.args(["native", &nr, "0", &format!("long:{BYTES}"), BYTES, "0", "0", "0"]);
    command.env("TRIGGER_NAME", NAME).uid(NOBODY).stdin(OwnedFd::from(socket));
    Process::spawn(&mut command)
}

/// Returns the record of the sender's call, or of its end.
fn of_sender(records: Vec<Value>) -> Option<Value> {
    records.into_iter().find(|record| record["comm"] == NAME)
}

#[test]
fn call_that_is_held_open_is_recorded_and_so_is_its_end() {
    let config = "[routes]\nsendto = { handler = \"args\", result = true }\n";
    let Some(setup) = Setup::new(config) else { return };
    let mut daemon = setup.start();
    let (socket, mut receiver) = UnixStream::pair().unwrap();
    let sender = sender(socket);
    let mut first = [0];
    receiver.read_exact(&mut first).unwrap();
    assert_eq!(first, [b'x']);

    let running = loop {
        if let Some(record) = of_sender(daemon.records.until("syscall")) {
            break record;
        }
    };
    assert_eq!((&running["result"], &running["uid"]), (&Value::Null, &json!(NOBODY)));
    assert!(running["running_ns"].as_u64().unwrap() >= 10_000_000_000, "{running}");
    // Whatever was not sent yet is not sent.
    drop(receiver);
    let ended = loop {
        if let Some(record) = of_sender(daemon.records.until("ended")) {
            break record;
        }
    };
    for key in ["tid", "boottime_ns", "syscall", "start_boottime_ns"] {
        assert_eq!(ended[key], running[key], "{key}");
    }
    assert!(ended["duration_ns"].as_u64() > running["running_ns"].as_u64(), "{ended}");
    assert!(ended["result"].is_i64(), "{ended}");
    drop(sender);

    let records = daemon.stop();
    assert_eq!(of_sender(records.clone()), None);
    let total = Total::of(of_kind(&records, "stopped")[0], "sendto");
    assert!(total.written >= 1 && total.lost == 0, "{total:?}");
}
