//! `--output export`, read by systemd's own reader of the format.

use std::fs;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::number::unused_number;
use crate::process::{Process, eventually, trigger};
use crate::rig::{Setup, UNLIMITED};

const READER: &str = "/lib/systemd/systemd-journal-remote";

/// Returns the entries of a journal file.
fn entries(file: &std::path::Path) -> Vec<Value> {
    let mut command = Command::new("journalctl");
    command.args(["--all", "--output", "json", "--file"]).arg(file).stderr(Stdio::null());
    let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A path with a line break and other bytes that have a meaning in the format, and calls by number.
#[test]
fn exported_entries_are_read_by_journal_remote_as_they_were_written() {
    let number = unused_number();
    let config = format!("[routes]\n{number} = \"args\"\nunlinkat = \"args\"\n{UNLIMITED}");
    let Some(setup) = Setup::new(&config) else { return };
    let mut daemon = Process::spawn(setup.command(&[], "export").stdout(Stdio::piped()));
    let file = setup.path("exported.journal");
    let mut reader = Command::new(READER);
    reader.arg(format!("--output={}", file.display())).arg("-").stdin(daemon.stdout());
    let mut reader = Process::spawn(&mut reader);
    eventually("the record of the start is in the file", || {
        entries(&file).iter().any(|entry| !entry["TAILCALLD_VERSION"].is_null())
    });
    let name = trigger(&["times", "500", "native", &number, "nth"]);
    let path = "/nonexistent/a\nMESSAGE=forged\n\nb";
    trigger(&["native", "263", "-100", &format!("text:{path}"), "0"]);
    daemon.signal(Signal::SIGTERM);
    assert_eq!(daemon.wait().code(), Some(0));
    assert_eq!(reader.wait().code(), Some(0));

    let entries = entries(&file);
    let is_call = |entry: &&Value| entry["SYSCALL_COMM"] == name.as_str();
    let calls: Vec<_> = entries.iter().filter(is_call).collect();
    assert_eq!(calls.len(), 500);
    let unlinked = entries.iter().filter(|entry| entry["SYSCALL_NAME"] == "unlinkat");
    let unlinked: Vec<_> = unlinked.filter(|entry| entry["SYSCALL_PATH"] == path).collect();
    assert_eq!(unlinked.len(), 1, "{entries:?}");
    assert!(entries.iter().all(|entry| entry["MESSAGE"] != "forged"));
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let boot = boot.trim().replace('-', "");
    let pid = daemon.id().to_string();
    for entry in &entries {
        assert_eq!(
            (&entry["_BOOT_ID"], &entry["_PID"]),
            (&boot.as_str().into(), &pid.as_str().into())
        );
    }
}
