//! A real journald at the other end: no record of ours makes another, and neither a deaf nor a
//! killed journald costs an event that is not accounted for.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;
use tailcalld::sink::kind;

use crate::journald::Journald;
use crate::notify::Manager;
use crate::number::unused_number;
use crate::rig::{Process, Setup, Trigger, eventually, trigger};

/// What the daemon is called here, so that it is no other.
const NAME: &str = "tailcalld-here";

/// How long an output must be away to be told of: `ABSENCE_NS` in src/daemon/output.rs.
const ABSENCE: Duration = Duration::from_secs(1);

/// Datagrams that wait in journald's socket die with the process that holds it: as many as the
/// queue takes (net.unix.max_dgram_qlen of the rig), one beyond by the kernel's reckoning, and one
/// that journald has in its hands.
const IN_FLIGHT: u64 = 512 + 1 + 1;

/// A daemon and its journald.
struct Run {
    journald: Journald,
    daemon: Process,
    _setup: Setup,
}

impl Run {
    fn start(config: &str) -> Option<Self> {
        Self::managed(config).map(|(run, _)| run)
    }

    fn managed(config: &str) -> Option<(Self, Manager)> {
        let setup = Setup::alone("")?;
        let journald = Journald::start()?;
        let socket = journald.socket();
        setup.write(&format!("{config}[journal]\nsocket = \"{}\"\n", socket.display()));
        let alias = setup.path(NAME);
        symlink(Path::new(env!("CARGO_BIN_EXE_tailcalld")), &alias).unwrap();
        let manager = Manager::new(&setup);
        let mut command = setup.command_of(&alias, &[], "journal");
        let daemon = Process::spawn(command.env("NOTIFY_SOCKET", manager.path()));
        manager.until("READY=1");
        Some((Self { journald, daemon, _setup: setup }, manager))
    }

    /// Waits until the journal has that many entries that match.
    fn wait_for(&self, matched: &str, count: usize) {
        let found = || self.journald.query(&["-o", "json", "--output-fields=MESSAGE_ID", matched]);
        eventually(matched, || found().len() == count);
    }

    /// Waits until nothing is due any more, and only something that happens can wake the daemon.
    fn daemon_sleeps(&self) {
        let path = format!("/proc/{}/syscall", self.daemon.id());
        eventually("the daemon waits without an end", || {
            // Number and arguments; the fourth of epoll_wait and its kin is the timeout, an int.
            let call = std::fs::read_to_string(&path).unwrap();
            call.split(' ').nth(4).is_some_and(|timeout| timeout.ends_with("ffffffff"))
        });
    }

    /// Ends the daemon; all that is in the journal.
    fn finish(mut self) -> Entries {
        self.daemon.signal(Signal::SIGTERM);
        assert_eq!(self.daemon.wait().code(), Some(0));
        // journald takes them in order: behind the last one there is none.
        self.wait_for(&format!("MESSAGE_ID={}", kind::STOPPED.id), 1);
        Entries(self.journald.query(&["-o", "json", "--all", "SYSLOG_IDENTIFIER=tailcalld"]))
    }
}

struct Entries(Vec<Value>);

impl Entries {
    fn of(&self, kind: &kind::Kind) -> Vec<&Value> {
        self.0.iter().filter(|entry| entry["MESSAGE_ID"] == kind.id).collect()
    }

    /// Events of tasks with that name.
    fn by(&self, comm: &str) -> Vec<&Value> {
        let events = self.of(&kind::SYSCALL).into_iter();
        events.filter(|event| event["SYSCALL_COMM"] == comm).collect()
    }

    /// What the trigger's `nth` argument was, in the journal's order.
    fn nths(&self, name: &str) -> Vec<u64> {
        let nth = |event: &Value| {
            let text = event["SYSCALL_ARG_0"].as_str().unwrap().to_owned();
            u64::from_str_radix(text.strip_prefix("0x").unwrap_or(&text), 16).unwrap()
        };
        self.by(name).into_iter().map(nth).collect()
    }

    fn declared_lost(&self) -> u64 {
        self.of(&kind::LOST).into_iter().map(lost).sum()
    }
}

fn lost(entry: &Value) -> u64 {
    entry["TAILCALLD_LOST"].as_str().unwrap().parse().unwrap()
}

#[test]
fn our_records_make_no_records() {
    const CALLS: u64 = 1_000;
    let number = unused_number();
    let busy = ["openat", "sendmsg", "sendto", "recvmsg", "epoll_wait", "read", "write"];
    let routes = busy.map(|name| format!("{name} = \"args\"\n")).concat();
    let config = format!("[routes]\n{routes}{number} = \"args\"\n[ring]\nsize = \"64MiB\"\n");
    let Some(run) = Run::start(&config) else { return };
    let name = trigger(&["times", &CALLS.to_string(), "native", &number, "nth"]);
    // With the table still live, so that the calls of writing them go through it, too.
    run.wait_for(&format!("SYSCALL_NR={number}"), CALLS as usize);
    let journald_pid = run.journald.pid().to_string();
    let entries = run.finish();

    assert_eq!(entries.nths(&name), (0..CALLS).collect::<Vec<_>>());
    assert_eq!(entries.by(NAME).len(), 0, "{:?}", entries.by(NAME).first());
    // Containers on this machine have journalds of their own, which are nobody's output.
    let mut events = entries.by("systemd-journal").into_iter();
    assert_eq!(events.find(|event| event["SYSCALL_PID"] == journald_pid), None);
    // It came to rest: all that was ever due is in the journal, and nothing came behind the end.
    let totals = entries.of(&kind::STOPPED)[0]["TAILCALLD_TOTAL"].clone();
    assert_eq!(column(&totals, "written"), entries.of(&kind::SYSCALL).len() as u64);
    assert_eq!(column(&totals, "lost"), entries.declared_lost());
    assert!(column(&totals, "excluded") > CALLS, "our own calls were seen: {totals}");
}

/// The sum of a column of the books.
fn column(totals: &Value, name: &str) -> u64 {
    let rows = totals.as_array().cloned().unwrap_or_else(|| vec![totals.clone()]);
    let word = |row: &Value| {
        let words: Vec<_> = row.as_str().unwrap().split(' ').map(str::to_owned).collect();
        let found = words.iter().find_map(|word| word.strip_prefix(&format!("{name}=")));
        found.unwrap().parse::<u64>().unwrap()
    };
    rows.iter().map(word).sum()
}

#[test]
fn a_deaf_journald_gets_everything_later_in_order() {
    const CALLS: u64 = 5_000;
    let number = unused_number();
    let Some(run) = Run::start(&format!("[routes]\n{number} = \"args\"\n")) else { return };
    run.journald.signal(Signal::SIGSTOP);
    let name = trigger(&["times", &CALLS.to_string(), "native", &number, "nth"]);
    run.journald.signal(Signal::SIGCONT);
    run.wait_for(&format!("SYSCALL_NR={number}"), CALLS as usize);
    let entries = run.finish();
    assert_eq!(entries.nths(&name), (0..CALLS).collect::<Vec<_>>());
    assert_eq!(entries.declared_lost(), 0);
}

#[test]
fn what_the_ring_cannot_hold_for_a_deaf_journald_is_declared() {
    let number = unused_number();
    let config = format!("[routes]\n{number} = \"args\"\n[ring]\nsize = \"64KiB\"\n");
    let Some(run) = Run::start(&config) else { return };
    run.journald.signal(Signal::SIGSTOP);
    let names = for_a_while(&number);
    run.journald.signal(Signal::SIGCONT);
    run.wait_for(&format!("MESSAGE_ID={}", kind::SINK_BACK.id), 1);
    let entries = run.finish();

    let arrived: usize = names.iter().map(|name| entries.nths(name).len()).sum();
    assert_eq!(arrived as u64 + entries.declared_lost(), names.len() as u64 * BATCH);
    let [back] = entries.of(&kind::SINK_BACK)[..] else { panic!("told once") };
    assert_eq!(back["TAILCALLD_OUTPUT"], "journald");
}

#[test]
fn a_restarted_journald_loses_what_was_in_its_own_queue_and_no_more() {
    let number = unused_number();
    let config = format!("[routes]\n{number} = \"args\"\n[ring]\nsize = \"64KiB\"\n");
    let Some(mut run) = Run::start(&config) else { return };
    let load = Trigger::start(&["threads", "5000", "native", &number, "nth"]);
    run.journald.kill();
    let mut names = for_a_while(&number);
    run.journald.restart();
    let made = 4 * 5000 + names.len() as u64 * BATCH;
    names.push(load.end());
    run.wait_for(&format!("MESSAGE_ID={}", kind::SINK_BACK.id), 1);
    let after = trigger(&["times", "100", "native", &number, "nth"]);
    let entries = run.finish();

    let mut arrived = 0;
    for name in &names {
        let mut nths = entries.nths(name);
        arrived += nths.len() as u64;
        nths.sort_unstable();
        nths.dedup();
        assert_eq!(nths.len(), entries.nths(name).len(), "an event came twice");
    }
    let accounted = arrived + entries.declared_lost();
    assert!(accounted <= made, "{accounted} of {made}");
    assert!(made - accounted <= IN_FLIGHT, "{accounted} of {made}");
    assert_eq!(entries.nths(&after), (0..100).collect::<Vec<_>>());
    let [back] = entries.of(&kind::SINK_BACK)[..] else { panic!("told once") };
    assert_eq!(back["TAILCALLD_OUTPUT"], "journald");
    assert!(lost(back) > 0, "the ring is too small for all: {back}");
}

/// The record of a reload finds journald back before the loop has tried again: events must flow all
/// the same.
#[test]
fn a_reload_does_not_hide_that_journald_is_back() {
    let number = unused_number();
    let config = format!("[routes]\n{number} = \"args\"\n");
    let Some((mut run, manager)) = Run::managed(&config) else { return };
    run.journald.kill();
    let before = trigger(&["times", "50", "native", &number, "nth"]);
    // The first event waits in the output, the others in the ring.
    manager.until("STATUS=1 routes, generation 1: 1 events written, 0 lost");
    run.daemon.signal(Signal::SIGSTOP);
    run.journald.restart();
    run.daemon.signal(Signal::SIGHUP);
    run.daemon.signal(Signal::SIGCONT);
    run.wait_for(&format!("MESSAGE_ID={}", kind::RELOADED.id), 1);
    run.daemon_sleeps();
    let after = trigger(&["times", "50", "native", &number, "nth"]);
    run.wait_for(&format!("SYSCALL_NR={number}"), 100);
    let entries = run.finish();
    for name in [before, after] {
        assert_eq!(entries.nths(&name), (0..50).collect::<Vec<_>>());
    }
}

/// Calls in each round of `for_a_while`.
const BATCH: u64 = 1_000;

/// Calls while the output is away, for as long as makes it worth a record.
fn for_a_while(number: &str) -> Vec<String> {
    let mut names = vec![trigger(&["times", &BATCH.to_string(), "native", number, "nth"])];
    let begin = Instant::now();
    while begin.elapsed() <= ABSENCE + ABSENCE / 4 {
        names.push(trigger(&["times", &BATCH.to_string(), "native", number, "nth"]));
    }
    names
}
