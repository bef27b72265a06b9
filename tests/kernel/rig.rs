//! Loads the real object into the running kernel, applies a table, runs the trigger, and returns the events of
//! the processes that it started.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use syscalls::{Abi, Slot, number};
use tailcalld::config::{AttachTo, Part, Pattern};
use tailcalld::decode::{Event, Header, RingRecord, SyscallExit};
use tailcalld::handlers::Handlers;
use tailcalld::load::{self, Attach, AttachMode, Bpf, Rings, Wanted};
use tailcalld::plan::{Plan, Routes, Rule};
use tailcalld::ring::{Consumer, Flow, Rest};
use tailcalld::stats::KernelCounters;
use tailcalld::table::Table;

pub use crate::root::privileged;

/// Returns the tracepoint that the daemon would choose, or the attach point that `TAILCALLD_TEST_ATTACH` names.
/// Functions only if named: other processes on the machine make the syscalls that have functions, too.
fn choice() -> AttachMode {
    static CHOICE: OnceLock<AttachMode> = OnceLock::new();
    CHOICE.get_or_init(choose).clone()
}

fn choose() -> AttachMode {
    let requested = std::env::var("TAILCALLD_TEST_ATTACH");
    let of_tracepoint =
        |attach| AttachMode::with_tracepoint(attach, "chosen by the test".to_owned());
    let made = |wanted| AttachMode::choose(wanted, &Routes::new()).expect("this kernel has it");
    match requested.as_deref() {
        Ok("raw_tp") => of_tracepoint(Attach::RawTracepoint),
        Ok("tp") => of_tracepoint(Attach::Tracepoint),
        Ok("function") => made(AttachTo::Function),
        Ok("session") => AttachMode::with_sessions().expect("this kernel has it"),
        Ok("fentry") => AttachMode::with_fentry().expect("this kernel has it"),
        Ok(other) => {
            panic!(
                "TAILCALLD_TEST_ATTACH={other}: raw_tp, tp, function, session or fentry is meant"
            )
        }
        Err(_) => made(AttachTo::Tracepoint),
    }
}

/// Returns whether the dispatcher is attached to functions.
pub fn at_functions() -> bool {
    choice().attach.is_at_functions()
}

/// Returns whether one link serves the entry and the return of calls.
pub fn at_sessions() -> bool {
    choice().attach == Attach::Session
}

/// A table in the kernel with its dispatcher attached; removed when dropped.
pub struct Rig {
    pub bpf: Bpf<'static>,
    pub table: Table,
    consumer: Consumer<'static>,
    records: Rc<RefCell<Vec<Vec<u8>>>>,
}

impl Rig {
    pub fn new(plan: &Plan) -> Self {
        Self::with_ring(plan, 4 * 1024 * 1024)
    }

    pub fn with_ring(plan: &Plan, ring_bytes: u32) -> Self {
        Self::of_tables(&[plan], ring_bytes)
    }

    /// With several rings, which `Rings::of_groups` makes.
    pub fn with_rings(plan: &Plan, rings: Rings) -> Self {
        Self::load(&[plan], rings)
    }

    /// Applies the first of these tables, and has the programs of all of them: a load beside other calls makes the
    /// kernel skip some, and takes descriptors.
    pub fn of_tables(plans: &[&Plan], ring_bytes: u32) -> Self {
        Self::load(plans, Rings::one(ring_bytes))
    }

    fn load(plans: &[&Plan], rings: Rings) -> Self {
        // `Bpf` borrows the object, and a struct cannot borrow from itself: it is leaked, one a test. The
        // kernel's objects are removed when `bpf` is dropped.
        let object = Box::leak(Box::new(MaybeUninit::uninit()));
        let wanted = Wanted::OnDemand(plans);
        let mut bpf = load::load(object, rings, choice(), wanted).expect("the object loads");
        let records = Rc::new(RefCell::new(Vec::new()));
        let sink = Rc::clone(&records);
        let consumer = Consumer::open(&bpf, move |bytes| {
            sink.borrow_mut().push(bytes.to_vec());
            Flow::Continue
        });
        bpf.follow_cgroups().expect("the programs that follow cgroups attach");
        let mut table = Table::new();
        table.apply(&mut bpf, plans[0]).expect("the plan is wired and the dispatcher attached");
        Self { bpf, table, consumer: consumer.expect("the ring opens"), records }
    }

    pub fn handlers(&self) -> &Handlers {
        &self.bpf.handlers
    }

    /// Returns all records so far.
    pub fn records(&self) -> Vec<Vec<u8>> {
        while self.consumer.turn() == Rest::None {}
        self.records.take()
    }

    /// Returns the events of so many turns, for a ring that never runs empty.
    pub fn events_of(&self, turns: usize) -> Vec<Vec<u8>> {
        for _ in 0..turns {
            self.consumer.turn();
        }
        self.only_events(self.records.take())
    }

    /// Returns all events so far, without the records of new and removed cgroups.
    pub fn events(&self) -> Vec<Vec<u8>> {
        self.only_events(self.records())
    }

    pub fn only_events(&self, mut records: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        records.retain(|bytes| matches!(RingRecord::decode(bytes), Ok(RingRecord::Syscall(_))));
        records
    }

    /// Runs the trigger and returns its events, without its own start.
    pub fn trigger(&self, words: &[&str]) -> Vec<Vec<u8>> {
        self.trigger_with_output(words).0
    }

    /// Runs the trigger and returns its events and its output.
    pub fn trigger_with_output(&self, words: &[&str]) -> (Vec<Vec<u8>>, String) {
        let name = unique_name();
        let output = run_trigger_as(&name, words);
        let records = self.records().into_iter().filter(|bytes| self.is_of(bytes, &name)).collect();
        (records, output)
    }

    /// Runs a program, which is to have that name in `TRIGGER_NAME`, and returns the events of the trigger.
    pub fn trigger_by(&self, run: impl FnOnce(&str)) -> Vec<Vec<u8>> {
        let name = unique_name();
        run(&name);
        self.records().into_iter().filter(|bytes| self.is_of(bytes, &name)).collect()
    }

    /// Runs the trigger and returns its records, those of the returns included.
    pub fn trigger_all(&self, words: &[&str]) -> Vec<Vec<u8>> {
        self.trigger_all_with(words, Stdio::null())
    }

    /// Does the same with that input.
    pub fn trigger_all_with(&self, words: &[&str], input: Stdio) -> Vec<Vec<u8>> {
        let name = unique_name();
        run_trigger_with(&name, words, input);
        let records = self.records();
        let events = records.iter().filter(|bytes| self.is_of(bytes, &name));
        let threads: BTreeSet<u32> = events.map(|bytes| self.event(bytes).tid).collect();
        let is_exit = |bytes: &[u8]| match RingRecord::decode(bytes) {
            Ok(RingRecord::Exit(exit) | RingRecord::Unexecuted(exit)) => {
                threads.contains(&exit.tid)
            }
            _ => false,
        };
        records.iter().filter(|bytes| self.is_of(bytes, &name) || is_exit(bytes)).cloned().collect()
    }

    /// Returns the records of one turn.
    pub fn turn(&self) -> Vec<Vec<u8>> {
        self.consumer.turn();
        self.records.take()
    }

    /// Reads the ring until the consumer may rest in that way.
    pub fn rest(&self, until: impl Fn(Rest) -> bool) {
        while !until(self.consumer.turn()) {}
    }

    /// Stops the consumer until the next read.
    pub fn pause(&self) {
        self.consumer.pause();
    }

    /// Waits until the consumer is woken, 5 s at most, and returns whether it was.
    pub fn is_woken(&self) -> bool {
        let mut fds = [PollFd::new(self.consumer.fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::from(5000u16)).expect("the ring can be polled") == 1
    }

    /// Returns whether a wakeup is pending.
    pub fn is_readable(&self) -> bool {
        let mut fds = [PollFd::new(self.consumer.fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::ZERO).expect("the ring can be polled") == 1
    }

    fn is_of(&self, bytes: &[u8], name: &str) -> bool {
        match RingRecord::decode(bytes) {
            Ok(RingRecord::Syscall(_)) => self.event(bytes).comm == name.as_bytes(),
            Ok(_) => false,
            Err(error) => panic!("the kernel wrote what cannot be decoded: {error}"),
        }
    }

    /// Returns the pid of the test process in the initial namespace.
    pub fn own_pid(&self) -> u32 {
        self.bpf.shared.self_tgid().load(SeqCst)
    }

    /// Returns the event as it was at the entry of its call.
    pub fn event<'a>(&'a self, bytes: &'a [u8]) -> Event<'a> {
        self.completed(bytes, None)
    }

    /// Returns the event with what was added at the exit of its call.
    pub fn completed<'a>(&'a self, bytes: &'a [u8], exit: Option<&SyscallExit<'a>>) -> Event<'a> {
        let event = Event::decode(&header(bytes), bytes, exit, self.handlers());
        event.unwrap_or_else(|error| panic!("the kernel wrote what cannot be decoded: {error}"))
    }

    /// Returns the counters of a slot, summed over all CPUs.
    pub fn counters(&self, slot: Slot) -> KernelCounters {
        self.bpf.counters.of(slot)
    }

    /// Checks that no call was missed, other than by the kernel's own skips. The kernel skips only programs of raw
    /// tracepoints, from Linux 7.2 on, and of fentry while it preempts its tasks; its counter includes the syscalls of
    /// all tasks.
    pub fn assert_seen(&self, made: u64, seen: u64) {
        self.assert_seen_but(made, seen, false);
    }

    /// Checks the same beside bpf(2) calls that change maps: while a task that makes one is preempted, the kernel skips
    /// the programs at the classic tracepoint and at functions on its CPU, and counts them (6.18).
    pub fn assert_seen_beside_updates(&self, made: u64, seen: u64) {
        self.assert_seen_but(made, seen, is_preemptible());
    }

    fn assert_seen_but(&self, made: u64, seen: u64, is_updated: bool) {
        let skipped = self.bpf.recursion_misses().expect("the kernel counts them");
        let may_skip = match self.bpf.way_to_attach() {
            Attach::RawTracepoint => kernel() >= (7, 2),
            Attach::Fentry => is_preemptible(),
            Attach::Tracepoint | Attach::Function | Attach::Session => is_updated,
        };
        assert!(skipped == 0 || may_skip, "{skipped} calls skipped");
        assert!(seen <= made, "{seen} of {made} calls: does this test run twice at once?");
        let missing = made - seen;
        assert!(missing <= skipped, "{missing} of {made} calls are missing, {skipped} skipped");
    }
}

/// Returns whether the kernel preempts its tasks now.
fn is_preemptible() -> bool {
    let modes = std::fs::read_to_string("/sys/kernel/debug/sched/preempt").unwrap_or_default();
    modes.contains("(full)") || modes.contains("(lazy)")
}

/// Returns the header of an event.
pub fn header(bytes: &[u8]) -> Header {
    match RingRecord::decode(bytes) {
        Ok(RingRecord::Syscall(header)) => header,
        other => panic!("not an event: {other:?}"),
    }
}

/// Returns the version of the running kernel.
pub fn kernel() -> (u32, u32) {
    let release = nix::sys::utsname::uname().expect("a kernel").release().to_owned();
    let release = release.to_string_lossy();
    let mut numbers = release.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// Scales the count of a large test down by TAILCALLD_TEST_DIVISOR, for emulated processors.
pub fn scaled(count: u64) -> u64 {
    let divisor = std::env::var("TAILCALLD_TEST_DIVISOR").map(|text| text.parse());
    count / divisor.unwrap_or(Ok(1)).expect("TAILCALLD_TEST_DIVISOR is a number")
}

pub fn trigger_path() -> PathBuf {
    let test = std::env::current_exe().expect("the test has a path");
    let folder = test.parent().and_then(|deps| deps.parent()).expect("target/PROFILE/deps");
    folder.join("examples/trigger")
}

/// Runs the trigger to its end.
pub fn run_trigger(words: &[&str]) {
    run_trigger_as(&unique_name(), words);
}

fn run_trigger_as(name: &str, words: &[&str]) -> String {
    run_trigger_with(name, words, Stdio::null())
}

fn run_trigger_with(name: &str, words: &[&str], input: Stdio) -> String {
    let mut command = Command::new(trigger_path());
    command.args(words).env("TRIGGER_NAME", name).stdin(input).stderr(Stdio::inherit());
    let output = command.output().expect("the trigger starts (built by `cargo build --examples`)");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Returns a comm for the trigger, by which a test finds its own events: tests run in parallel.
fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}{}", name_begin(), NEXT.fetch_add(1, SeqCst))
}

/// Returns what the names of this process's triggers begin with.
fn name_begin() -> String {
    format!("{:x}-", std::process::id())
}

/// Returns a rig that records the calls of triggers only: of a whole machine, some syscalls fill the ring.
#[allow(dead_code)] // not every test target has such calls
pub fn rig_of_triggers(wanted: &[(Slot, &str)]) -> Rig {
    let mut plan = routes(&load::handlers().expect("the object opens"), wanted);
    for rule in plan.routes.values_mut().flat_map(|route| &mut route.rules) {
        let begin = Pattern { text: name_begin(), part: Part::Begin, is_excluded: false };
        rule.filter.comm = Some(vec![begin]);
    }
    Rig::new(&plan)
}

/// Ends the test at once where no syscall with an unknown number gets as far as the tracepoint.
macro_rules! needs_unknown_syscalls {
    () => {
        if $crate::rig::filtered() {
            return;
        }
    };
}

/// Ends the test at once where the dispatcher cannot see operations of io_uring.
macro_rules! needs_operations {
    () => {
        if $crate::rig::at_fentry() {
            return;
        }
    };
}

/// Returns whether the dispatcher is attached by fentry.
pub fn at_fentry() -> bool {
    choice().attach == Attach::Fentry
}

/// Returns whether the dispatcher is attached to functions, and this slot has none.
pub fn lacks_function(slot: Slot) -> bool {
    let choice = choice();
    choice.attach.is_at_functions() && choice.functions.of(slot).is_none()
}

/// Returns whether a seccomp filter, as containers have it, ends unknown syscalls before the tracepoint.
pub fn filtered() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("our own status");
    if status.lines().any(|line| line == "Seccomp:\t0") {
        return false;
    }
    let reason = "SKIPPED: a seccomp filter refuses unknown syscall numbers here";
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{reason}");
    eprintln!("{reason}");
    true
}

/// Returns a slot whose number no kernel has assigned: only the test that chose it makes the call, which fails
/// with ENOSYS. Such a number has no function: where the dispatcher is attached to functions, it is a syscall that
/// only reads and that no other process in a guest makes.
pub fn own_slot(number: u16) -> Slot {
    assert!((480..511).contains(&number), "numbers that are free");
    if at_functions() {
        return slot(Abi::Native, RARE[usize::from(number) - 480]);
    }
    Slot::new(Abi::Native, number).expect("within the table")
}

const RARE: [&str; 23] = [
    "getpriority",
    "getresuid",
    "getresgid",
    "timer_getoverrun",
    "sched_getparam",
    "sched_getscheduler",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "sched_getattr",
    "kcmp",
    "mq_getsetattr",
    "sched_rr_get_interval",
    "get_robust_list",
    "capget",
    "get_mempolicy",
    "rt_sigpending",
    "getrusage",
    "getitimer",
    "clock_getres",
    "getsid",
    "getcpu",
    "getgroups",
    "times",
];

pub fn slot(abi: Abi, name: &str) -> Slot {
    Slot::new(abi, number(abi, name).expect("a known syscall")).expect("within the table")
}

/// Returns a plan of routes with the handlers' defaults.
pub fn routes(handlers: &Handlers, wanted: &[(Slot, &str)]) -> Plan {
    let routes = wanted.iter().map(|&(slot, handler)| {
        let handler = handlers.named(handler).expect("a known handler");
        let name = slot.name().unwrap_or_default();
        let variant = handler.syscalls.iter().position(|syscall| syscall == name).unwrap_or(0);
        let rule = Rule {
            handler: handler.id,
            records: handler.records(),
            variant: u8::try_from(variant).expect("few variants"),
            priority: 6,
            argv_bytes: 4096,
            buffer_bytes: 32,
            ..Rule::nothing()
        };
        (slot, rule.into())
    });
    Plan { routes: routes.collect::<BTreeMap<_, _>>(), ..Plan::default() }
}

/// Returns a rig for those routes.
pub fn rig(wanted: &[(Slot, &str)]) -> Rig {
    Rig::new(&routes(&load::handlers().expect("the object opens"), wanted))
}

/// Copies a program that is to be executed. `cp` writes it: a descriptor of this process that is open for writing
/// would be inherited by the children of other threads for a moment, and the kernel executes no file that is open
/// for writing (ETXTBSY).
#[allow(dead_code)] // not every test target copies
pub fn copy_program(from: &Path, to: &Path) {
    let status = Command::new("cp").arg(from).arg(to).status().expect("cp starts");
    assert!(status.success(), "cp {} {}", from.display(), to.display());
}
