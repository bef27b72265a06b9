//! Events and records for the tests of the outputs.

use std::time::{Duration, Instant};

use syscalls::{self, Abi, Capture, Moment, Part, Slot, Status, Value};

use crate::config::Keep;
use crate::decode::{
    Captures, Credentials, Device, Event, Exe, KernelPaths, NAMESPACES, OpenFiles, Outcome, Process,
};
use crate::handlers::{Field, FieldKind, Handler, Role};
use crate::output::record::aggregate::{Aggregated, Cause, Group, GroupInfo, GroupKey};
use crate::output::record::{
    Adopted, Aggregate, Body, Dumped, Ended, Feedback, GapReason, JournalRateLimit, Loss, Lost,
    Missed, OutputLimits, OutputRestored, Record, RecordingGap, ReloadRefused, Reloaded, Shed,
    ShedCounts, ShedLevel, Started, Stats, Stopped, Suppressed, Suppression, Syscall, Total,
    TracingCause, TracingChange, TracingOff, TracingOn, Unstored, Untracked,
};
use crate::pipeline::aggregate::{Aggregator, Observation};
use crate::stats::{Column, Misses, Reason, Sums};
use crate::units::CgroupInfo;

pub const TIME_NS: u64 = 1_767_323_045_000_000_006;

pub fn handler() -> Handler {
    let role = |name: &str| match name {
        "filename" => Role::Program,
        "argv" => Role::Argv,
        "argc" => Role::ArgvCount,
        "argv_bytes" => Role::ArgvBytes,
        "env" => Role::Env,
        "ancestors" => Role::Ancestors,
        "interpreter" => Role::Interpreter,
        _ => Role::None,
    };
    let field =
        |(name, kind): (&str, FieldKind)| Field { name: name.into(), kind, role: role(name) };
    let fields = [
        ("filename", FieldKind::Text),
        ("argv", FieldKind::Texts),
        ("argc", FieldKind::Unsigned),
        ("argv_bytes", FieldKind::Unsigned),
        ("dirfd", FieldKind::Dirfd),
        ("flags", FieldKind::TimerFlags),
        ("times", FieldKind::Times),
        ("envp", FieldKind::Texts),
        ("env", FieldKind::Texts),
        ("timer", FieldKind::Signed),
        ("ancestors", FieldKind::Processes),
    ];
    let messages = [
        "Executing a program: {filename} {argv}",
        "{syscall}({args})",
        "Timer {timer}: {times}",
        "{nothing} {filename {} }",
    ];
    Handler {
        id: 1,
        name: "exec".into(),
        summary: "a sample".into(),
        syscalls: vec![],
        exact: false,
        fields: fields.map(field).into(),
        messages: messages.map(String::from).into(),
    }
}

/// A handler that leaves the arguments to the syscall's signature.
pub fn plain_handler() -> Handler {
    Handler { fields: vec![], messages: vec!["{syscall}({args})".into()], ..handler() }
}

/// `openat(AT_FDCWD, 0x7ffd1234, O_WRONLY|O_CREAT, 0644)` of such a handler.
pub fn openat(handler: &Handler) -> Event<'_> {
    let slot = Slot::new(Abi::Native, syscalls::number(Abi::Native, "openat").unwrap()).unwrap();
    Event { slot, args: [0xffff_ff9c, 0x7ffd_1234, 0x41, 0o644, 5, 6], ..event(handler, vec![]) }
}

pub fn event<'a>(handler: &'a Handler, captures: Vec<Capture<'a>>) -> Event<'a> {
    Event {
        handler,
        message: 0,
        slot: Slot::new(Abi::Native, 511).unwrap(),
        generation: 3,
        priority: 6,
        boottime_ns: 42,
        cgroup: 77,
        pid: 1234,
        tid: 1235,
        ppid: 1,
        uid: 1000,
        gid: 100,
        credentials: Credentials {
            euid: 1000,
            egid: 100,
            suid: 1000,
            sgid: 100,
            capabilities: None,
        },
        lacks_capabilities: false,
        boxed: None,
        executed: None,
        chained: Vec::new(),
        chain: &[],
        loginuid: u32::MAX,
        session: u32::MAX,
        charged_uid: 1000,
        comm: b"bash",
        process: Process {
            start_ns: 40,
            parent_start_ns: 7,
            tty: None,
            exe: Some(Exe { device: Device(8 << 20 | 3), inode: 1_048_577 }),
            namespaces: [0; NAMESPACES],
        },
        args: [0, 1, 0xffff_ffff_ffff_ffff, 3, 4, 5],
        captures: Captures::from_iter(captures),
        names: KernelPaths::default(),
        files: OpenFiles::default(),
        redacted: vec![],
        rule: 0,
        outcome: None,
    }
}

/// Bytes of a capture with these ancestors: pid, start and name of each.
pub fn ancestors(all: &[(u32, u64, &[u8])]) -> Vec<u8> {
    let of = |(pid, start_ns, comm): &(u32, u64, &[u8])| {
        let mut name = [0; 16];
        name.iter_mut().zip(*comm).for_each(|(to, from)| *to = *from);
        [&pid.to_ne_bytes()[..], &[0; 4], &start_ns.to_ne_bytes(), &name].concat()
    };
    all.iter().flat_map(of).collect()
}

/// An event that waited for what came of its call.
pub fn ended(handler: &Handler, outcome: Outcome) -> Event<'_> {
    Event { outcome: Some(outcome), ..event(handler, vec![]) }
}

pub fn returned(result: i64) -> Outcome {
    Outcome::Returned { result, duration_ns: 1_500 }
}

pub fn capture<'a>(handler: &'a Handler, name: &str, value: Value<'a>) -> Capture<'a> {
    with_status(handler, name, value, Status::Ok)
}

pub fn with_status<'a>(
    handler: &'a Handler,
    name: &str,
    value: Value<'a>,
    status: Status,
) -> Capture<'a> {
    let position = handler.fields.iter().position(|field| field.name == name).unwrap();
    let index = u8::try_from(position).unwrap();
    Capture { index, part: Part::Whole, moment: Moment::Entry, value, status }
}

pub fn record<'a>(event: &'a Event<'a>, place: Option<&'a CgroupInfo>) -> Record<'a> {
    Record {
        time_ns: TIME_NS,
        body: Body::Syscall(Syscall {
            event,
            place,
            suppressed: 0,
            may_be_duplicate: false,
            novel: None,
        }),
    }
}

pub fn own(body: Body) -> Record {
    Record { time_ns: TIME_NS, body }
}

pub fn started() -> Started {
    Started {
        version: "0.1.0".into(),
        kernel: "6.18.0".into(),
        attached: "raw_tp/sys_enter".into(),
        reason: "this kernel has no kprobe.multi".into(),
        unattached_routes: vec![],
        blind_spots: vec!["calls that seccomp refuses".into()],
        generation: 1,
        routes: 34,
    }
}

pub fn reloaded() -> Reloaded {
    let routes = |range: std::ops::Range<u8>| range.map(|n| format!("call{n} = args")).collect();
    let unattached_routes = vec!["break (i386)".into()];
    let (added, changed, removed) = (routes(0..2), routes(2..13), routes(0..0));
    Reloaded { generation: 4, added, changed, removed, unattached_routes }
}

pub fn reload_refused() -> ReloadRefused {
    let faults = vec!["a.toml:1:2: unknown handler \"o\np\"".into(), "a.toml:3:4: x".into()];
    ReloadRefused { generation: 3, faults }
}

pub fn lost() -> Lost {
    let loss = |nr, reason, count| Loss {
        slot: Slot::new(Abi::Compat, nr),
        handler: "args".into(),
        reason,
        count,
    };
    let losses = vec![loss(510, Reason::RingFull, 7), loss(511, Reason::Output, 1)];
    Lost { from_ns: TIME_NS, to_ns: TIME_NS + 1_500_000_000, losses }
}

/// Events without their results, and none that is lost.
pub fn results_lost() -> Lost {
    let slot = Slot::new(Abi::Compat, 510);
    let loss = Loss { slot, handler: "args".into(), reason: Reason::Result, count: 3 };
    Lost { losses: vec![loss], ..lost() }
}

pub fn missed() -> Missed {
    let (from_ns, to_ns) = (TIME_NS, TIME_NS + 2_000_000_000);
    Missed {
        from_ns,
        to_ns,
        count: 41,
        attached: "tp/raw_syscalls/sys_enter".into(),
        is_avoided_next: false,
    }
}

pub fn dumped() -> Dumped {
    Dumped {
        dump: "1886e0c3a7b2d40e".into(),
        unit: "web.service".into(),
        system_unit: Some("web.service".into()),
        reason: "signal".into(),
        from_ns: TIME_NS,
        to_ns: TIME_NS + 2_000_000_000,
        written: 512,
        filtered: 1,
        lost: 0,
        overwritten: 9_488,
    }
}

pub fn untracked() -> Untracked {
    Untracked { from_ns: TIME_NS, to_ns: TIME_NS + 2_000_000_000, cgroups: 400, processes: 1 }
}

pub fn tracing_change() -> TracingChange {
    let (from_ns, to_ns) = (TIME_NS, TIME_NS + 15_000_000_000);
    let cause = TracingCause::Sysctl("kernel.ftrace_enabled");
    TracingChange { from_ns, to_ns, attached: "kprobe.multi".into(), cause }
}

pub fn adopted() -> Adopted {
    let RecordingGap { from_ns, to_ns, reason } = gap();
    Adopted { from_ns, to_ns, reason, version: "0.1.0".to_owned(), unread: 12, replaced: None }
}

/// Sample of the record.
pub fn gap() -> RecordingGap {
    let (from_ns, to_ns) = (TIME_NS, TIME_NS + 2_350_000_000);
    RecordingGap { from_ns, to_ns, reason: GapReason::Crash }
}

pub fn output_restored() -> OutputRestored {
    let (from_ns, to_ns) = (TIME_NS, TIME_NS + 3_200_000_000);
    OutputRestored { output: "journald", from_ns, to_ns, lost: 2 }
}

/// Three calls of `openat`: one took 100 ns, the others failed.
pub fn aggregated() -> Aggregated {
    let slot = Slot::new(Abi::Native, syscalls::number(Abi::Native, "openat").unwrap()).unwrap();
    let group = Group { generation: 3, slot, rule: 0, cause: Cause::Configured };
    let every = Duration::from_secs(10);
    let info = || GroupInfo { every, handler: "args".into(), priority: 6, keep: Keep::High };
    let key = || GroupKey {
        unit: Some("user@1000.service".into()),
        user_unit: Some("mail.service".into()),
        comm: b"cat".into(),
        uid: 1000,
        charged_uid: 1000,
        by: vec![("flags".into(), "O_RDONLY".into())],
    };
    let (mut aggregator, now) = (Aggregator::default(), Instant::now());
    for (outcome, suppressed) in [
        (Outcome::Returned { result: 3, duration_ns: 100 }, 0),
        (Outcome::Returned { result: -2, duration_ns: 3_000 }, 4),
        (Outcome::Returned { result: -2, duration_ns: 101 }, 0),
    ] {
        let observation = Observation { boottime_ns: 42, outcome: Some(outcome), suppressed };
        let example = || "openat(...) by cat (pid 7, uid 1000)".to_owned();
        aggregator.add(now, group, info, key(), &observation, example);
    }
    aggregator.close_all(now);
    aggregator.take().unwrap()
}

pub fn suppressed() -> Suppressed {
    let line = |route: &str, owner: &str, count| Suppression {
        route: route.into(),
        limit: "100/s".into(),
        per: "uid",
        owner: owner.into(),
        comm: "cat".into(),
        count,
    };
    let lines = vec![line("openat", "1000", 90), line("*", "others", 7)];
    Suppressed { from_ns: TIME_NS, to_ns: TIME_NS + 10_000_000_000, count: 97, lines }
}

pub fn feedback() -> Feedback {
    Feedback {
        pid: 77,
        start_ns: 40,
        comm: b"shipper".to_vec(),
        unit: Some("shipper.service".into()),
        user_unit: None,
        count: 9_000,
        events: 10_000,
        from_ns: TIME_NS,
        to_ns: TIME_NS + 10_000_000_000,
    }
}

pub fn unstored() -> Unstored {
    Unstored { from_ns: TIME_NS, to_ns: TIME_NS + 10_000_000_000, written: 70 }
}

pub fn shed() -> Shed {
    Shed {
        limits: OutputLimits { records: Some(1000), bytes: None },
        from: ShedLevel::None,
        from_ns: TIME_NS,
        to: ShedLevel::Low,
        to_ns: TIME_NS + 60_000_000_000,
        counts: ShedCounts { written: 900, aggregated: 0, dropped: 0 },
    }
}

pub fn journal_rate_limit() -> JournalRateLimit {
    let unit = "tailcalld.service".into();
    JournalRateLimit { unit, burst: 10_000, interval_ns: 30_000_000_000 }
}

pub fn stats() -> Stats {
    let Stopped { generation, totals, missed, misses, .. } = stopped();
    Stats { generation, totals, missed, misses }
}

pub fn sums<const N: usize>(counts: [(Column, u64); N]) -> Sums {
    let mut sums = Sums::default();
    counts.into_iter().for_each(|(column, count)| sums[column] = count);
    sums
}

pub fn stopped() -> Stopped {
    let total = |nr, seen| Total {
        slot: Slot::new(Abi::Native, nr).unwrap(),
        handler: "exec".into(),
        seen,
        sums: sums([(Column::Written, seen - 1), (Column::Excluded, 1)]),
    };
    Stopped {
        reason: "SIGTERM".into(),
        generation: 4,
        totals: vec![total(511, 1000), total(510, 2)],
        missed: 0,
        misses: Misses::from([("proc_tree_fork", 2), ("sys_enter", 0)]),
    }
}

/// Hands a sample of each record kind to `visit`.
pub fn each_kind(mut visit: impl FnMut(Body<'_>)) {
    let (handler, aggregated, change) = (handler(), aggregated(), tracing_change());
    let event = event(&handler, vec![]);
    visit(Body::Syscall(Syscall {
        event: &event,
        place: None,
        suppressed: 0,
        may_be_duplicate: false,
        novel: Some(crate::config::NovelSubject::Unit),
    }));
    visit(Body::Ended(Ended { event: &event, place: None }));
    visit(Body::Aggregate(Aggregate { aggregated: &aggregated, from_ns: TIME_NS, to_ns: TIME_NS }));
    visit(Body::RecordingGap(&gap()));
    visit(Body::Adopted(&adopted()));
    visit(Body::Started(&started()));
    visit(Body::Reloaded(&reloaded()));
    visit(Body::ReloadRefused(&reload_refused()));
    visit(Body::Lost(&lost()));
    visit(Body::Suppressed(&suppressed()));
    visit(Body::Feedback(&feedback()));
    visit(Body::Missed(&missed()));
    visit(Body::Untracked(&untracked()));
    visit(Body::TracingOff(&TracingOff(change.clone())));
    visit(Body::TracingOn(&TracingOn(change)));
    visit(Body::OutputRestored(&output_restored()));
    visit(Body::Unstored(&unstored()));
    visit(Body::Dumped(&dumped()));
    visit(Body::Shed(&shed()));
    visit(Body::JournalRateLimit(&journal_rate_limit()));
    visit(Body::Stats(&stats()));
    visit(Body::Stopped(&stopped()));
}
