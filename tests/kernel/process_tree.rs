//! Filters by process tree.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use tailcalld::config::Filter;

use crate::counts::Counts;
use crate::filtered_call::{
    alone, apply, assert_filtered, assert_recorded, call, plan, trigger, trigger_line,
};
use crate::rig::{Rig, trigger_path};
use crate::root::in_first_pid_namespace;

fn tree_of(shell: &Shell) -> Filter {
    Filter { pid_tree: Some(vec![shell.id()]), ..Filter::default() }
}

/// A shell that runs lines; it ends when dropped.
struct Shell(Child);

impl Shell {
    fn start() -> Self {
        let mut command = Command::new("sh");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Self(command.spawn().expect("a shell"))
    }

    fn id(&self) -> u32 {
        self.0.id()
    }

    /// Runs a line, which prints nothing, to its end.
    fn run(&mut self, line: &str) {
        let input = self.0.stdin.as_mut().expect("its input");
        writeln!(input, "{line}; echo done").expect("it reads");
        let mut answer = String::new();
        let mut output = BufReader::new(self.0.stdout.as_mut().expect("its output"));
        output.read_line(&mut answer).expect("it answers");
        assert_eq!(answer, "done\n");
    }

    fn make_call(&mut self) {
        self.run(&trigger_line());
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// A process whose parent has ended, and that makes a call on request.
struct Orphan {
    folder: tempfile::TempDir,
}

impl Orphan {
    fn start(ancestor: &mut Shell) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let [start, done] = ["start", "done"].map(path);
        let script = format!("cat {start}; {}; echo >{done}", trigger_line());
        ancestor.run(&format!("mkfifo {start} {done}; (sh -c '{script}' >/dev/null &)"));
        Self { folder }
    }

    fn make_call(self) {
        fs::write(self.folder.path().join("start"), "").expect("it reads");
        fs::read(self.folder.path().join("done")).expect("it answers");
    }
}

#[test]
fn filter_pid_tree_matches_descendants_of_any_depth() {
    let Some(_alone) = alone() else { return };
    let (mut inside, mut outside) = (Shell::start(), Shell::start());
    let rig = Rig::new(&plan(tree_of(&inside)));
    assert_filtered(&rig, || outside.make_call());
    assert_recorded(&rig, || inside.make_call());
    let deep = format!("sh -c 'sh -c \"sh -c \\\"{}; true\\\"; true\"; true'", trigger_line());
    assert_recorded(&rig, || inside.run(&deep));
}

#[test]
fn filter_pid_tree_matches_orphan_that_began_after_filter() {
    let Some(_alone) = alone() else { return };
    let mut root = Shell::start();
    let orphan_before_filter = Orphan::start(&mut root);
    let rig = Rig::new(&plan(tree_of(&root)));
    let orphan = Orphan::start(&mut root);
    assert_recorded(&rig, || orphan.make_call());
    // No tree has this orphan: its parent had ended before the daemon looked for members.
    assert_filtered(&rig, || orphan_before_filter.make_call());
}

#[test]
fn filter_pid_tree_keeps_orphan_over_reload_with_same_tree() {
    let Some(_alone) = alone() else { return };
    let mut root = Shell::start();
    let mut rig = Rig::new(&plan(tree_of(&root)));
    let orphan = Orphan::start(&mut root);
    apply(&mut rig, &plan(tree_of(&root)));
    assert_recorded(&rig, || root.make_call());
    assert_recorded(&rig, || orphan.make_call());
}

#[test]
fn filter_pid_tree_drops_members_after_reload_with_other_tree() {
    let Some(_alone) = alone() else { return };
    let (mut before, mut after) = (Shell::start(), Shell::start());
    let mut rig = Rig::new(&plan(tree_of(&before)));
    let orphan = Orphan::start(&mut before);
    apply(&mut rig, &plan(tree_of(&after)));
    assert_filtered(&rig, || before.make_call());
    assert_filtered(&rig, || orphan.make_call());
    assert_recorded(&rig, || after.make_call());
}

#[test]
fn filter_pid_tree_lacks_process_that_reuses_pid() {
    // In another pid namespace, no process gets the pid in the first one again.
    if !in_first_pid_namespace() {
        return;
    }
    let Some(_alone) = alone() else { return };
    let mut root = Shell::start();
    let pid = root.id();
    let rig = Rig::new(&plan(tree_of(&root)));
    assert_recorded(&rig, || root.make_call());
    drop(root);
    // Other processes take pids, too: it may take some tries.
    let mut tries = 0;
    let make_calls = || {
        let is_reused = (1..1000).any(|_| {
            tries += 1;
            make_call_with_pid_after(pid - 1) == pid
        });
        assert!(is_reused, "no process got the pid {pid}");
    };
    let counts = Counts::during(&rig, call(), make_calls);
    assert_eq!(counts, Counts { filtered: tries, ..Counts::default() });
}

/// Makes a call in a process that gets the next free pid after `last`. Returns its pid.
fn make_call_with_pid_after(last: u32) -> u32 {
    let last_pid = "/proc/sys/kernel/ns_last_pid";
    fs::write(last_pid, last.to_string()).expect("the next pid (CAP_SYS_ADMIN)");
    let mut process = trigger(&trigger_path()).spawn().expect("it starts");
    assert!(process.wait().expect("it ends").success());
    process.id()
}
