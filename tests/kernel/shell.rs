//! Processes of trees that make a call on request.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use libbpf_rs::MapFlags;
use tailcalld::config::Filter;

use crate::filtered_call::trigger_line;
use crate::rig::Rig;

/// Returns a filter that selects the tree of the shell.
pub fn tree_of(shell: &Shell) -> Filter {
    Filter { pid_tree: Some(vec![shell.id()]), ..Filter::default() }
}

/// A shell that runs lines; it ends when dropped.
pub struct Shell(Child);

impl Shell {
    pub fn start() -> Self {
        let mut command = Command::new("sh");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Self(command.spawn().expect("a shell"))
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Runs a line, which prints nothing, to its end.
    pub fn run(&mut self, line: &str) {
        let input = self.0.stdin.as_mut().expect("its input");
        writeln!(input, "{line}; echo done").expect("it reads");
        let mut answer = String::new();
        let mut output = BufReader::new(self.0.stdout.as_mut().expect("its output"));
        output.read_line(&mut answer).expect("it answers");
        assert_eq!(answer, "done\n");
    }

    pub fn make_call(&mut self) {
        self.run(&trigger_line());
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// A process that makes a call on request.
pub struct Waiting {
    folder: tempfile::TempDir,
    pub pid: u32,
}

impl Waiting {
    /// Starts a grandchild of the shell. Its parent has ended.
    pub fn orphan(ancestor: &mut Shell) -> Self {
        Self::start(ancestor, "(", " &)")
    }

    /// Starts a child of the shell.
    pub fn child(parent: &mut Shell) -> Self {
        Self::start(parent, "", " & :")
    }

    fn start(shell: &mut Shell, before: &str, after: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let [start, done, pid] = ["start", "done", "pid"].map(path);
        // The process itself makes the call: no child is added to the tree meanwhile.
        let script = format!("echo $$ >{pid}; read line <{start}; exec {} >{done}", trigger_line());
        let process = format!("{before}sh -c '{script}' 2>/dev/null{after}");
        shell.run(&format!("mkfifo {start} {done} {pid}; {process}"));
        let pid = fs::read_to_string(pid).expect("it writes").trim().parse().expect("a number");
        Self { folder, pid }
    }

    pub fn make_call(self) {
        fs::write(self.folder.path().join("start"), "\n").expect("it reads");
        fs::read(self.folder.path().join("done")).expect("it ends");
    }
}

/// Writes an entry of the process trees for a process with that pid, which starts at that time.
pub fn put_member(rig: &Rig, pid: u32, start_ns: u64) {
    let value: Vec<u8> = [start_ns, 1, 0].into_iter().flat_map(u64::to_ne_bytes).collect();
    let members = rig.bpf.tree_members();
    members.update(&pid.to_ne_bytes(), &value, MapFlags::ANY).expect("room for an entry");
}
