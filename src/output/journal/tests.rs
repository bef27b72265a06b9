use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof, proptest};
use proptest::sample::select;
use syscalls::printable::{NO_LIMIT, quoted};
use syscalls::{Abi, Status, Value};

use super::{VALUES_MAX, encode};
use crate::config::Redact;
use crate::decode::{KernelPath, Outcome};
use crate::handlers::{Handler, Role};
use crate::output::key;
use crate::output::record::{
    Aggregate, Body, Record, RecordBody, Reloaded, Syscall, TracingCause, TracingChange,
    TracingOff, TracingOn,
};
use crate::output::samples;
use crate::output::scratch::Scratch;
use crate::pipeline::redact::secrets;
use crate::units::CgroupInfo;

type Entry = BTreeMap<String, Vec<Vec<u8>>>;

/// A reader of the native protocol after its specification: `NAME=value` up to a newline, or
/// `NAME`, a newline, 8 bytes of length, as many bytes, a newline.
fn parse(mut bytes: &[u8]) -> Entry {
    let mut entry = Entry::new();
    while !bytes.is_empty() {
        let end = bytes.iter().position(|byte| *byte == b'\n').expect("a field ends in a newline");
        let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
        let (name, value, rest) = match line.iter().position(|byte| *byte == b'=') {
            Some(at) => (&line[..at], &line[at + 1..], rest),
            None => {
                let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
                assert_eq!(rest[8 + length], b'\n');
                (line, &rest[8..8 + length], &rest[9 + length..])
            }
        };
        let name = String::from_utf8(name.to_vec()).unwrap();
        assert!(!name.is_empty() && name.len() <= 64, "{name:?}");
        entry.entry(name).or_default().push(value.to_vec());
        bytes = rest;
    }
    entry
}

fn entry(record: &Record) -> Entry {
    let mut buffer = Vec::new();
    encode(record, &mut Scratch::new(), &mut buffer);
    parse(&buffer)
}

/// The fields with their single values, as text, in the order of their names.
fn flat(entry: &Entry) -> Vec<(&str, String)> {
    let values = |values: &Vec<Vec<u8>>| {
        values.iter().map(|value| String::from_utf8_lossy(value)).collect::<Vec<_>>().join("|")
    };
    entry.iter().map(|(name, value)| (name.as_str(), values(value))).collect()
}

/// Fields of an event of the sample handler, in the order of their names.
fn every_field() -> Vec<(&'static str, &'static str)> {
    vec![
        (
            "MESSAGE",
            "Executing a program: \"/bin/l\\xff\\n\" [\"ls\", \"-l\"..., ... 37 arguments] by bash (pid 1234, uid 1000) in nginx.service",
        ),
        ("MESSAGE_ID", Syscall::KIND.id),
        ("OBJECT_SYSTEMD_UNIT", "nginx.service"),
        ("PRIORITY", "6"),
        ("SYSCALL_ABI", Abi::Native.name()),
        (
            "SYSCALL_ARG",
            "filename=/bin/l\u{fffd}\n|argc=37|dirfd=AT_FDCWD|envp=[\"A=1\", \"A=1\"]|timer=-1",
        ),
        ("SYSCALL_ARGV", "ls|-l"),
        ("SYSCALL_BOOTTIME_NS", "42"),
        ("SYSCALL_CGROUP", "/system.slice/nginx.service"),
        ("SYSCALL_CMDLINE", "[\"ls\", \"-l\"..., ... 37 arguments]"),
        ("SYSCALL_COMM", "bash"),
        ("SYSCALL_CONTAINER_ID", "web-1"),
        ("SYSCALL_EGID", "100"),
        ("SYSCALL_EUID", "1000"),
        ("SYSCALL_EXE_DEVICE", "8:3"),
        ("SYSCALL_EXE_INODE", "1048577"),
        ("SYSCALL_GENERATION", "3"),
        ("SYSCALL_GID", "100"),
        ("SYSCALL_HANDLER", "exec"),
        ("SYSCALL_NR", "511"),
        ("SYSCALL_PARENT", "1:7"),
        ("SYSCALL_PID", "1234"),
        ("SYSCALL_PPID", "1"),
        ("SYSCALL_PROCESS", "1234:40"),
        ("SYSCALL_TID", "1235"),
        ("SYSCALL_TIME", "2026-01-02T03:04:05.000000006Z"),
        ("SYSCALL_TRUNCATED", "argv"),
        ("SYSCALL_UID", "1000"),
        ("SYSCALL_UNREADABLE", "times"),
        ("SYSLOG_IDENTIFIER", "tailcalld"),
    ]
}

#[test]
fn encode_event_has_every_field() {
    let handler = samples::handler();
    let cut = Status::Truncated { length: None };
    let unreadable = Status::Unreadable { errno: 14 };
    let captures = vec![
        samples::capture(&handler, "argv", Value::Text(b"ls")),
        samples::capture(&handler, "filename", Value::Text(b"/bin/l\xff\n")),
        samples::capture(&handler, "envp", Value::Text(b"A=1")),
        samples::capture(&handler, "envp", Value::Text(b"A=1")),
        samples::with_status(&handler, "argv", Value::Text(b"-l"), cut),
        samples::capture(&handler, "argc", Value::Number(37)),
        samples::capture(&handler, "timer", Value::Number(0xffff_ffff)),
        samples::capture(&handler, "dirfd", Value::Number(0xffff_ff9c)),
        samples::with_status(&handler, "times", Value::Bytes(b""), unreadable),
    ];
    let event = samples::event(&handler, captures);
    let place = CgroupInfo {
        unit: Some("nginx.service".into()),
        container: Some("web-1".into()),
        cgroup: "/system.slice/nginx.service".into(),
        ..CgroupInfo::default()
    };
    let entry = entry(&samples::record(&event, Some(&place)));
    assert!(entry["SYSCALL_ARG"].contains(&b"filename=/bin/l\xff\n".to_vec()));
    let expected = every_field().into_iter().map(|(name, value)| (name, value.to_owned()));
    assert_eq!(flat(&entry), expected.collect::<Vec<_>>());
}

/// A name that looks like another process stays within its quotes.
#[test]
fn encode_ancestors_has_each_name_and_whole_line() {
    let handler = samples::handler();
    let bytes = samples::ancestors(&[(812, 70, b"a[1:0] < b"), (1, 0, b"systemd")]);
    let capture = samples::capture(&handler, "ancestors", Value::Bytes(&bytes));
    let event = samples::event(&handler, vec![capture]);
    let entry = entry(&samples::record(&event, None));
    let of = |name: &str| flat(&entry).into_iter().find(|(field, _)| *field == name);
    assert_eq!(of("SYSCALL_ANCESTOR").unwrap().1, "a[1:0] < b|systemd");
    assert_eq!(of("SYSCALL_ANCESTRY").unwrap().1, "\"a[1:0] < b\"[812:70] < systemd[1:0]");
    assert_eq!(of("SYSCALL_ARG"), None);
}

#[test]
fn encode_ancestors_has_each_executable_and_what_is_lacking() {
    let handler = samples::handler();
    let all = [(9, 3, b"bash"), (8, 2, b"sshd"), (2, 1, b"kthr"), (1, 0, b"init"), (0, 0, b"last")];
    let bytes = samples::ancestors(&all.map(|(pid, start, comm)| (pid, start, &comm[..])));
    let capture = samples::capture(&handler, "ancestors", Value::Bytes(&bytes));
    let path = |names, status| KernelPath {
        names,
        status,
        is_deleted: false,
        is_unreachable: false,
        is_pseudo: false,
    };
    let unreadable = |errno| path(b"", Status::Unreadable { errno });
    let bash = KernelPath { is_deleted: true, ..path(b"bash\0usr\0", Status::Ok) };
    let cut = path(b"sshd\0", Status::Truncated { length: None });
    let known = |exes: &[(u8, KernelPath<'static>)]| {
        let mut event = samples::event(&handler, vec![capture]);
        event.names.are_wanted = true;
        event.names.exe = Some(bash);
        event.names.ancestors = exes.iter().copied().collect();
        entry(&samples::record(&event, None))
    };
    let (kernel, changed) = (unreadable(2), unreadable(11));
    let entry = known(&[(0, bash), (1, cut), (2, kernel), (3, changed)]);
    let of = |name: &str| flat(&entry).into_iter().find(|(field, _)| *field == name);
    let line = "bash[9:3] \"/usr/bash (deleted)\" < sshd[8:2] .../sshd < kthr[2:1] < init[1:0] < last[0:0]";
    assert_eq!(of("SYSCALL_ANCESTRY").unwrap().1, line);
    let values =
        "bash|sshd|kthr|init|last|executable_path=/usr/bash (deleted)|executable_path=.../sshd";
    assert_eq!(of("SYSCALL_ANCESTOR").unwrap().1, values);
    assert_eq!(of("SYSCALL_TRUNCATED").unwrap().1, "ancestors");
    assert_eq!(of("SYSCALL_UNREADABLE").unwrap().1, "ancestors");
    let entry = known(&[(0, bash), (1, bash), (2, kernel), (3, bash), (4, bash)]);
    assert!(!entry.contains_key("SYSCALL_TRUNCATED") && !entry.contains_key("SYSCALL_UNREADABLE"));
}

fn arguments(entry: &Entry) -> Vec<String> {
    entry["SYSCALL_ARG"].iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect()
}

#[test]
fn encode_event_without_captures_has_arguments_of_signature() {
    let handler = samples::plain_handler();
    let event = samples::openat(&handler);
    let entry = entry(&samples::record(&event, None));
    let expected = ["dfd=AT_FDCWD", "filename=0x7ffd1234", "flags=O_WRONLY|O_CREAT", "mode=0644"];
    assert_eq!(arguments(&entry), expected);
}

#[test]
fn encode_unknown_syscall_has_registers() {
    let handler = samples::handler();
    let mut event = samples::event(&handler, vec![]);
    event.loginuid = 1001;
    let entry = entry(&samples::record(&event, None));
    let expected = ["0=0", "1=0x1", "2=0xffffffffffffffff", "3=0x3", "4=0x4", "5=0x5"];
    assert_eq!(arguments(&entry), expected);
    assert_eq!(entry["SYSCALL_LOGINUID"], [b"1001"]);
    assert_eq!(entry["SYSCALL_CGROUP_ID"], [b"77"]);
    assert!(!entry.contains_key("OBJECT_SYSTEMD_UNIT"));
}

#[test]
fn encode_claimed_container_has_field_of_its_own() {
    let handler = samples::handler();
    let place = CgroupInfo { claimed_container: Some("web".into()), ..CgroupInfo::default() };
    let entry = entry(&samples::record(&samples::event(&handler, vec![]), Some(&place)));
    assert_eq!(entry["SYSCALL_CLAIMED_CONTAINER_ID"], [b"web"]);
    assert!(!entry.contains_key("SYSCALL_CONTAINER_ID"));
}

#[test]
fn encode_outcome_has_result_errno_and_duration() {
    let handler = samples::handler();
    for (outcome, expected) in [
        (samples::returned(3), [Some("3"), None, Some("1500")]),
        (samples::returned(-2), [Some("-2"), Some("ENOENT"), Some("1500")]),
        (samples::returned(-516), [Some("-516"), Some("ERESTART_RESTARTBLOCK"), Some("1500")]),
        (samples::returned(-600), [Some("-600"), Some("600"), Some("1500")]),
        (Outcome::Died, [Some("?"), None, None]),
        (Outcome::Unknown, [Some("?"), None, None]),
    ] {
        let event = samples::ended(&handler, outcome);
        let entry = entry(&samples::record(&event, None));
        let names = ["SYSCALL_RESULT", "SYSCALL_ERRNO", "SYSCALL_DURATION_NS"];
        let expected = expected.map(|value| value.map(|text| vec![text.as_bytes().to_vec()]));
        assert_eq!(names.map(|name| entry.get(name).cloned()), expected, "{outcome:?}");
    }
}

fn with_abis(row: &str) -> String {
    row.replace("COMPAT", Abi::Compat.name()).replace("NATIVE", Abi::Native.name())
}

#[test]
fn encode_dump_has_its_id_unit_and_counts() {
    let dumped = samples::dumped();
    let entry = entry(&samples::own(Body::Dumped(&dumped)));
    let details: Vec<_> =
        entry["TAILCALLD_DETAIL"].iter().map(|value| String::from_utf8_lossy(value)).collect();
    let expected =
        ["blackbox=1886e0c3a7b2d40e", "written=512", "filtered=1", "lost=0", "overwritten=9488"];
    assert_eq!(details, expected);
    assert_eq!(entry["OBJECT_SYSTEMD_UNIT"], [b"web.service"]);
}

#[test]
fn encode_own_records_have_their_fields() {
    let (started, reloaded, refused) =
        (samples::started(), samples::reloaded(), samples::reload_refused());
    let (lost, back, stopped) = (samples::lost(), samples::output_restored(), samples::stopped());
    let (missed, change) = (samples::missed(), samples::tracing_change());
    let (off, on) = (TracingOff(change.clone()), TracingOn(change));
    let (suppressed, held, aggregated, feedback) =
        (samples::suppressed(), samples::shed(), samples::aggregated(), samples::feedback());
    for (body, name, expected) in [
        (Body::Started(&started), "TAILCALLD_DETAIL", &["kernel=6.18.0"][..]),
        (Body::Reloaded(&reloaded), "TAILCALLD_DETAIL", &["added=call0 = args"]),
        (
            Body::ReloadRefused(&refused),
            "TAILCALLD_FAULT",
            &["a.toml:1:2: unknown handler \"o\np\"", "a.toml:3:4: x"],
        ),
        (
            Body::Lost(&lost),
            "TAILCALLD_LOSS",
            &[
                "syscall=#510 abi=COMPAT handler=args reason=ring_full count=7",
                "syscall=#511 abi=COMPAT handler=args reason=output count=1",
            ],
        ),
        (Body::Missed(&missed), "TAILCALLD_DETAIL", &["missed=41"]),
        (Body::Untracked(&samples::untracked()), "TAILCALLD_DETAIL", &["untracked_cgroups=400"]),
        (Body::TracingOff(&off), "TAILCALLD_DETAIL", &["sysctl=kernel.ftrace_enabled"]),
        (Body::TracingOn(&on), "TAILCALLD_TO", &["2026-01-02T03:04:20.000000006Z"]),
        (Body::OutputRestored(&back), "TAILCALLD_TO", &["2026-01-02T03:04:08.200000006Z"]),
        (
            Body::Suppressed(&suppressed),
            "TAILCALLD_SUPPRESSION",
            &[
                "route=openat limit=100/s per=uid owner=1000 comm=cat count=90",
                "route=* limit=100/s per=uid owner=others comm=cat count=7",
            ],
        ),
        (Body::Shed(&held), "TAILCALLD_DETAIL", &["level=low"]),
        (Body::Feedback(&feedback), "OBJECT_SYSTEMD_UNIT", &["shipper.service"]),
        (
            Body::Aggregate(Aggregate { aggregated: &aggregated, from_ns: 0, to_ns: 0 }),
            "TAILCALLD_DETAIL",
            &["count=3"],
        ),
        (
            Body::Stopped(&stopped),
            "TAILCALLD_TOTAL",
            &[
                "syscall=#511 abi=NATIVE handler=exec seen=1000 written=999 aggregated=0 filtered=0 sampled=0 limited=0 known=0 excluded=1 counted=0 blackbox=0 lost=0",
            ],
        ),
    ] {
        let entry = entry(&samples::own(body));
        let expected: Vec<_> = expected.iter().map(|row| with_abis(row)).collect();
        let values: Vec<_> =
            entry[name].iter().map(|value| String::from_utf8_lossy(value)).collect();
        assert_eq!(values[..expected.len()], expected);
        assert_eq!(entry["MESSAGE_ID"], [body.kind().id.as_bytes()]);
        assert_eq!(entry["SYSLOG_IDENTIFIER"], [b"tailcalld"]);
    }
}

#[test]
fn encode_changed_table_repeats_routes() {
    let cause = TracingCause::Table(vec!["read".to_owned(), "write (i386)".to_owned()]);
    let changed = TracingOff(TracingChange { cause, ..samples::tracing_change() });
    let entry = entry(&samples::own(Body::TracingOff(&changed)));
    assert_eq!(entry["TAILCALLD_CAUSE"], [b"table"]);
    let routes = [&b"changed_routes=read"[..], b"changed_routes=write (i386)"];
    assert_eq!(entry["TAILCALLD_DETAIL"], routes);
}

#[test]
fn encode_renamed_fields_follow_their_roles() {
    let usual = samples::handler();
    let mut renamed = samples::handler();
    for field in renamed.fields.iter_mut().filter(|field| field.role != Role::None) {
        field.name = format!("x_{}", field.name);
    }
    renamed.messages[0] = "Executing a program: {x_filename} {x_argv}".into();
    let entry = |handler: &Handler, prefix: &str| {
        let capture =
            |name: &str, value| samples::capture(handler, &format!("{prefix}{name}"), value);
        let captures = vec![
            capture("filename", Value::Text(b"/usr/bin/mysql")),
            capture("argv", Value::Text(b"db")),
            capture("argv", Value::Text(b"-psecret")),
            capture("argc", Value::Number(3)),
            capture("argv_bytes", Value::Number(20)),
            capture("env", Value::Text(b"TOKEN=secret")),
        ];
        let event = samples::event(handler, captures);
        let secrets = secrets(&event, &Redact::Obvious);
        entry(&samples::record(&secrets.redacted(&event), None))
    };
    let (usual, renamed) = (entry(&usual, ""), entry(&renamed, "x_"));
    let message = String::from_utf8_lossy(&usual["MESSAGE"][0]);
    let (program, rest) = message.split_once("[redacted 6 bytes #").unwrap();
    assert!(program.ends_with("/usr/bin/mysql [\"db\", \"-p"), "{message}");
    let end = "]\", ... 3 arguments, 20 bytes] by bash (pid 1234, uid 1000)";
    assert_eq!(rest.split_at(8).1, end);
    for name in ["MESSAGE", "SYSCALL_ARGV", "SYSCALL_CMDLINE", "SYSCALL_ENV"] {
        assert_eq!(usual[name], renamed[name], "{name}");
    }
}

#[test]
fn encode_name_of_argument_with_newline_stays_in_its_value() {
    let mut handler = samples::handler();
    handler.fields[0].name = "a=b\nPRIORITY".into();
    let captures = vec![samples::capture(&handler, "a=b\nPRIORITY", Value::Text(b"0"))];
    let event = samples::event(&handler, captures);
    let entry = entry(&samples::record(&event, None));
    assert_eq!(entry["SYSCALL_ARG"], [b"a=b\nPRIORITY=0"]);
    assert_eq!(entry["PRIORITY"], [b"6"]);
}

fn field_count(entry: &Entry) -> usize {
    entry.values().map(Vec::len).sum()
}

#[test]
fn encode_more_arguments_than_journald_takes_leaves_some_out_and_says_so() {
    let handler = samples::handler();
    let texts: Vec<_> = (0..1_500).map(|n| n.to_string()).collect();
    let captures =
        texts.iter().map(|text| samples::capture(&handler, "argv", Value::Text(text.as_bytes())));
    let event = samples::event(&handler, captures.collect());
    let entry = entry(&samples::record(&event, None));
    assert_eq!(entry["SYSCALL_ARGV"].len(), VALUES_MAX);
    assert_eq!(entry["SYSCALL_TRUNCATED"], [b"argv"]);
    assert!(entry["SYSCALL_CMDLINE"][0].ends_with(b"\"1499\"]"), "the whole is in one text");
    assert!(field_count(&entry) < 1_024);
}

#[test]
fn encode_record_with_many_routes_leaves_some_out_and_says_so() {
    let routes: Vec<_> = (0..1_024).map(|n| format!("call{n} = args")).collect();
    let (added, removed, unattached_routes) = (routes.clone(), routes.clone(), routes);
    let reloaded = Reloaded { generation: 1, added, changed: vec![], removed, unattached_routes };
    let entry = entry(&samples::own(Body::Reloaded(&reloaded)));
    assert_eq!(entry["TAILCALLD_DETAIL"].len(), VALUES_MAX);
    let cut = ["added", "removed", "unattached_routes"].map(|name| name.as_bytes().to_vec());
    assert_eq!(entry["SYSCALL_TRUNCATED"], cut);
    assert!(field_count(&entry) < 1_024);
}

/// Reference: the command line of these arguments, each as a text of its own.
fn command_line(arguments: &[(Vec<u8>, Status)]) -> String {
    let shown = |(bytes, status): &(Vec<u8>, Status)| {
        let mut text = String::new();
        quoted(bytes, NO_LIMIT, &mut text);
        match status {
            Status::Ok => text,
            Status::Truncated { .. } => text + "...",
            Status::Unreadable { .. } => "<unreadable: EFAULT>".to_owned(),
        }
    };
    let shown: Vec<_> = arguments.iter().map(shown).collect();
    let is_cut = arguments.iter().any(|(_, status)| status.is_truncated());
    format!("[{}{}]", shown.join(", "), if is_cut { ", ..." } else { "" })
}

/// Arguments of any bytes, most of them of kinds that are printed in different ways, some of them cut or unreadable.
fn hostile_arguments() -> impl Strategy<Value = Vec<(Vec<u8>, Status)>> {
    let pieces: [&[u8]; 12] = [
        b"x",
        b"--option=",
        b"://a:b@/",
        b"\"\\",
        b"\n",
        b"\x01",
        b"\xff",
        b"\xe2\x80",
        "e\u{301}".as_bytes(),
        "\u{65e5}".as_bytes(),
        "\u{202e}".as_bytes(),
        "\u{10ffff}".as_bytes(),
    ];
    let piece = prop_oneof![
        4 => select(pieces.to_vec()).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 1..4),
    ];
    let text = vec((piece, 1usize..40), 0..5)
        .prop_map(|pieces| pieces.iter().flat_map(|(piece, times)| piece.repeat(*times)).collect());
    let status = select(vec![
        Status::Ok,
        Status::Ok,
        Status::Truncated { length: None },
        Status::Unreadable { errno: 14 },
    ]);
    vec((text, status), 1..20)
}

proptest! {
    #[test]
    fn encode_any_bytes_are_decoded_unchanged(
        filename: Vec<u8>, argv: Vec<Vec<u8>>, comm: Vec<u8>, unit in any::<String>(),
        cgroup in any::<String>(), message in 0u8..5, numbers in any::<[u64; 6]>(),
    ) {
        let handler = samples::handler();
        let mut captures = vec![samples::capture(&handler, "filename", Value::Text(&filename))];
        captures.extend(argv.iter().map(|text| samples::capture(&handler, "argv", Value::Text(text))));
        let mut event = samples::event(&handler, captures);
        (event.comm, event.message, event.args) = (&comm, message, numbers);
        (event.boottime_ns, event.cgroup) = (numbers[0], numbers[1]);
        let (own_unit, user_unit) = (Some(unit.clone()), Some(cgroup.clone()));
        let place = CgroupInfo { cgroup: cgroup.clone(), unit: own_unit, user_unit, ..CgroupInfo::default() };
        let entry = entry(&samples::record(&event, Some(&place)));
        assert_eq!(entry["SYSCALL_ARG"], [[b"filename=", &*filename].concat()]);
        assert_eq!(entry.get("SYSCALL_ARGV").cloned().unwrap_or_default(), argv);
        assert_eq!(entry["SYSCALL_COMM"], [comm]);
        assert_eq!(entry["OBJECT_SYSTEMD_UNIT"], [unit.as_bytes()]);
        assert_eq!(entry["OBJECT_SYSTEMD_USER_UNIT"], [cgroup.as_bytes()]);
        assert_eq!(entry["SYSCALL_CGROUP"], [cgroup.as_bytes()]);
        assert_eq!(entry["PRIORITY"], [b"6"]);
        assert_eq!(entry["SYSCALL_PID"], [b"1234"]);
        let fields = key::Key::ALL.iter().map(|key| key.journal().field).chain([key::ARG]);
        let fields: Vec<_> = fields.collect();
        assert!(entry.keys().all(|name| fields.contains(&&**name)), "a forged field");
    }

    #[test]
    fn encode_hostile_arguments_has_bytes_and_command_line(arguments in hostile_arguments()) {
        let handler = samples::handler();
        let captures = arguments
            .iter()
            .map(|(text, status)| samples::with_status(&handler, "argv", Value::Text(text), *status));
        let event = samples::event(&handler, captures.collect());
        let entry = entry(&samples::record(&event, None));
        let readable = arguments.iter().filter(|(_, status)| status.is_readable());
        let readable: Vec<_> = readable.map(|(text, _)| text.clone()).collect();
        assert_eq!(entry.get("SYSCALL_ARGV").cloned().unwrap_or_default(), readable);
        assert_eq!(flat(&entry).iter().find(|(name, _)| *name == "SYSCALL_CMDLINE").unwrap().1, command_line(&arguments));
    }
}
