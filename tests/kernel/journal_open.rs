//! Tests of the question whether a process has a file of the journal open.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use syscalls::Abi;

use crate::rig::{Rig, rig, slot};
use crate::root::in_first_pid_namespace;

/// A process whose standard input is a file, ended when dropped.
struct Reader(Child);

impl Reader {
    fn start(input: &Path) -> Self {
        let mut command = Command::new("sleep");
        command.arg("1000").stdin(File::open(input).expect("the file opens")).stdout(Stdio::null());
        Self(command.spawn().expect("sleep starts"))
    }

    /// Start of the process, as the event of its execve has it.
    fn start_ns(&self, rig: &Rig) -> u64 {
        let events = rig.events();
        let mut events = events.iter().map(|bytes| rig.event(bytes));
        events.find(|event| event.pid == self.0.id()).expect("an execve").process.start_ns
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn has_journal_open_is_true_for_regular_file_of_that_name_only() {
    needs_root!();
    if !in_first_pid_namespace() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [journal, other, directory] = ["system.journal", "system.journal~", "folder.journal"]
        .map(|name| folder.path().join(name));
    fs::write(&journal, "").expect("a file");
    fs::write(&other, "").expect("a file");
    fs::create_dir(&directory).expect("a directory");
    let rig = rig(&[(slot(Abi::Native, "execve"), "exec")]);
    for (input, expected) in [(&journal, true), (&other, false), (&directory, false)] {
        let reader = Reader::start(input);
        let start_ns = reader.start_ns(&rig);
        let begin = std::time::Instant::now();
        let is_open = rig.bpf.has_journal_open(reader.0.id(), start_ns);
        println!("{:?} to look at all open files", begin.elapsed());
        assert_eq!(is_open.expect("the kernel visits the files"), expected, "{}", input.display());
    }
}

#[test]
fn has_journal_open_is_false_for_reused_pid() {
    needs_root!();
    if !in_first_pid_namespace() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let journal = folder.path().join("system.journal");
    fs::write(&journal, "").expect("a file");
    let rig = rig(&[(slot(Abi::Native, "execve"), "exec")]);
    let reader = Reader::start(&journal);
    let earlier_ns = reader.start_ns(&rig) - 1;
    let is_open = rig.bpf.has_journal_open(reader.0.id(), earlier_ns);
    assert!(!is_open.expect("the kernel visits the files"));
}
