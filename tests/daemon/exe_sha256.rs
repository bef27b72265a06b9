//! Digests of the programs that calls execute. Expected ones are those of sha256sum.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::process::{Process, eventually};
use crate::records::{Total, of_kind};
use crate::rig::{Daemon, Setup, reload_by_client};

const SUCCESSES: &str = "handler = \"exec\", result = \">= 0\", exe_sha256 = true";

/// The digest of a file that was changed before is known to be that of all later executions.
const SETTLED: Duration = Duration::from_millis(30);

fn setup(options: &str) -> Option<Setup> {
    let setup = Setup::new("")?;
    setup.write(&config(&setup, options));
    Some(setup)
}

/// Routes the programs in the folder alone: others, such as a daemon that was built without optimisation, take long to
/// digest.
fn config(setup: &Setup, options: &str) -> String {
    let folder = setup.path("**");
    format!("[routes]\nexecve = {{ {options}, path = \"{}\" }}\n", folder.display())
}

fn sha256sum(path: &Path) -> String {
    let output = Command::new("sha256sum").arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().next().unwrap().to_owned()
}

/// Copies a program.
fn program(setup: &Setup, name: &str, of: &str) -> PathBuf {
    let path = setup.path(name);
    fs::copy(of, &path).unwrap();
    path
}

fn run(path: &Path) {
    assert!(Command::new(path).stdin(Stdio::null()).status().unwrap().success());
}

/// Runs something while the daemon is stopped.
fn unseen(daemon: &Daemon, run: impl FnOnce()) {
    daemon.signal(Signal::SIGSTOP);
    let pid = Id::Pid(Pid::from_raw(daemon.pid().try_into().unwrap()));
    waitid(pid, WaitPidFlag::WSTOPPED | WaitPidFlag::WNOWAIT).unwrap();
    run();
    daemon.signal(Signal::SIGCONT);
}

/// Waits for so many events of programs in the test's folder; returns these, and what the daemon writes until it stops.
fn records(mut daemon: Daemon, count: usize) -> Vec<Value> {
    let folder = daemon.setup.path("");
    let of_folder = |record: &Value| {
        record["args"]["filename"].as_str().is_some_and(|name| Path::new(name).starts_with(&folder))
    };
    let mut records = Vec::new();
    while records.len() < count {
        records.extend(daemon.records.until("syscall").pop().filter(of_folder));
    }
    records.extend(daemon.stop());
    records
}

/// Returns digest and unreadable names of each event of a program.
fn digests(records: &[Value], path: &Path) -> Vec<(Value, Value)> {
    let path = path.to_str().unwrap();
    let is_of = |record: &&Value| record["args"]["filename"] == path;
    let events = of_kind(records, "syscall").into_iter().filter(is_of);
    events.map(|event| (event["exe_sha256"].clone(), event["unreadable"].clone())).collect()
}

fn known(sha256: &str) -> (Value, Value) {
    (json!(sha256), Value::Null)
}

fn unknown() -> (Value, Value) {
    (Value::Null, json!(["exe_sha256"]))
}

#[test]
fn program_that_has_ended_has_digest_of_its_path_in_every_record() {
    let Some(setup) = setup(SUCCESSES) else { return };
    let path = program(&setup, "ended", "/bin/true");
    sleep(SETTLED);
    let daemon = setup.start();
    unseen(&daemon, || (0..20).for_each(|_| run(&path)));
    run(&path);
    let sha256 = sha256sum(&path);
    let records = records(daemon, 21);
    assert_eq!(digests(&records, &path), vec![known(&sha256); 21]);
    let total = Total::of(of_kind(&records, "stopped")[0], "execve");
    assert_eq!((total.lost, total.seen), (0, total.written + total.filtered));
}

/// It was changed within the tick, so its path is not trusted.
#[test]
fn program_that_was_changed_just_before_and_runs_has_digest() {
    let Some(setup) = setup(SUCCESSES) else { return };
    let path = setup.path("runs");
    let daemon = setup.start();
    let mut running = None;
    unseen(&daemon, || {
        fs::copy("/bin/sleep", &path).unwrap();
        let process = running.insert(Process::spawn(Command::new(&path).arg("60")));
        let exe = format!("/proc/{}/exe", process.id());
        eventually("the program runs", || fs::read_link(&exe).is_ok_and(|exe| exe == path));
    });
    let sha256 = sha256sum(&path);
    assert_eq!(digests(&records(daemon, 1), &path), [known(&sha256)]);
    drop(running);
}

#[test]
fn program_that_was_changed_since_has_no_digest() {
    let Some(setup) = setup(SUCCESSES) else { return };
    let (rewritten, replaced) =
        (program(&setup, "rewritten", "/bin/true"), program(&setup, "replaced", "/bin/true"));
    sleep(SETTLED);
    let daemon = setup.start();
    unseen(&daemon, || {
        run(&rewritten);
        run(&replaced);
        OpenOptions::new().append(true).open(&rewritten).unwrap().write_all(b"x").unwrap();
        fs::remove_file(&replaced).unwrap();
        fs::copy("/bin/true", &replaced).unwrap();
    });
    let records = records(daemon, 2);
    assert_eq!(digests(&records, &rewritten), [unknown()]);
    assert_eq!(digests(&records, &replaced), [unknown()]);
}

/// Another change within the same tick would not show.
#[test]
fn program_that_was_changed_just_before_and_has_ended_has_no_digest() {
    let Some(setup) = setup(SUCCESSES) else { return };
    let path = setup.path("new");
    let daemon = setup.start();
    unseen(&daemon, || {
        fs::copy("/bin/true", &path).unwrap();
        run(&path);
    });
    assert_eq!(digests(&records(daemon, 1), &path), [unknown()]);
}

#[test]
fn changed_program_has_another_digest() {
    let Some(setup) = setup(SUCCESSES) else { return };
    let path = program(&setup, "changed", "/bin/true");
    let (before, marker) = (sha256sum(&path), program(&setup, "marker", "/bin/true"));
    sleep(SETTLED);
    let mut daemon = setup.start();
    run(&path);
    run(&marker);
    let is_marker = |record: &Value| record["args"]["filename"] == marker.to_str().unwrap();
    let mut all = Vec::new();
    while !all.last().is_some_and(is_marker) {
        all.extend(daemon.records.until("syscall").pop());
    }
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b"x").unwrap();
    sleep(SETTLED);
    run(&path);
    let after = sha256sum(&path);
    assert_ne!(before, after);
    all.extend(records(daemon, 1));
    assert_eq!(digests(&all, &path), [known(&before), known(&after)]);
}

#[test]
fn script_has_digest_of_its_interpreter() {
    let Some(setup) = setup(SUCCESSES) else { return };
    let script = setup.path("script");
    fs::write(&script, "#!/bin/true\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let daemon = setup.start();
    unseen(&daemon, || run(&script));
    let digest = sha256sum(Path::new("/bin/true"));
    assert_eq!(digests(&records(daemon, 1), &script), [known(&digest)]);
}

/// All programs that report the success of an execution, and all handlers that may be asked for it.
#[test]
fn route_of_all_results_and_of_args_have_digest_of_success() {
    for (handler, missing) in [("exec", true), ("args", true), ("exec", false)] {
        let result = if missing { "true" } else { "\">= 0\"" };
        let route = format!("handler = \"{handler}\", result = {result}, exe_sha256 = true");
        let Some(setup) = setup(&route) else { return };
        let path = program(&setup, "any", "/bin/true");
        sleep(SETTLED);
        let absent = setup.path("absent");
        let daemon = setup.start();
        unseen(&daemon, || {
            run(&path);
            assert!(Command::new(&absent).status().is_err());
        });
        let digest = sha256sum(&path);
        let records = records(daemon, 1 + usize::from(missing));
        assert_eq!(digests(&records, &path), [known(&digest)], "{route}");
        let failed = digests(&records, &absent);
        assert_eq!(failed, vec![(Value::Null, Value::Null); usize::from(missing)], "{route}");
    }
}

#[test]
fn reload_that_asks_for_digests_has_them() {
    let Some(setup) = setup("handler = \"exec\", result = \">= 0\"") else { return };
    let path = program(&setup, "later", "/bin/true");
    sleep(SETTLED);
    let mut daemon = setup.start();
    run(&path);
    daemon.setup.write(&config(&daemon.setup, SUCCESSES));
    reload_by_client(&daemon.setup);
    run(&path);
    let sha256 = sha256sum(&path);
    let mut all = daemon.records.until("reloaded");
    all.extend(records(daemon, 1));
    assert_eq!(digests(&all, &path), [(Value::Null, Value::Null), known(&sha256)]);
}
