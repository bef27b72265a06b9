//! Wakeups of a daemon that has nothing to do, counted by the kernel: a thread that wakes up goes to sleep again.

use std::fs;
use std::os::fd::AsFd as _;
use std::time::Duration;

use nix::unistd::{SysconfVar, sysconf};
use tailcalld::bpf::Mapping;
use tailcalld::bpf::types::selftest_event;

use crate::number::unused_number;
use crate::process::eventually;
use crate::rig::{Daemon, Setup};
use crate::self_test::map;

/// Header of a record in the ring, in bytes.
const HEADER: u64 = 8;

/// Self-tests that the tests wait for.
const TESTS: u64 = 4;

/// Counts of a daemon so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Observed {
    /// Times at which one of its threads went to sleep.
    sleeps: u64,
    /// Bytes that self-tests have put into the ring.
    ring: u64,
}

/// Returns the values of a field in the status of all threads.
fn of_threads(daemon: &Daemon, field: &str) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{}/task", daemon.pid())).unwrap();
    let status = |thread: fs::DirEntry| fs::read_to_string(thread.path().join("status")).ok();
    let texts: Vec<String> = threads.flatten().filter_map(status).collect();
    let value = |text: &String| {
        text.lines().find_map(|line| Some(line.strip_prefix(field)?.trim().to_owned()))
    };
    texts.iter().filter_map(value).collect()
}

fn sleeps(daemon: &Daemon) -> u64 {
    let counts = of_threads(daemon, "voluntary_ctxt_switches:");
    counts.iter().map(|count| count.parse::<u64>().unwrap()).sum()
}

/// Returns where the ring ends, in bytes since it was made.
fn end_of_ring() -> u64 {
    let page = usize::try_from(sysconf(SysconfVar::PAGE_SIZE).unwrap().unwrap()).unwrap();
    let ring = map("events");
    let producer = Mapping::part(ring.as_fd(), page, page.try_into().unwrap()).unwrap();
    producer.word(0).unwrap().load(std::sync::atomic::Ordering::SeqCst)
}

/// Observes the daemon while all of its threads sleep.
fn observe(daemon: &Daemon) -> Observed {
    let mut found = None;
    eventually("the daemon sleeps", || {
        let now = || Observed { sleeps: sleeps(daemon), ring: end_of_ring() };
        let before = now();
        let is_asleep = of_threads(daemon, "State:").iter().all(|state| state.starts_with('S'));
        found = (is_asleep && now() == before).then_some(before);
        found.is_some()
    });
    found.unwrap()
}

/// Returns the timeout in milliseconds with which the daemon waits for events; -1 is no timeout.
fn timeout(daemon: &Daemon) -> Option<i32> {
    let call = fs::read_to_string(format!("/proc/{}/syscall", daemon.pid())).unwrap();
    let word = call.split(' ').nth(4).and_then(|word| word.strip_prefix("0x"));
    word.map(|digits| u64::from_str_radix(digits, 16).unwrap() as u32 as i32)
}

/// Starts a daemon that writes lines. Another attachment would have a timer of its own.
fn start(options: &str, watchdog: Option<Duration>) -> Option<Daemon> {
    let number = unused_number();
    let config = format!(
        "[routes]\n{number} = {{ handler = \"args\"{options} }}\n[kernel]\nattach = \"tracepoint\"\n"
    );
    let setup = Setup::alone(&config)?;
    let mut command = setup.command(&[], "json");
    if let Some(watchdog) = watchdog {
        command.env("WATCHDOG_USEC", watchdog.as_micros().to_string());
    }
    let mut daemon = setup.spawn(command);
    daemon.records.next("started");
    Some(daemon)
}

#[test]
fn daemon_without_self_test_has_no_timer_and_never_wakes_up() {
    let number = unused_number();
    let config = format!(
        "[routes]\n{number} = \"args\"\n[kernel]\nattach = \"tracepoint\"\nself_test = \"none\"\n"
    );
    let Some(setup) = Setup::alone(&config) else { return };
    let daemon = setup.start();
    eventually("no timer is left", || timeout(&daemon) == Some(-1));
    let before = observe(&daemon);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(observe(&daemon), before);
    daemon.stop();
}

/// Asserts that the daemon wakes up once for each self-test, and for nothing else.
fn wakes_for_self_tests_only(daemon: Daemon) {
    let test = (HEADER + size_of::<selftest_event>() as u64).next_multiple_of(HEADER);
    // The programs that the start did not wait for, and the first reading of the counters.
    let begin = observe(&daemon);
    eventually("the start is over", || end_of_ring() >= begin.ring + 2 * test);
    let before = observe(&daemon);
    eventually("some self-tests", || end_of_ring() >= before.ring + TESTS * test);
    let after = observe(&daemon);
    assert_eq!(
        after.sleeps - before.sleeps,
        (after.ring - before.ring) / test,
        "{before:?} {after:?}"
    );
    daemon.stop();
}

#[test]
fn idle_daemon_wakes_up_once_for_each_self_test() {
    let Some(daemon) = start("", None) else { return };
    wakes_for_self_tests_only(daemon);
}

#[test]
fn watchdog_wakes_no_daemon_that_makes_self_tests() {
    // Half of it is between two self-tests.
    let Some(daemon) = start("", Some(Duration::from_millis(2_500))) else { return };
    wakes_for_self_tests_only(daemon);
}

#[test]
fn process_tree_wakes_no_daemon_that_makes_self_tests() {
    let Some(daemon) = start(", pid_tree = 1", None) else { return };
    wakes_for_self_tests_only(daemon);
}
