//! The control socket of a running daemon, and the commands that use it.

mod activity;
mod clients;
mod commands;
mod explain;
mod measure;
mod metrics;
mod programs;
mod stats;
mod temporary;
mod terminal;
mod tmux;
mod top;
mod trial;

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::number::{Number, unused_number};
use crate::process::{DEADLINE, trigger};
use crate::records::{counted, events_of};
use crate::rig::{Daemon, Setup};

const SOCKET: &str = "run/io.tailcalld";

/// A client that sends raw bytes.
struct Client(BufReader<UnixStream>);

impl Client {
    fn of(setup: &Setup) -> Self {
        let stream = UnixStream::connect(setup.path(SOCKET)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        Self(BufReader::new(stream))
    }

    fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }

    /// Reads a reply; returns `None` if the daemon closed the connection.
    fn reply(&mut self) -> Option<Value> {
        let mut bytes = vec![];
        // A peer that has gone with our bytes unread is a reset.
        self.0.read_until(0, &mut bytes).ok()?;
        (bytes.pop() == Some(0)).then(|| serde_json::from_slice(&bytes).unwrap())
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        let call = json!({ "method": method, "parameters": parameters });
        self.send(format!("{call}\0").as_bytes()).unwrap();
        self.reply().expect("a reply")
    }
}

/// Asserts that no call of the number is recorded.
fn is_not_routed(daemon: Daemon, number: &Number) {
    let name = trigger(&["times", "20", "native", number, "nth"]);
    assert_eq!(events_of(&daemon.stop(), &name).len(), 0);
}

/// Runs a command against the daemon of `setup`; returns exit code, standard output and standard error.
pub fn ask(setup: &Setup, words: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tailcalld"));
    output_of(command.args(words).env("RUNTIME_DIRECTORY", setup.path("run")))
}

fn output_of(command: &mut Command) -> (i32, String, String) {
    let output = command.stdin(Stdio::null()).env_remove("JOURNAL_STREAM").output().unwrap();
    let Output { status, stdout, stderr } = output;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// Runs a command as `ask` does; it must succeed and print one JSON object.
pub fn ask_json(setup: &Setup, words: &[&str]) -> Value {
    let (code, out, err) = ask(setup, words);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert_eq!(out.lines().count(), 1, "{out}");
    serde_json::from_str(&out).unwrap()
}

/// Starts a daemon with one route.
fn started(number: &str, handler: &str) -> Option<Daemon> {
    Some(Setup::new(&format!("[routes]\n{number} = \"{handler}\"\n"))?.start())
}

/// Asserts that the route is live: each call of `number` is one event.
fn works(daemon: &mut Daemon, number: &str) {
    let name = trigger(&["times", "50", "native", number, "nth"]);
    let events: Vec<Value> = (0..50).map(|_| daemon.records.next("syscall")).collect();
    assert_eq!(counted(&events_of(&events, &name), "0"), (0..50).collect());
}

#[test]
fn service_interface_returns_info_and_description() {
    let number = unused_number();
    let Some(daemon) = started(&number, "count") else { return };
    let mut client = Client::of(&daemon.setup);
    let info = client.call("org.varlink.service.GetInfo", json!({}));
    let interfaces = json!(["io.tailcalld", "org.varlink.service"]);
    assert_eq!(info["parameters"]["interfaces"], interfaces, "{info}");
    assert_eq!(info["parameters"]["version"], env!("CARGO_PKG_VERSION"));
    let method = "org.varlink.service.GetInterfaceDescription";
    let reply = client.call(method, json!({ "interface": "io.tailcalld" }));
    assert_eq!(reply["parameters"]["description"], tailcalld::rpc::SERVICE.description);
    assert_eq!(daemon.stop().len(), 1);
}

#[test]
fn unknown_method_interface_or_parameter_is_protocol_error() {
    let number = unused_number();
    let Some(daemon) = started(&number, "count") else { return };
    let mut client = Client::of(&daemon.setup);
    for (method, parameters, error, about) in [
        ("io.tailcalld.No", json!({}), "MethodNotFound", json!({ "method": "No" })),
        ("no.such.No", json!({}), "InterfaceNotFound", json!({ "interface": "no.such" })),
        ("io.tailcalld.Status", json!({"a": 1}), "InvalidParameter", json!({"parameter": "a"})),
        ("io.tailcalld.Reload", json!({"a": 1}), "InvalidParameter", json!({"parameter": "a"})),
        (
            "io.tailcalld.Stats",
            json!({"per_cpu": "yes"}),
            "InvalidParameter",
            json!({"parameter": "per_cpu"}),
        ),
    ] {
        let reply = client.call(method, parameters);
        assert_eq!(reply["error"], format!("org.varlink.service.{error}"), "{method}");
        assert_eq!(reply["parameters"], about, "{method}");
    }
    // None of them was a reload.
    let status = client.call("io.tailcalld.Status", Value::Null);
    assert_eq!(status["parameters"]["generation"], 1);
    assert_eq!(daemon.stop().len(), 1);
}

#[test]
fn reload_call_returns_result_after_its_record() {
    let number = unused_number();
    let Some(mut daemon) = started(&number, "args") else { return };
    let mut client = Client::of(&daemon.setup);
    let reply = client.call("io.tailcalld.Reload", json!({}));
    let nothing = json!({
        "generation": 2, "added": [], "changed": [], "removed": [], "unattached_routes": [],
    });
    assert_eq!(reply["parameters"], nothing, "{reply}");
    // The answer comes behind the record.
    assert_eq!(daemon.records.next("reloaded")["generation"], 2);

    let oneway = json!({ "method": "io.tailcalld.Reload", "oneway": true });
    client.send(format!("{oneway}\0").as_bytes()).unwrap();
    assert_eq!(daemon.records.next("reloaded")["generation"], 3);
    let more = json!({ "method": "io.tailcalld.Status", "more": true });
    client.send(format!("{more}\0").as_bytes()).unwrap();
    let status = client.reply().expect("a reply");
    assert_eq!(status["parameters"]["generation"], 3);
    assert_eq!(status.get("continues"), None);
    works(&mut daemon, &number);
    assert_eq!(daemon.stop().len(), 1);
}
