use proptest::prelude::{any, proptest};
use serde_json::json;
use syscalls::{self, Abi, Slot, Status, Value};

use super::encode;
use crate::decode::{Credentials, Device, Event, KernelPath, Outcome};
use crate::output::record::aggregate::GroupOwner;
use crate::output::record::{Aggregate, Body, Kind, Record, RecordBody, Syscall};
use crate::output::samples;
use crate::output::scratch::Scratch;
use crate::units::CgroupInfo;

fn line(record: &Record) -> String {
    let mut buffer = Vec::new();
    encode(record, &mut Scratch::new(), &mut buffer);
    let line = String::from_utf8(buffer).unwrap();
    assert_eq!(line.find('\n'), Some(line.len() - 1), "one line");
    line
}

fn object(record: &Record) -> serde_json::Value {
    serde_json::from_str(&line(record)).unwrap()
}

#[test]
fn encode_event_is_one_object() {
    let handler = samples::handler();
    let captures = vec![
        samples::capture(&handler, "filename", Value::Text(b"/bin/\xff")),
        samples::capture(&handler, "argv", Value::Text(b"l\"s\\\n\x1b")),
        samples::capture(&handler, "argv", Value::Text(b"")),
        samples::capture(&handler, "envp", Value::Text(b"A=1")),
        samples::capture(&handler, "argc", Value::Number(2)),
        samples::capture(&handler, "timer", Value::Number(0xffff_ffff)),
        samples::capture(&handler, "dirfd", Value::Number(5)),
        samples::with_status(
            &handler,
            "times",
            Value::Bytes(b""),
            Status::Unreadable { errno: 14 },
        ),
    ];
    let event = samples::event(&handler, captures);
    let place =
        CgroupInfo { cgroup: "/a".into(), unit: Some("a.service".into()), ..CgroupInfo::default() };
    assert_eq!(
        object(&samples::record(&event, Some(&place))),
        json!({
            "schema": 1,
            "record": "syscall",
            "time": "2026-01-02T03:04:05.000000006Z",
            "message": "Executing a program: \"/bin/\\xff\" [\"l\\\"s\\\\\\n\\x1b\", \"\"] \
                        by bash (pid 1234, uid 1000) in a.service",
            "message_id": Syscall::KIND.id,
            "priority": 6,
            "nr": 511,
            "abi": Abi::Native.name(),
            "handler": "exec",
            "generation": 3,
            "boottime_ns": 42,
            "pid": 1234,
            "tid": 1235,
            "ppid": 1,
            "uid": 1000,
            "gid": 100,
            "euid": 1000,
            "egid": 100,
            "process": "1234:40",
            "parent": "1:7",
            "comm": "bash",
            "start_boottime_ns": 40,
            "exe_device": "8:3",
            "exe_inode": 1_048_577,
            "cgroup": "/a",
            "unit": "a.service",
            "args": {
                "filename": [47, 98, 105, 110, 47, 255],
                "argc": 2,
                "dirfd": "5",
                "envp": ["A=1"],
                "timer": -1
            },
            "argv": ["l\"s\\\n\u{1b}", ""],
            "unreadable": ["times"]
        })
    );
}

#[test]
fn encode_event_has_namespaces_other_than_initial() {
    let handler = samples::handler();
    let mut event = samples::event(&handler, vec![]);
    let namespaces = |event: &Event| {
        let object = object(&samples::record(event, None));
        let rows = object.as_object().unwrap().iter();
        let rows: Vec<_> = rows.filter(|(key, _)| key.starts_with("ns_")).collect();
        rows.iter().map(|(key, id)| format!("{key}={id}")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(namespaces(&event), "");
    event.process.namespaces = [0, 0, 7, 0, 0, 0, u32::MAX];
    assert_eq!(namespaces(&event), "ns_mnt=7 ns_uts=4294967295");
    event.process.namespaces = [1, 2, 3, 4, 5, 6, 7];
    let all = "ns_cgroup=1 ns_ipc=2 ns_mnt=3 ns_net=4 ns_pid=5 ns_user=6 ns_uts=7";
    assert_eq!(namespaces(&event), all);
}

/// An empty capture marks that there may be more variables.
#[test]
fn encode_env_is_a_list() {
    let handler = samples::handler();
    let cut = Status::Truncated { length: None };
    let captures = vec![
        samples::capture(&handler, "env", Value::Text(b"A=1")),
        samples::capture(&handler, "env", Value::Text(b"B=")),
        samples::with_status(&handler, "env", Value::Text(b""), cut),
    ];
    let object = object(&samples::record(&samples::event(&handler, captures), None));
    assert_eq!((&object["env"], &object["truncated"]), (&json!(["A=1", "B="]), &json!(["env"])));
    assert_eq!(object.get("args"), None);
}

#[test]
fn encode_argv_keeps_places_of_unreadable_arguments() {
    let handler = samples::handler();
    let unreadable = Status::Unreadable { errno: 14 };
    let argv = |text| samples::capture(&handler, "argv", Value::Text(text));
    let captures = vec![
        argv(b"ls"),
        samples::with_status(&handler, "argv", Value::Text(b""), unreadable),
        argv(b""),
        samples::capture(&handler, "argc", Value::Number(3)),
    ];
    let object = object(&samples::record(&samples::event(&handler, captures), None));
    assert_eq!(object["argv"], json!(["ls", null, ""]));
    assert_eq!(object["unreadable"], json!(["argv"]));
    assert_eq!(object.get("truncated"), None);
}

/// Whole strings that are left out are named as well as cut ones.
#[test]
fn encode_argv_without_all_strings_is_truncated() {
    let handler = samples::handler();
    let captures = vec![
        samples::capture(&handler, "argv", Value::Text(b"ls")),
        samples::capture(&handler, "argc", Value::Number(257)),
    ];
    let object = object(&samples::record(&samples::event(&handler, captures), None));
    assert_eq!(object["truncated"], json!(["argv"]));
}

/// A program that is setuid root and has dropped it for a moment, at a terminal.
#[test]
fn encode_differing_ids_and_login_has_their_keys() {
    let handler = samples::handler();
    let mut event = samples::event(&handler, vec![]);
    event.credentials = Credentials { euid: 1000, egid: 5, suid: 0, sgid: 5, capabilities: None };
    (event.loginuid, event.session) = (1000, 3);
    event.process.tty = Some(Device(136 << 20 | 2));
    let object = object(&samples::record(&event, None));
    let of = |keys: [&str; 7]| keys.map(|key| object.get(key).cloned().unwrap_or_default());
    assert_eq!(
        of(["euid", "egid", "suid", "sgid", "loginuid", "session", "tty"]),
        [json!(1000), json!(5), json!(0), json!(null), json!(1000), json!(3), json!("pts/2")]
    );
}

#[test]
fn encode_ancestors_is_list_of_processes() {
    let handler = samples::handler();
    let bytes = samples::ancestors(&[(812, 70, b"ba sh"), (1, 0, b"a\xff")]);
    let capture = samples::capture(&handler, "ancestors", Value::Bytes(&bytes));
    let mut event = samples::event(&handler, vec![capture]);
    let (names, status) = (&b"bash\0bin\0"[..], Status::Ok);
    let exe =
        KernelPath { names, status, is_deleted: false, is_unreachable: false, is_pseudo: false };
    event.names.ancestors = [(0, exe)].into_iter().collect();
    let object = object(&samples::record(&event, None));
    let expected = json!([
        { "pid": 812, "start_boottime_ns": 70, "comm": "ba sh", "exe": "/bin/bash" },
        { "pid": 1, "start_boottime_ns": 0, "comm": [97, 255] },
    ]);
    assert_eq!(object["ancestors"], expected);
    assert_eq!(object.get("args"), None);
}

#[test]
fn encode_process_without_executable_has_no_exe_keys() {
    let handler = samples::handler();
    let mut event = samples::event(&handler, vec![]);
    event.process.exe = None;
    let object = object(&samples::record(&event, None));
    assert_eq!((object.get("exe_device"), object.get("exe_inode")), (None, None));
}

#[test]
fn encode_arguments_without_names_are_numbers() {
    let handler = samples::plain_handler();
    let mut event = samples::openat(&handler);
    assert_eq!(
        object(&samples::record(&event, None))["args"],
        json!({"dfd": "AT_FDCWD", "filename": "0x7ffd1234", "flags": "O_WRONLY|O_CREAT", "mode": "0644"})
    );
    let nr = syscalls::number(Abi::Native, "fchown").unwrap();
    event.slot = Slot::new(Abi::Native, nr).unwrap();
    event.args = [3, u64::MAX, 100, 9, 9, 9];
    assert_eq!(
        object(&samples::record(&event, None))["args"],
        json!({"fd": 3, "user": -1, "group": 100})
    );
}

#[test]
fn encode_call_without_arguments_has_no_args() {
    let handler = samples::plain_handler();
    let nr = syscalls::number(Abi::Native, "getpid").unwrap();
    let event = Event { slot: Slot::new(Abi::Native, nr).unwrap(), ..samples::openat(&handler) };
    let object = object(&samples::record(&event, None));
    assert_eq!(object.get("args"), None);
    assert_eq!(object["message"], "getpid() by bash (pid 1234, uid 1000)");
}

#[test]
fn encode_registers_are_named_by_position() {
    let handler = samples::handler();
    let event = samples::event(&handler, vec![]);
    assert_eq!(
        object(&samples::record(&event, None))["args"],
        json!({"0": "0", "1": "0x1", "2": "0xffffffffffffffff", "3": "0x3", "4": "0x4", "5": "0x5"})
    );
}

#[test]
fn encode_result_is_number_or_null() {
    let handler = samples::handler();
    for (outcome, result, errno, duration) in [
        (samples::returned(3), json!(3), None, Some(1_500)),
        (samples::returned(-2), json!(-2), Some("ENOENT"), Some(1_500)),
        (samples::returned(-512), json!(-512), Some("ERESTARTSYS"), Some(1_500)),
        (samples::returned(-600), json!(-600), Some("600"), Some(1_500)),
        (Outcome::Died, json!(null), None, None),
        (Outcome::Unknown, json!(null), None, None),
    ] {
        let event = samples::ended(&handler, outcome);
        let object = object(&samples::record(&event, None));
        assert_eq!(object.get("result"), Some(&result), "{outcome:?}");
        assert_eq!(object.get("errno"), errno.map(|name| json!(name)).as_ref(), "{outcome:?}");
        assert_eq!(object.get("duration_ns"), duration.map(|ns| json!(ns)).as_ref(), "{outcome:?}");
    }
}

#[test]
fn encode_running_call_has_time_since_its_entry() {
    let handler = samples::handler();
    let event = samples::ended(&handler, Outcome::Running { for_ns: 10_000_000_007 });
    let object = object(&samples::record(&event, None));
    assert_eq!(
        (&object["result"], &object["running_ns"]),
        (&json!(null), &json!(10_000_000_007_u64))
    );
    assert_eq!(object.get("duration_ns"), None);
}

#[test]
fn encode_own_records_have_tables_and_lists() {
    let (lost, reloaded) = (samples::lost(), samples::reloaded());
    let lost = object(&samples::own(Body::Lost(&lost)));
    assert_eq!(lost["lost"], 8);
    assert_eq!(
        lost["losses"][0],
        json!({"syscall": "#510", "abi": Abi::Compat.name(), "handler": "args", "reason": "ring_full", "count": 7})
    );
    let results = object(&samples::own(Body::Lost(&samples::results_lost())));
    assert_eq!((&results["lost"], &results["losses"][0]["reason"]), (&json!(0), &json!("result")));
    let reloaded = object(&samples::own(Body::Reloaded(&reloaded)));
    assert_eq!(reloaded["added"], json!(["call0 = args", "call1 = args"]));
    assert_eq!(reloaded["removed"], json!([]));
    let (stopped, started) = (samples::stopped(), samples::started());
    assert_eq!(
        object(&samples::own(Body::Stopped(&stopped)))["totals"][1],
        json!({"syscall": "#510", "abi": Abi::Native.name(), "handler": "exec", "seen": 2, "written": 1,
               "aggregated": 0, "filtered": 0, "sampled": 0, "limited": 0, "known": 0,
               "excluded": 1, "counted": 0, "blackbox": 0, "lost": 0})
    );
    assert_eq!(object(&samples::own(Body::Started(&started)))["routes"], 34);
}

#[test]
fn encode_aggregate_is_one_object() {
    let aggregated = samples::aggregated();
    let body = Body::Aggregate(Aggregate {
        aggregated: &aggregated,
        from_ns: samples::TIME_NS,
        to_ns: samples::TIME_NS + 9_000_000_000,
    });
    let object = object(&samples::own(body));
    for (key, value) in [
        ("syscall", json!("openat")),
        ("handler", json!("args")),
        ("generation", json!(3)),
        ("count", json!(3)),
        ("cause", json!("configured")),
        ("suppressed", json!(4)),
        ("uid", json!(1000)),
        ("comm", json!("cat")),
        ("unit", json!("user@1000.service")),
        ("user_unit", json!("mail.service")),
        ("args", json!({"flags": "O_RDONLY"})),
        ("example", json!("openat(...) by cat (pid 7, uid 1000)")),
        ("unknown", json!(0)),
        ("failed", json!(2)),
        ("errors", json!([{"errno": "ENOENT", "count": 2}])),
        ("latency", json!([{"up_to_ns": 127, "count": 2}, {"up_to_ns": 3000, "count": 1}])),
        ("p50_ns", json!(127)),
        ("p90_ns", json!(3000)),
        ("p99_ns", json!(3000)),
        ("max_ns", json!(3000)),
    ] {
        assert_eq!(object[key], value, "{key}");
    }
    assert_eq!(object.get("overflow"), None);
}

#[test]
fn encode_aggregate_without_key_is_marked_overflow() {
    let mut aggregated = samples::aggregated();
    (aggregated.key, aggregated.summary.results) = (None, None);
    let body = Body::Aggregate(Aggregate { aggregated: &aggregated, from_ns: 1, to_ns: 1 });
    let object = object(&samples::own(body));
    assert_eq!(object["overflow"], "yes");
    for key in ["uid", "comm", "unit", "args", "failed", "latency", "p50_ns"] {
        assert_eq!(object.get(key), None, "{key}");
    }
    aggregated.owner = Some(GroupOwner { uid: 0, unit: Some("x.service".into()) });
    let body = Body::Aggregate(Aggregate { aggregated: &aggregated, from_ns: 1, to_ns: 1 });
    let object = self::object(&samples::own(body));
    assert_eq!((&object["overflow"], &object["uid"]), (&"yes".into(), &0.into()));
    assert_eq!((&object["unit"], object.get("comm")), (&"x.service".into(), None));
}

#[test]
fn encode_suppressed_shed_and_feedback_have_their_keys() {
    let suppressed = object(&samples::own(Body::Suppressed(&samples::suppressed())));
    assert_eq!(suppressed["suppressed"], 97);
    assert_eq!(
        suppressed["suppressions"][0],
        json!({"route": "openat", "limit": "100/s", "per": "uid", "owner": "1000", "comm": "cat", "count": 90})
    );
    let feedback = object(&samples::own(Body::Feedback(&samples::feedback())));
    for (key, value) in [
        ("unit", json!("shipper.service")),
        ("pid", json!(77)),
        ("comm", json!("shipper")),
        ("start_boottime_ns", json!(40)),
        ("count", json!(9_000)),
        ("events", json!(10_000)),
    ] {
        assert_eq!(feedback[key], value, "{key}");
    }
    let held = object(&samples::own(Body::Shed(&samples::shed())));
    for (key, value) in [
        ("level", json!("low")),
        ("level_before", json!("none")),
        ("max_per_second", json!(1000)),
        ("written", json!(900)),
        ("aggregated", json!(0)),
        ("dropped", json!(0)),
    ] {
        assert_eq!(held[key], value, "{key}");
    }
    assert_eq!(held.get("max_bytes_per_second"), None);
    let limit = object(&samples::own(Body::JournalRateLimit(&samples::journal_rate_limit())));
    assert_eq!(
        (&limit["unit"], &limit["burst"], &limit["interval_ns"]),
        (&json!("tailcalld.service"), &json!(10_000), &json!(30_000_000_000_u64))
    );
    let counters = object(&samples::own(Body::Stats(&samples::stats())));
    assert_eq!(
        (&counters["generation"], &counters["totals"][0]["seen"]),
        (&json!(4), &json!(1000))
    );
}

#[test]
fn encode_event_has_count_of_suppressed_events() {
    let handler = samples::handler();
    let event = samples::event(&handler, vec![]);
    let of = |suppressed| {
        let body = Body::Syscall(Syscall {
            event: &event,
            place: None,
            suppressed,
            may_be_duplicate: false,
            novel: None,
        });
        object(&samples::own(body)).get("suppressed").cloned()
    };
    assert_eq!((of(0), of(17)), (None, Some(json!(17))));
}

proptest! {
    #[test]
    fn encode_any_bytes_are_decoded_unchanged(text: Vec<u8>, comm in any::<String>(), n in any::<u64>()) {
        let handler = samples::handler();
        let captures = vec![
            samples::capture(&handler, "filename", Value::Text(&text)),
            samples::capture(&handler, "argv", Value::Text(comm.as_bytes())),
            samples::capture(&handler, "argc", Value::Number(n)),
        ];
        let mut event = samples::event(&handler, captures);
        event.comm = comm.as_bytes();
        let object = object(&samples::record(&event, None));
        let expected = match String::from_utf8(text.clone()) {
            Ok(text) => json!(text),
            Err(_) => json!(text),
        };
        assert_eq!(object["args"]["filename"], expected);
        assert_eq!(object["args"]["argc"], n);
        assert_eq!(object["argv"], json!([comm]));
        assert_eq!(object["comm"], json!(comm));
    }
}

/// A kind without a sample would not be tested by anything that visits all of them.
#[test]
fn every_record_kind_has_sample_with_its_name_and_sentence() {
    let mut names = Vec::new();
    samples::each_kind(|body| {
        let record = object(&samples::own(body));
        assert!(record["message"].as_str().is_some_and(|message| message.len() > 10), "{record}");
        names.push(record["record"].as_str().map(str::to_owned));
    });
    let expected: Vec<_> = Kind::ALL.iter().map(|kind| Some(kind.name.to_owned())).collect();
    assert_eq!(names, expected);
}

#[test]
fn cut_cgroup_is_named_as_truncated() {
    let (exec, plain) = (samples::handler(), samples::plain_handler());
    let cut = Status::Truncated { length: None };
    let captures = vec![samples::with_status(&exec, "filename", Value::Text(b"x"), cut)];
    let place = |is_cut| CgroupInfo { cgroup: "/x".into(), is_cut, ..CgroupInfo::default() };
    for (event, names) in [
        (samples::event(&exec, captures), json!(["cgroup", "filename"])),
        (samples::event(&exec, vec![]), json!(["cgroup"])),
        (samples::openat(&plain), json!(["cgroup"])),
    ] {
        let record = |place: &CgroupInfo| object(&samples::record(&event, Some(place)));
        assert_eq!(record(&place(true))["truncated"], names);
        assert_ne!(record(&place(false)).get("truncated"), Some(&names));
    }
}
