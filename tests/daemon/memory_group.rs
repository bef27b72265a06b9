//! Cgroups that limit memory, as `MemoryMax=` of a service does, and what the kernel ends there.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use nix::sys::signal::Signal;

use crate::gap::Run;
use crate::kernel_objects::KernelObjects;
use crate::number::unused_number;
use crate::process::{Process, eventually, trigger};
use crate::records::{Total, counted, declared_lost, events_of, of_kind, record};
use crate::rig::{Setup, UNLIMITED, reload_by_client};
use crate::root::needs;

/// Smallest limit in which the daemon works: docs/architecture.md, "Memory".
const SMALL: u64 = 64 << 20;

/// A cgroup with a memory limit.
pub struct Group(PathBuf);

impl Group {
    /// Creates the cgroup; returns `None`, and prints so, where cgroups do not limit memory.
    pub fn new(bytes: u64) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tailcalld-test-{}-{}", std::process::id(), NEXT.fetch_add(1, SeqCst));
        let places =
            [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")];
        let made = places.into_iter().find_map(|(root, limit)| {
            let group = Self(Path::new(root).join(&name));
            let is_made = fs::create_dir(&group.0).is_ok();
            (is_made && fs::write(group.0.join(limit), bytes.to_string()).is_ok()).then_some(group)
        });
        needs(made.is_some(), "cgroups that limit memory");
        made
    }

    /// Returns the words in front of a command that runs in the cgroup.
    pub fn prefix(&self) -> [&str; 4] {
        let path = self.0.to_str().unwrap();
        ["sh", "-c", "echo $$ >\"$0/cgroup.procs\" && exec \"$@\"", path]
    }

    /// Returns the number of processes that the kernel has ended because of the limit.
    fn kills(&self) -> u64 {
        let files = ["memory.oom_control", "memory.events"].map(|name| self.0.join(name));
        let text = files.iter().find_map(|file| fs::read_to_string(file).ok()).unwrap();
        text.lines().find_map(|line| line.strip_prefix("oom_kill ")).unwrap().parse().unwrap()
    }

    /// Takes all memory of the cgroup, until the kernel ends the process that does.
    fn exhaust(&self) {
        let [program, words @ ..] = self.prefix();
        let mut command = Command::new(program);
        command.args(words).args(["tail", "/dev/zero"]).stdout(Stdio::null());
        assert_eq!(Process::spawn(&mut command).wait().signal(), Some(Signal::SIGKILL as i32));
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn daemon_within_64_mib_survives_flood() {
    const CALLS: u64 = 4 * 100_000;
    let number = unused_number();
    let config =
        format!("[routes]\n{number} = {{ handler = \"args\", result = true }}\n{UNLIMITED}");
    let Some(setup) = Setup::alone(&config) else { return };
    let Some(group) = Group::new(SMALL) else { return };
    let mut command = setup.command(&group.prefix(), "json");
    // A file, which takes all records: the rest of a pipe that nobody reads is lost at the stop.
    let path = setup.path("records");
    let mut daemon = Process::spawn(command.stdout(File::create(&path).unwrap()));
    eventually("the daemon starts", || fs::metadata(&path).unwrap().len() > 0);
    let name = trigger(&["threads", &(CALLS / 4).to_string(), "native", &number, "nth"]);
    daemon.signal(Signal::SIGTERM);
    assert_eq!(daemon.wait().code(), Some(0));
    let records: Vec<_> = fs::read_to_string(&path).unwrap().lines().map(record).collect();
    let written = counted(&events_of(&records, &name), "0").len() as u64;
    let lost = declared_lost(&records);
    let totals = Total::of(records.last().unwrap(), &format!("#{number}"));
    assert_eq!(totals, Total { seen: CALLS, written, lost, ..Total::default() });
    assert_eq!(group.kills(), 0);
}

/// The daemon is the first that the kernel ends, so that the memory that another process takes is missing here.
#[test]
fn oom_kill_is_gap_of_next_start_and_leaves_nothing() {
    let number = unused_number();
    let Some(setup) = Setup::alone(&format!("[routes]\n{number} = \"args\"\n")) else { return };
    let Some(group) = Group::new(SMALL) else { return };
    let mut prefix = group.prefix().to_vec();
    prefix.extend(["choom", "-n", "1000", "--"]);
    let mut command = setup.command(&prefix, "json");
    let mut run = Run::spawn(command.stdout(Stdio::piped()));
    run.records.next("started");
    // The thread that loads programs has ended: without memory, it would end the daemon with an error.
    reload_by_client(&setup);
    let objects = KernelObjects::of(run.pid());
    group.exhaust();
    assert_eq!(run.wait().signal(), Some(Signal::SIGKILL as i32));
    assert!(group.kills() >= 2, "{}", group.kills());
    objects.are_gone();

    let mut next = Run::start(&setup);
    let records = next.records.until("started");
    let [gap] = of_kind(&records, "gap")[..] else { panic!("one record") };
    assert_eq!(gap["reason"], "crash");
    let name = trigger(&["times", "50", "native", &number, "nth"]);
    let events: Vec<_> = (0..50).map(|_| next.records.next("syscall")).collect();
    assert_eq!(counted(&events_of(&events, &name), "0"), (0..50).collect());
    assert_eq!(next.end_with_status(Signal::SIGTERM).code(), Some(0));
}
