//! First times: each is told once, whoever does it at once, and after a restart and a kill, too.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};
use std::sync::Barrier;

use nix::sys::signal::Signal;
use nix::unistd::{Pid, getpgid};
use serde_json::Value;

use crate::gap::Run;
use crate::records::{Total, of_kind};
use crate::rig::{Setup, UNLIMITED};

/// The first of the numbers that no process has.
pub const BASE: i32 = 1_000_000_000;

/// Looks for the process group of that many processes that do not exist.
pub fn ask(numbers: std::ops::Range<i32>) {
    for number in numbers {
        assert!(getpgid(Some(Pid::from_raw(BASE + number))).is_err());
    }
}

fn own(records: &[Value]) -> Vec<&Value> {
    let pid = std::process::id();
    of_kind(records, "syscall").into_iter().filter(|record| record["pid"] == pid).collect()
}

/// Returns the number of records for each process that was asked for.
fn counts(records: &[Value]) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for record in own(records) {
        *counts.entry(record["args"]["pid"].to_string()).or_default() += 1;
    }
    counts
}

fn config(options: &str) -> String {
    format!("[routes]\ngetpgid = {{ handler = \"args\", novel = \"uid\", {options} }}\n{UNLIMITED}")
}

#[test]
fn first_time_of_four_threads_is_told_once_and_the_rest_is_counted() {
    const KEYS: i32 = 500;
    let Some(setup) = Setup::alone(&config("by = [\"pid\"]")) else { return };
    let daemon = setup.start();
    let barrier = Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                barrier.wait();
                ask(0..KEYS);
            });
        }
    });
    let records = daemon.stop();

    let counts = counts(&records);
    assert_eq!(counts.len(), KEYS as usize);
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    assert!(own(&records).iter().all(|record| record["novel"] == "uid"));
    let total = Total::of(records.last().unwrap(), "getpgid");
    assert_eq!(total.written + total.known + total.excluded, total.seen, "{total:?}");
    assert!(total.known >= 3 * KEYS as u64, "{total:?}");
}

#[test]
fn first_time_is_not_told_again_after_a_restart_a_kill_or_a_reload() {
    let Some(setup) = Setup::alone(&config("by = [\"pid\"]")) else { return };
    let start = || {
        let mut run = Run::spawn(setup.command(&[], "json").stdout(Stdio::piped()));
        run.records.until("started");
        run
    };
    let mut told = Vec::new();
    for (known, signal) in [(0, Signal::SIGTERM), (10, Signal::SIGKILL), (20, Signal::SIGTERM)] {
        let mut run = start();
        ask(0..known);
        ask(known..known + 10);
        let last = i64::from(BASE + known + 9);
        loop {
            let record = run.records.next("syscall");
            let is_last = record["args"]["pid"] == last;
            told.push(record);
            if is_last {
                break;
            }
        }
        run.end_with_status(signal);
        let _ = fs::remove_file(setup.path("run/lock"));
    }
    let counts = counts(&told);
    assert_eq!(counts.len(), 30, "{counts:?}");
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    let file = fs::read_to_string(setup.path("state/first-times")).unwrap();
    assert!(file.starts_with("tailcalld first-times 1\n+\t"), "{file}");
    let key = format!("\t{}\tgetpgid\tuid=0\tpid=1", syscalls::Abi::Native.name());
    let is_settled = |line: &&str| line.starts_with('+') && line.contains(&key);
    assert!(file.lines().filter(is_settled).count() >= 30, "{file}");
}

#[test]
fn file_that_is_damaged_is_told_and_does_not_end_the_daemon() {
    let Some(setup) = Setup::alone(&config("by = [\"pid\"]")) else { return };
    fs::create_dir(setup.path("state")).unwrap();
    let text = "tailcalld first-times 1\n+\t00000000\tu\t0\t0\tgarbage\n+\ttorn";
    fs::write(setup.path("state/first-times"), text).unwrap();
    let mut run = Run::start(&setup);
    run.records.until("started");
    ask(0..3);
    let records: Vec<_> = (0..3).map(|_| run.records.next("syscall")).collect();
    assert_eq!(run.end_with_status(Signal::SIGTERM).code(), Some(0));
    assert_eq!(counts(&records).len(), 3);
    let errors = fs::read_to_string(setup.path("stderr")).unwrap();
    assert!(errors.contains("2 lines are damaged"), "{errors}");
}

#[test]
fn errors_and_directories_are_told_one_by_one() {
    let config = format!(
        "[routes]\nopenat = {{ handler = \"args\", result = true, novel = \"exe\", by = [\"path\", \
         \"error\"], comm = \"novel-probe\" }}\n{UNLIMITED}"
    );
    let Some(setup) = Setup::alone(&config) else { return };
    let folder = setup.path("files");
    for name in ["a", "b"] {
        fs::create_dir_all(folder.join(name)).unwrap();
        fs::write(folder.join(name).join("file"), "").unwrap();
    }
    let daemon = setup.start();
    let script = "printf novel-probe > /proc/self/comm; cd \"$1\"; for i in 1 2 3; do
        : < a/file; : < b/file; for n in 1 2; do (: < a/none$n) 2> /dev/null; done; done; :";
    let status = Command::new("bash").args(["-c", script, "bash"]).arg(&folder).status().unwrap();
    let records = daemon.stop();
    assert!(status.success());
    let told: Vec<_> = of_kind(&records, "syscall")
        .into_iter()
        .filter(|record| record["message"].as_str().unwrap().contains("/files/"))
        .map(|record| (record["paths"][0].as_str().unwrap().to_owned(), record["errno"].clone()))
        .collect();
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let expected = [
        (file("a/file"), Value::Null),
        (file("b/file"), Value::Null),
        (file("a/none1"), Value::from("ENOENT")),
    ];
    assert_eq!(told, expected);
}
