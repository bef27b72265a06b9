mod direction;
mod inner;
mod paths;

use proptest::prelude::{any, proptest};
use syscalls::{Abi, Capture, Slot, Status, Value};

use crate::decode::{Event, Outcome};
use crate::handlers::Handler;
use crate::output::arguments::Arguments;
use crate::output::record::aggregate::{Aggregated, GroupOwner};
use crate::output::record::{
    Aggregate, Body, Dumped, Ended, Feedback, GapReason, Lost, OutputLimits, RecordingGap, Shed,
    ShedLevel, Stopped, Syscall, TracingCause, TracingChange, TracingOff, TracingOn,
};
use crate::output::samples;
use crate::stats::Column;

const BY: &str = " by bash (pid 1234, uid 1000)";

fn message(body: &Body) -> String {
    let mut out = String::new();
    body.message(&mut Arguments::default(), &mut out);
    out
}

fn sentence(event: &Event) -> String {
    message(&Body::Syscall(Syscall {
        event,
        place: None,
        suppressed: 0,
        may_be_duplicate: false,
        novel: None,
    }))
}

fn of_captures<'a>(handler: &'a Handler, captures: Vec<Capture<'a>>) -> String {
    let text = sentence(&samples::event(handler, captures));
    text.strip_suffix(BY).expect("the task is named").to_owned()
}

#[test]
fn message_of_exec_has_argv() {
    let handler = samples::handler();
    let captures = vec![
        samples::capture(&handler, "filename", Value::Text(b"/usr/bin/ls")),
        samples::capture(&handler, "argv", Value::Text(b"ls")),
        samples::capture(&handler, "argv", Value::Text(b"")),
        samples::capture(&handler, "argc", Value::Number(2)),
    ];
    let expected = r#"Executing a program: /usr/bin/ls ["ls", ""]"#;
    assert_eq!(of_captures(&handler, captures), expected);
}

#[test]
fn message_of_end_has_registers_and_time() {
    let handler = samples::handler();
    let of = |outcome| {
        let event = samples::ended(&handler, outcome);
        message(&Body::Ended(Ended { event: &event, place: None }))
    };
    let call = format!("#511(0, 0x1, 0xffffffffffffffff, 0x3, 0x4, 0x5){BY}");
    let returned = Outcome::Returned { result: -2, duration_ns: 12_000_000_000 };
    assert_eq!(of(returned), format!("Ended after 12 s: {call} = -1 ENOENT"));
    assert_eq!(of(Outcome::Died), format!("Ended: {call} = ?"));
}

#[test]
fn message_of_incomplete_argv_has_totals() {
    let handler = samples::handler();
    let cut = Status::Truncated { length: None };
    let argv = |argc, argc_status, bytes| {
        let captures = vec![
            samples::capture(&handler, "filename", Value::Text(b"x")),
            samples::capture(&handler, "argv", Value::Text(b"x")),
            samples::with_status(&handler, "argv", Value::Text(b"-l"), cut),
            samples::with_status(&handler, "argc", Value::Number(argc), argc_status),
            samples::with_status(&handler, "argv_bytes", Value::Number(bytes), argc_status),
        ];
        of_captures(&handler, captures)
    };
    assert_eq!(
        argv(37, Status::Ok, 5213),
        r#"Executing a program: x ["x", "-l"..., ... 37 arguments, 5213 bytes]"#
    );
    assert_eq!(
        argv(1, cut, 1),
        r#"Executing a program: x ["x", "-l"..., ... at least 1 argument, 1 byte]"#
    );
    let none = vec![
        samples::capture(&handler, "filename", Value::Text(b"x")),
        samples::capture(&handler, "argc", Value::Number(2)),
    ];
    assert_eq!(of_captures(&handler, none), "Executing a program: x [... 2 arguments]");
}

#[test]
fn message_marks_unreadable_vector() {
    let handler = samples::handler();
    let at_least = Status::Truncated { length: Some(8) };
    let unreadable = Status::Unreadable { errno: 14 };
    let captures = vec![
        samples::capture(&handler, "filename", Value::Text(b"x")),
        samples::with_status(&handler, "argv", Value::Bytes(b""), unreadable),
        samples::with_status(&handler, "argc", Value::Number(0), at_least),
    ];
    let expected =
        "Executing a program: x [<unreadable: EFAULT>, ... at least 0 arguments]".to_owned();
    assert_eq!(of_captures(&handler, captures), expected);
}

#[test]
fn message_marks_unreadable_captures() {
    let handler = samples::handler();
    let unreadable = Status::Unreadable { errno: 14 };
    let odd = Status::Unreadable { errno: 9999 };
    let captures = vec![
        samples::with_status(&handler, "filename", Value::Text(b""), unreadable),
        samples::capture(&handler, "argv", Value::Text(b"a")),
        samples::with_status(&handler, "argv", Value::Text(b""), odd),
    ];
    let expected = "Executing a program: <unreadable: EFAULT> \
                    [\"a\", <unreadable: errno 9999>]";
    assert_eq!(of_captures(&handler, captures), expected);
    assert_eq!(of_captures(&handler, vec![]), "Executing a program: <not captured> []");
}

#[test]
fn message_expands_syscall_and_keeps_unknown_placeholders() {
    let handler = samples::handler();
    let mut event = samples::event(&handler, vec![]);
    event.message = 1;
    assert_eq!(sentence(&event), format!("#511(0, 0x1, 0xffffffffffffffff, 0x3, 0x4, 0x5){BY}"));
    event.message = 200;
    assert_eq!(sentence(&event), format!("#511(0, 0x1, 0xffffffffffffffff, 0x3, 0x4, 0x5){BY}"));
    event.message = 3;
    assert_eq!(sentence(&event), format!("{{nothing}} {{filename {{}} }}{BY}"));
}

#[test]
fn message_of_call_without_captures_has_signature() {
    let handler = samples::plain_handler();
    let mut event = samples::openat(&handler);
    let expected = "openat(AT_FDCWD, 0x7ffd1234, O_WRONLY|O_CREAT, 0644)";
    assert_eq!(sentence(&event), format!("{expected}{BY}"));
    event.args[2] = 0x8_0000;
    let expected = "openat(AT_FDCWD, 0x7ffd1234, O_RDONLY|O_CLOEXEC)";
    assert_eq!(sentence(&event), format!("{expected}{BY}"));
}

#[test]
fn message_of_absolute_timer_has_point_in_time() {
    let handler = samples::handler();
    let times: Vec<u8> = [0_i64, 0, 5, 0].into_iter().flat_map(i64::to_ne_bytes).collect();
    let timer = |flags| {
        let captures = vec![
            samples::capture(&handler, "flags", Value::Number(flags)),
            samples::capture(&handler, "timer", Value::Number(7)),
            samples::capture(&handler, "times", Value::Bytes(&times)),
        ];
        let mut event = samples::event(&handler, captures);
        event.message = 2;
        sentence(&event)
    };
    assert_eq!(timer(0), format!("Timer 7: once in 5 s{BY}"));
    assert_eq!(timer(1), format!("Timer 7: once at 5 s{BY}"));
}

#[test]
fn message_quotes_names_that_imitate_task() {
    let handler = samples::handler();
    let captures = vec![samples::capture(&handler, "filename", Value::Text(b"x by init (pid 1"))];
    let mut event = samples::event(&handler, captures);
    event.comm = b"a (pid 1\n\x1b[m\xff";
    event.slot = Slot::new(Abi::Compat, 511).unwrap();
    assert_eq!(
        sentence(&event),
        "Executing a program: \"x by init (pid 1\" [] \
         by \"a (pid 1\\n\\x1b[m\\xff\" (pid 1234, uid 1000, ABI)"
            .replace("ABI", Abi::Compat.name())
    );
}

#[test]
fn message_of_long_captures_is_bounded_and_names_task() {
    let handler = samples::handler();
    let long = vec![b'\xff'; 4096];
    let mut captures = vec![samples::capture(&handler, "filename", Value::Text(&long))];
    captures.extend((0..300).map(|_| samples::capture(&handler, "argv", Value::Text(&long))));
    let text = of_captures(&handler, captures);
    assert!(text.len() < 2010, "{}", text.len());
    assert!(text.contains("\\xff\"... [\"\\xff"), "{text}");
    assert!(text.ends_with(", ...]"), "{text}");
}

#[test]
fn message_of_any_length_ends_with_result() {
    let mut handler = samples::handler();
    let call = "#511(0, 0x1, 0xffffffffffffffff, 0x3, 0x4, 0x5)";
    let mut event = samples::ended(&handler, samples::returned(-2));
    event.message = 1;
    assert_eq!(sentence(&event), format!("{call}{BY} = -1 ENOENT"));
    handler.messages = vec!["{args}".repeat(100)];
    let event = samples::ended(&handler, samples::returned(3));
    assert!(sentence(&event).ends_with(&format!("...{BY} = 3")), "{}", sentence(&event));
}

#[test]
fn message_quotes_names_that_imitate_result() {
    let handler = samples::handler();
    let mut event = samples::event(&handler, vec![]);
    event.message = 1;
    event.comm = b"a (pid 1) = 0";
    let text = sentence(&event);
    assert!(text.ends_with(" by \"a (pid 1) = 0\" (pid 1234, uid 1000)"), "{text}");
}

#[test]
fn message_of_gap_names_its_reason() {
    let crash = samples::gap();
    let stop = RecordingGap { reason: GapReason::Stop, ..crash };
    assert_eq!(
        message(&Body::RecordingGap(&crash)),
        "Recorded nothing for 2.35 s at most: the daemon ended without a stop, and what it had not \
         written is lost"
    );
    assert_eq!(
        message(&Body::RecordingGap(&stop)),
        "Recorded nothing for 2.35 s: the daemon was stopped"
    );
}

#[test]
fn message_of_dump_has_numbers_and_reason() {
    let expected = "Dumped 512 calls of web.service (signal) in 2 s: 9488 before them were overwritten, 1 had \
                    another result";
    assert_eq!(message(&Body::Dumped(&samples::dumped())), expected);
    let empty = Dumped { written: 0, filtered: 0, overwritten: 0, lost: 2, ..samples::dumped() };
    let expected =
        "Dumped 0 calls of web.service (signal): 0 before them were overwritten, 2 were lost";
    assert_eq!(message(&Body::Dumped(&empty)), expected);
}

#[test]
fn message_of_own_records() {
    let (started, reloaded, refused) =
        (samples::started(), samples::reloaded(), samples::reload_refused());
    let (lost, back, stopped) = (samples::lost(), samples::output_restored(), samples::stopped());
    let (missed, change) = (samples::missed(), samples::tracing_change());
    let unseen = Stopped { missed: 1, ..samples::stopped() };
    for (body, expected) in [
        (
            Body::Started(&started),
            "Started: 34 routes, generation 1, attached to raw_tp/sys_enter on Linux 6.18.0, tailcalld 0.1.0",
        ),
        (
            Body::Reloaded(&reloaded),
            "Reloaded, generation 4: added call0 = args, call1 = args; changed call2 = args, \
             call3 = args, call4 = args, call5 = args, call6 = args, call7 = args, call8 = args, \
             call9 = args, and 3 more; not attached, because this kernel has no function for it: \
             break (i386)",
        ),
        (
            Body::ReloadRefused(&refused),
            "Reload refused, generation 3 stays live: a.toml:1:2: unknown handler \"o\\np\"; \
             a.toml:3:4: x",
        ),
        (Body::Lost(&lost), "Lost 8 events in 1.5 s: 7 of #510 (ring_full), 1 of #511 (output)"),
        (
            Body::Missed(&missed),
            "Missed 41 calls in 2 s: the kernel did not run the dispatcher at \
             tp/raw_syscalls/sys_enter; routed calls among them are not recorded",
        ),
        (
            Body::Untracked(&samples::untracked()),
            "Did not track 400 cgroups and 1 process in 2 s: calls whose unit, container or process tree \
             is therefore unknown go to the rule that records most",
        ),
        (
            Body::TracingOff(&TracingOff(change.clone())),
            "Tracing is off: kernel.ftrace_enabled is 0, so the kernel does not run the dispatcher at \
             kprobe.multi; no calls are recorded until kernel.ftrace_enabled is 1",
        ),
        (
            Body::TracingOn(&TracingOn(change)),
            "Tracing is on again at kprobe.multi; calls of the 15 s before may be missing",
        ),
        (
            Body::OutputRestored(&back),
            "journald accepts records again after 3.2 s; 2 events did not fit into the ring and are \
             lost",
        ),
        (
            Body::Stopped(&stopped),
            "Stopped by SIGTERM: 1002 calls of 2 routes, 1000 written, 2 excluded, 0 counted only, 0 lost",
        ),
        (
            Body::Stopped(&unseen),
            "Stopped by SIGTERM: 1002 calls of 2 routes, 1000 written, 2 excluded, 0 counted only, 0 lost; \
             the kernel missed 1 call of any syscall",
        ),
    ] {
        assert_eq!(message(&body), expected);
    }
}

#[test]
fn message_of_unstored_says_how_many_at_most() {
    assert_eq!(
        message(&Body::Unstored(&samples::unstored())),
        "Up to 70 records of 10 s are missing in the journal: journald accepted them and did not store at \
         least one"
    );
}

#[test]
fn message_of_tracing_off_names_cause() {
    let with_cause = |cause| TracingOff(TracingChange { cause, ..samples::tracing_change() });
    for (off, expected) in [
        (
            with_cause(TracingCause::Dispatcher),
            "Tracing is off: the kernel does not run the dispatcher at kprobe.multi; no calls are recorded \
             until it is attached again",
        ),
        (
            with_cause(TracingCause::Ring),
            "Tracing is off: the ring does not give out the records in it; no calls are recorded until it does",
        ),
        (
            with_cause(TracingCause::Table(vec!["read".into(), "bpf (i386)".into()])),
            "Tracing is off: somebody has changed the table; calls of these routes are not recorded until it is \
             restored: read, bpf (i386)",
        ),
    ] {
        assert_eq!(message(&Body::TracingOff(&off)), expected);
    }
}

#[test]
fn message_of_aggregate_is_one_sentence() {
    let mut aggregated = samples::aggregated();
    let message_of = |aggregated: &Aggregated, to_ns| {
        message(&Body::Aggregate(Aggregate { aggregated, from_ns: 0, to_ns }))
    };
    assert_eq!(
        message_of(&aggregated, 9_000_000_000),
        "openat 3 times in 9 s by cat (uid 1000), flags=O_RDONLY: 2 failed (2 ENOENT), median up to \
         127 ns, p99 up to 3 us, max 3 us; first: openat(...) by cat (pid 7, uid 1000)"
    );
    (aggregated.key, aggregated.summary.results, aggregated.summary.count) = (None, None, 1);
    assert_eq!(
        message_of(&aggregated, 0),
        "openat 1 time by other tasks; first: openat(...) by cat (pid 7, uid 1000)"
    );
    aggregated.owner = Some(GroupOwner { uid: 1000, unit: None });
    assert_eq!(
        message_of(&aggregated, 0),
        "openat 1 time by other tasks of uid 1000; first: openat(...) by cat (pid 7, uid 1000)"
    );
}

#[test]
fn message_of_suppressed_shed_and_feedback() {
    let (suppressed, held) = (samples::suppressed(), samples::shed());
    assert_eq!(
        message(&Body::Suppressed(&suppressed)),
        "Rate limits suppressed 97 events in 10 s: 90 of openat for uid 1000 (100/s), 7 of all routes \
         for uid others (100/s)"
    );
    assert_eq!(
        message(&Body::Shed(&held)),
        "Shedding more load, output exceeds 1000 records/s: from now on events with keep = \"low\" are \
         aggregated; in the 60 s before, 900 were written, 0 aggregated, 0 dropped"
    );
    let feedback = samples::feedback();
    assert_eq!(
        message(&Body::Feedback(&feedback)),
        "shipper (77) of shipper.service made 9000 of 10000 events in 10 s and has the journal open: \
         if it reads these records, exclude it with [exclude] units"
    );
    let of_user = Feedback { user_unit: Some("ship.service".into()), ..feedback };
    assert_eq!(
        message(&Body::Feedback(&of_user)),
        "shipper (77) of ship.service made 9000 of 10000 events in 10 s and has the journal open: if \
         it reads these records, exclude it with [exclude] exe"
    );
    let limits = OutputLimits { records: Some(5), bytes: Some(4096) };
    let back = Shed { limits, from: ShedLevel::Low, to: ShedLevel::None, ..held };
    assert_eq!(
        message(&Body::Shed(&back)),
        "Shedding less load, output is within 5 records/s and 4096 bytes/s: from now on all events are \
         written; in the 60 s before, 900 were written, 0 aggregated, 0 dropped"
    );
}

#[test]
fn message_of_journal_rate_limit() {
    assert_eq!(
        message(&Body::JournalRateLimit(&samples::journal_rate_limit())),
        "journald may drop records: its rate limit is 10000 entries in 30 s for \
         tailcalld.service; set LogRateLimitIntervalSec=1us in the unit"
    );
}

#[test]
fn message_of_stats_omits_zero_counts() {
    let mut stats = samples::stats();
    let sums = &mut stats.totals[0].sums;
    (sums[Column::Aggregated], sums[Column::Sampled], sums[Column::Limited]) = (1, 2, 3);
    assert_eq!(
        message(&Body::Stats(&stats)),
        "Statistics: 1002 calls of 2 routes, 1000 written, 1 aggregated, 2 sampled out, 3 rate-limited, \
         2 excluded, 0 counted only, 0 lost"
    );
}

#[test]
fn message_of_lost_separates_events_from_results() {
    let (lost, results) = (samples::lost(), samples::results_lost());
    let both = Lost { losses: [&lost.losses[..], &results.losses].concat(), ..samples::lost() };
    assert_eq!(message(&Body::Lost(&results)), "Lost 3 results in 1.5 s: 3 of #510 (result)");
    assert_eq!(
        message(&Body::Lost(&both)),
        "Lost 8 events and 3 results in 1.5 s: 7 of #510 (ring_full), 1 of #511 (output), \
         3 of #510 (result)"
    );
}

#[test]
fn message_of_stopped_has_filtered_count() {
    let mut stopped = samples::stopped();
    let sums = &mut stopped.totals[0].sums;
    (sums[Column::Written], sums[Column::Filtered]) = (900, 99);
    assert_eq!(
        message(&Body::Stopped(&stopped)),
        "Stopped by SIGTERM: 1002 calls of 2 routes, 901 written, 99 filtered, 2 excluded, \
         0 counted only, 0 lost"
    );
}

proptest! {
    #[test]
    fn message_of_any_event_is_printable(
        name: Vec<u8>, comm: Vec<u8>, number in any::<u64>(), message in any::<u8>(),
        template in any::<String>(), errno in any::<i32>(),
    ) {
        let mut handler = samples::handler();
        handler.messages.push(template);
        let status = Status::Unreadable { errno };
        let captures = handler.fields.iter().flat_map(|field| {
            [Value::Number(number), Value::Text(&name), Value::Bytes(&comm)]
                .map(|value| samples::capture(&handler, &field.name, value))
                .into_iter()
                .chain([samples::with_status(&handler, &field.name, Value::Text(b""), status)])
        });
        let mut event = samples::event(&handler, captures.collect());
        event.message = message % 6;
        event.comm = &comm;
        let text = sentence(&event);
        assert!(!text.chars().any(char::is_control), "{text}");
        assert!(text.ends_with(" (pid 1234, uid 1000)"));
    }
}
