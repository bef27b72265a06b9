//! The output against a real journald: every field comes back as it was written, nothing that a
//! process chose becomes another field, and a suspended or restarted journald loses no entry.
#![allow(clippy::unwrap_used)] // clippy sees that a helper is for tests only below #[test]

#[path = "common/journald.rs"]
mod journald;
#[path = "common/root.rs"]
mod root;

use std::collections::BTreeSet;
use std::path::PathBuf;

use journald::{Journald, bytes, detail};
use nix::sys::signal::Signal;
use serde_json::Value as Json;
use syscalls::{Abi, Capture, Moment, Part, Slot, Status, Value};
use tailcalld::decode::{self, Captures, Credentials, Event, KernelPaths, OpenFiles, Process};
use tailcalld::handlers::{Field, FieldKind, Handler, Role};
use tailcalld::output::key::{ARG, Key};
use tailcalld::output::record::{
    Body, Kind, Loss, Lost, Record, RecordBody, Stopped, Syscall, Total,
};
use tailcalld::output::{Destination, Output, WriteOutcome};
use tailcalld::stats::{Column, Counted, EventOutcomes, KernelCounters, Reason, Sums};
use tailcalld::units::CgroupInfo;

/// 2026-01-02, 03:04:05 UTC and 6 ns.
const TIME_NS: u64 = 1_767_323_045_000_000_006;

/// Task names that try to look like something else.
const INJECTIONS: [&[u8]; 16] = [
    b"\n",
    b"a\nb",
    b"x\nPRIORITY=0\n",
    b"\n\nMESSAGE=forged\n",
    b"MESSAGE\n\x05\0\0\0\0\0\0\0other\n",
    b"a\0b",
    b"\x1b[2J\x1b]0;title\x07",
    b"\xff\xfe\xfd",
    b"caf\xc3",
    "\u{202e}gpj.exe".as_bytes(),
    "\u{2066}a\u{2069}\u{200b}".as_bytes(),
    "größe 日本".as_bytes(),
    b"\xc2\x85\xc2\x9b31m",
    b"=",
    b" by init (pid 1, uid 0)",
    b"_UID=0\n_PID=1",
];

fn handler() -> Handler {
    let role = |name: &str| match name {
        "filename" => Role::Program,
        "argv" => Role::Argv,
        _ => Role::None,
    };
    let field =
        |(name, kind): (&str, FieldKind)| Field { name: name.into(), kind, role: role(name) };
    let fields =
        [("filename", FieldKind::Text), ("argv", FieldKind::Texts), ("timer", FieldKind::Signed)];
    Handler {
        id: 1,
        name: "exec".into(),
        summary: "a sample".into(),
        syscalls: vec![],
        exact: false,
        fields: fields.map(field).into(),
        messages: vec!["Executing a program: {filename} {argv}".into()],
    }
}

fn event<'a>(handler: &'a Handler, captures: Vec<Capture<'a>>) -> Event<'a> {
    Event {
        handler,
        message: 0,
        slot: Slot::new(Abi::Native, 511).unwrap(),
        generation: 0,
        priority: 5,
        boottime_ns: 42,
        cgroup: 77,
        pid: 1234,
        tid: 1235,
        ppid: 1,
        uid: 1000,
        gid: 100,
        credentials: Credentials {
            euid: 0,
            egid: 100,
            suid: 0,
            sgid: 50,
            capabilities: Some(1 << 13),
        },
        lacks_capabilities: false,
        boxed: None,
        executed: None,
        chained: Vec::new(),
        chain: &[],
        loginuid: 1001,
        session: 3,
        charged_uid: 1000,
        comm: b"bash",
        process: Process::default(),
        args: [0; 6],
        captures: Captures::from_iter(captures),
        names: KernelPaths::default(),
        files: OpenFiles::default(),
        redacted: vec![],
        rule: 0,
        outcome: None,
    }
}

fn capture(index: u8, value: Value<'_>, status: Status) -> Capture<'_> {
    Capture { index, part: Part::Whole, moment: Moment::Entry, value, status }
}

fn text(index: u8, text: &[u8]) -> Capture<'_> {
    capture(index, Value::Text(text), Status::Ok)
}

fn record<'a>(event: &'a Event<'a>, place: Option<&'a CgroupInfo>) -> Record<'a> {
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

fn open(journald: &Journald) -> Output {
    Output::open(Destination::Journal(journald.socket())).unwrap()
}

fn write_numbered(output: &mut Output, generation: u32) -> WriteOutcome {
    let handler = handler();
    let mut event = event(&handler, vec![]);
    event.generation = generation;
    output.write(&record(&event, None))
}

/// Waits where journald takes its time.
fn send(output: &mut Output, record: &Record) {
    let mut outcome = output.write(record);
    while outcome == WriteOutcome::Blocked {
        wait_for_room(output);
        outcome = output.flush();
    }
    assert_eq!(outcome, WriteOutcome::Written);
}

fn send_numbered(output: &mut Output, generation: u32) {
    let handler = handler();
    let mut event = event(&handler, vec![]);
    event.generation = generation;
    send(output, &record(&event, None));
}

fn generations(entries: &[Json]) -> Vec<u32> {
    let generation = |entry: &Json| entry["SYSCALL_GENERATION"].as_str().unwrap().parse().unwrap();
    entries.iter().map(generation).collect()
}

/// Returns the fields of [`event`] as journald has them.
fn expected_entry() -> serde_json::Value {
    serde_json::json!({
        "MESSAGE": "Executing a program: /usr/bin/ls [\"ls\", \"-l\"] by bash (pid 1234, uid 1000, euid 0) \
                    in nginx.service = -1 ENOENT",
        "MESSAGE_ID": Syscall::KIND.id,
        "OBJECT_SYSTEMD_UNIT": "nginx.service",
        "PRIORITY": "5",
        "SYSCALL_ABI": Abi::Native.name(),
        "SYSCALL_ARG": ["filename=/usr/bin/ls", "timer=-1"],
        "SYSCALL_ARGV": ["ls", "-l"],
        "SYSCALL_BOOTTIME_NS": "42",
        "SYSCALL_CGROUP": "/system.slice/nginx.service",
        "SYSCALL_CMDLINE": "[\"ls\", \"-l\"]",
        "SYSCALL_COMM": "bash",
        "SYSCALL_DURATION_NS": "1500",
        "SYSCALL_EGID": "100",
        "SYSCALL_ERRNO": "ENOENT",
        "SYSCALL_EUID": "0",
        "SYSCALL_GENERATION": "0",
        "SYSCALL_GID": "100",
        "SYSCALL_HANDLER": "exec",
        "SYSCALL_LOGINUID": "1001",
        "SYSCALL_NR": "511",
        "SYSCALL_PARENT": "1:0",
        "SYSCALL_PID": "1234",
        "SYSCALL_PPID": "1",
        "SYSCALL_PROCESS": "1234:0",
        "SYSCALL_RESULT": "-2",
        "SYSCALL_CREDENTIAL": ["saved_gid=50", "capability=CAP_NET_RAW"],
        "SYSCALL_SESSION": "3",
        "SYSCALL_TID": "1235",
        "SYSCALL_TIME": "2026-01-02T03:04:05.000000006Z",
        "SYSCALL_TRUNCATED": "timer",
        "SYSCALL_UID": "1000",
        "SYSLOG_IDENTIFIER": "tailcalld",
    })
}

#[test]
fn journald_returns_every_field() {
    let Some(journald) = Journald::start() else { return };
    let mut output = open(&journald);
    let handler = handler();
    let captures = vec![
        text(0, b"/usr/bin/ls"),
        text(1, b"ls"),
        text(1, b"-l"),
        capture(2, Value::Number(0xffff_ffff), Status::Truncated { length: None }),
    ];
    let outcome = Some(decode::Outcome::Returned { result: -2, duration_ns: 1_500 });
    let event = Event { outcome, ..event(&handler, captures) };
    let unit = Some("nginx.service".into());
    let place = CgroupInfo {
        is_cut: false,
        cgroup: "/system.slice/nginx.service".into(),

        unit,
        user_unit: None,
        container: None,
        claimed_container: None,
    };
    send(&mut output, &record(&event, Some(&place)));
    let entries = journald.entries(1);
    assert_eq!(entries.len(), 1);
    let ours = |name: &str| !name.starts_with('_');
    let entry = entries[0].as_object().unwrap();
    let found: Vec<_> = entry.iter().filter(|(name, _)| ours(name)).collect();
    assert_eq!(found, expected_entry().as_object().unwrap().iter().collect::<Vec<_>>());
    assert_eq!(journald.query(&["-o", "json", "-u", "nginx.service"]).len(), 1);
}

#[test]
fn hostile_bytes_never_become_a_field() {
    let Some(journald) = Journald::start() else { return };
    let mut output = open(&journald);
    let handler = handler();
    for injection in INJECTIONS {
        let captures = vec![text(0, injection), text(1, injection)];
        let mut event = event(&handler, captures);
        event.comm = injection;
        send(&mut output, &record(&event, None));
    }
    let entries = journald.entries(INJECTIONS.len());
    assert_eq!(entries.len(), INJECTIONS.len());
    let known = field_names();
    for (entry, injection) in entries.iter().zip(INJECTIONS) {
        for name in ["SYSCALL_COMM", "SYSCALL_ARGV"] {
            assert_eq!(bytes(&entry[name]), injection, "{name}");
        }
        assert_eq!(bytes(&entry["SYSCALL_ARG"]), [b"filename=", injection].concat());
        assert_eq!(entry["PRIORITY"], "5");
        assert_eq!(entry["_UID"], "0");
        let message = entry["MESSAGE"].as_str().expect("the message is printable text");
        assert!(message.starts_with("Executing a program: "), "{message}");
        let names = entry.as_object().unwrap().keys().map(String::as_str);
        let ours = names.filter(|name| !name.starts_with('_'));
        assert_eq!(ours.filter(|name| !known.contains(name)).count(), 0, "{entry}");
    }
}

/// journald sorts and deduplicates the values of a field, which makes `SYSCALL_CMDLINE` necessary.
#[test]
fn cmdline_keeps_order_and_duplicates() {
    let Some(journald) = Journald::start() else { return };
    let mut output = open(&journald);
    let handler = handler();
    for argv in [["b", "b"], ["a", "b"], ["b", "a"]] {
        let captures = argv.iter().map(|string| text(1, string.as_bytes())).collect();
        send(&mut output, &record(&event(&handler, captures), None));
    }
    let entries = journald.entries(3);
    let found: Vec<_> = entries.iter().map(|entry| &entry["SYSCALL_CMDLINE"]).collect();
    assert_eq!(found, ["[\"b\", \"b\"]", "[\"a\", \"b\"]", "[\"b\", \"a\"]"]);
}

/// Sends a call with so many arguments, and returns the number of those that are in the journal.
fn stored_arguments(journald: &Journald, number: u16) -> usize {
    let mut output = open(journald);
    let handler = handler();
    let strings: Vec<Vec<u8>> =
        (0..number).map(|n| [&n.to_le_bytes()[..], b"\nPRIORITY=0\n"].concat()).collect();
    let captures = strings.iter().map(|string| text(1, string)).collect();
    send(&mut output, &record(&event(&handler, captures), None));
    let entry = &journald.entries(1)[0];
    assert_eq!(entry["PRIORITY"], "5");
    // journald stores a repeated value once and gives the values in an order of its own.
    let found: BTreeSet<_> = entry["SYSCALL_ARGV"].as_array().unwrap().iter().map(bytes).collect();
    assert!(strings.iter().take(found.len()).all(|string| found.contains(string)));
    found.len()
}

#[test]
fn entry_holds_three_hundred_arguments() {
    let Some(journald) = Journald::start() else { return };
    assert_eq!(stored_arguments(&journald, 300), 300);
}

/// journald drops an entry of more than 1,024 fields.
#[test]
fn entry_of_thousands_of_arguments_is_stored() {
    let Some(journald) = Journald::start() else { return };
    assert_eq!(stored_arguments(&journald, 4_000), 899);
}

#[test]
fn entry_larger_than_send_buffer_is_sent_as_file() {
    let Some(journald) = Journald::start() else { return };
    let mut output = open(&journald);
    let total = |nr: u16| Total {
        slot: Slot::new(Abi::Native, nr % 512).unwrap(),
        handler: "x".repeat(20_000),
        seen: nr.into(),
        sums: Sums::default(),
    };
    let stopped = Stopped {
        reason: "SIGTERM".into(),
        generation: 1,
        totals: (0..900).map(total).collect(),
        missed: 0,
        misses: tailcalld::stats::Misses::new(),
    };
    let record = Record { time_ns: TIME_NS, body: Body::Stopped(&stopped) };
    send(&mut output, &record);
    let entry = &journald.entries(1)[0];
    assert_eq!(entry["TAILCALLD_TOTAL"].as_array().unwrap().len(), 900);
}

/// Names of fields fill a table in each file of journald (up to 257: some 250 names), and a full one makes it begin
/// another file.
#[test]
fn arguments_of_all_syscalls_leave_journald_one_file() {
    const RECORDS: usize = 5_000;
    let Some(journald) = Journald::start() else { return };
    let mut output = open(&journald);
    let plain = Handler { name: "args".into(), fields: vec![], ..handler() };
    let slots: Vec<_> = (0..512)
        .filter_map(|nr| Slot::new(Abi::Native, nr).filter(|slot| slot.name().is_some()))
        .collect();
    for (sent, slot) in (0..).zip(slots.iter().cycle().take(RECORDS)) {
        let event = Event { slot: *slot, args: [sent; 6], ..event(&plain, vec![]) };
        send(&mut output, &record(&event, None));
    }
    assert_eq!(journald.entries(RECORDS).len(), RECORDS);
    assert_eq!(journald.files(), 1);
}

#[test]
fn stopped_journald_loses_no_entry() {
    let Some(journald) = Journald::start() else { return };
    let mut output = open(&journald);
    journald.signal(Signal::SIGSTOP);
    let held =
        (0..100_000).find(|n| write_numbered(&mut output, *n) != WriteOutcome::Written).unwrap();
    assert_eq!(output.flush(), WriteOutcome::Blocked);
    let losses = vec![Loss {
        slot: Slot::new(Abi::Native, 511),
        handler: "exec".into(),
        reason: Reason::RingFull,
        count: 3,
    }];
    let lost = Lost { from_ns: TIME_NS, to_ns: TIME_NS, losses };
    let own = Record { time_ns: TIME_NS, body: Body::Lost(&lost) };
    assert_eq!(output.write(&own), WriteOutcome::Blocked);
    journald.signal(Signal::SIGCONT);
    while output.flush() != WriteOutcome::Written {
        wait_for_room(&output);
    }
    send_numbered(&mut output, held + 1);
    let mut entries = journald.entries(held as usize + 3);
    assert_eq!(entries.len(), held as usize + 3);
    let own = entries.remove(held as usize + 1);
    assert_eq!(detail(&own, "lost"), Some("3"));
    assert_eq!(generations(&entries), (0..=held + 1).collect::<Vec<_>>(), "once each, in order");
}

#[test]
fn killed_journald_gets_no_entry_twice() {
    let Some(mut journald) = Journald::start() else { return };
    let mut output = open(&journald);
    for generation in 0..5 {
        send_numbered(&mut output, generation);
    }
    journald.entries(5);
    journald.kill();
    assert_eq!(write_numbered(&mut output, 5), WriteOutcome::Away);
    assert_eq!(output.flush(), WriteOutcome::Away);
    journald.restart();
    assert_eq!(output.flush(), WriteOutcome::Written);
    send_numbered(&mut output, 6);
    assert_eq!(generations(&journald.entries(7)), (0..=6).collect::<Vec<_>>());
}

fn wait_for_room(output: &Output) {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use std::os::fd::AsFd;

    let mut fds = [PollFd::new(output.as_fd(), PollFlags::POLLOUT)];
    assert_eq!(poll(&mut fds, PollTimeout::from(30_000_u16)), Ok(1), "journald makes room");
}

#[test]
fn catalog_and_events_md_have_every_record_kind() {
    let catalog = read("systemd/tailcalld.catalog");
    let events = read("docs/events.md");
    let ids: Vec<&str> = catalog.lines().filter_map(|line| line.strip_prefix("-- ")).collect();
    let kinds = Kind::ALL;
    assert_eq!(ids, kinds.iter().map(|kind| kind.id).collect::<Vec<_>>());
    let headings: Vec<String> = kinds.iter().map(|kind| format!("### `{}`", kind.name)).collect();
    let found: Vec<&str> = events.lines().filter(|line| line.starts_with("### `")).collect();
    assert_eq!(found, headings);
    for kind in kinds {
        let section = events.split(&format!("### `{}`\n", kind.name)).nth(1).unwrap();
        assert!(section.trim_start().starts_with(&format!("`MESSAGE_ID={}`", kind.id)), "{kind:?}");
    }
}

#[test]
fn catalog_is_well_formed() {
    let catalog = read("systemd/tailcalld.catalog");
    assert_eq!(catalog.lines().find(|line| line.len() > 76), None);
    let known = field_names();
    for block in catalog.split("-- ").skip(1) {
        let (head, text) = block.split_once("\n\n").expect("a blank line ends the head");
        let keys: Vec<_> = head.lines().skip(1).filter_map(|line| line.split(':').next()).collect();
        assert_eq!(keys, ["Subject", "Defined-By", "Support", "Documentation"]);
        assert!(head.contains("Defined-By: tailcalld\n"));
        assert!(head.contains("Documentation: man:tailcalld(8)"));
        assert!(text.len() > 100, "it says what to do: {text}");
        for field in block.split('@').skip(1).step_by(2) {
            assert!(known.contains(field), "@{field}@ is not a field");
        }
    }
}

#[test]
fn events_md_has_every_field_reason_and_counter() {
    let events = read("docs/events.md");
    let rows: Vec<Vec<&str>> = events
        .lines()
        .filter(|line| line.starts_with("| `") || line.starts_with("| |"))
        .map(|line| {
            line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect()
        })
        .collect();
    for key in Key::ALL {
        let row =
            rows.iter().filter(|row| row[0] == key.journal().to_string() && row[1] == key.json());
        assert_eq!(row.count(), 1, "{key:?}");
    }
    let names = Reason::ALL.map(Reason::name);
    let names = names.into_iter().chain(Column::ALL.map(Column::name));
    for name in
        names.chain(outcome_names::<KernelCounters>()).chain(outcome_names::<EventOutcomes>())
    {
        let is_explained = rows.iter().any(|row| row[0].split("`, `").any(|word| word == name));
        assert!(is_explained, "docs/events.md does not explain {name}");
    }
}

/// Names of all fields that a record may have in the journal.
fn field_names() -> BTreeSet<&'static str> {
    Key::ALL.iter().map(|key| key.journal().field).chain([ARG]).collect()
}

fn outcome_names<C: Counted + Default>() -> impl Iterator<Item = &'static str> {
    C::default().outcomes().map(|(name, _)| name).collect::<Vec<_>>().into_iter()
}

fn read(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(path).unwrap()
}
