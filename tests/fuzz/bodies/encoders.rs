//! A plain reader reads the values of any event from what an encoder writes.

use std::cell::RefCell;

use syscalls::Value;
use tailcalld::config::Redact;
use tailcalld::decode::Event;
use tailcalld::handlers::{FieldKind, Role};
use tailcalld::output::record::{Body, Record, Syscall};
use tailcalld::output::{Scratch, journal_entry, json_line};
use tailcalld::pipeline::redact::secrets;

use super::event::{decoded, entry};
use super::readers;

/// Bytes of the longest sentence, with the task and the result behind it.
const SENTENCE_MAX: usize = 2400;

/// Numbers of an event with their names in the journal and in JSON.
fn numbers(event: &Event<'_>) -> [(&'static str, &'static str, u64); 6] {
    [
        ("SYSCALL_NR", "nr", event.slot.nr().into()),
        ("SYSCALL_PID", "pid", event.pid.into()),
        ("SYSCALL_TID", "tid", event.tid.into()),
        ("SYSCALL_PPID", "ppid", event.ppid.into()),
        ("SYSCALL_UID", "uid", event.uid.into()),
        ("SYSCALL_GID", "gid", event.gid.into()),
    ]
}

/// Encodes the event as an entry of the journal.
pub fn journal(bytes: &[u8]) {
    with_events(bytes, journal_entry, |event, encoded| {
        let entry = readers::entry(encoded);
        let one = |name: &str| match entry.get(name).map(Vec::as_slice) {
            Some([value]) => value.clone(),
            other => panic!("{name}: {other:?}"),
        };
        for (name, _, number) in numbers(event) {
            assert_eq!(one(name), number.to_string().as_bytes(), "{name}");
        }
        assert_eq!(one("SYSCALL_COMM"), event.comm);
        assert_eq!(entry.get("SYSCALL_ARGV").cloned().unwrap_or_default(), argv(event));
        check_message(&one("MESSAGE"));
        let is_clean = |text: &Vec<u8>| !text.iter().any(u8::is_ascii_control);
        assert!(entry.get("SYSCALL_CMDLINE").is_none_or(|all| all.iter().all(is_clean)));
    });
}

/// Encodes the event as a line of JSON.
pub fn json(bytes: &[u8]) {
    with_events(bytes, json_line, |event, encoded| {
        let object = readers::object(encoded);
        for (_, name, number) in numbers(event) {
            assert_eq!(object[name].as_u64(), Some(number), "{name}");
        }
        assert_eq!(readers::bytes(&object["comm"]), event.comm);
        let list = object.get("argv").and_then(serde_json::Value::as_array);
        // An argument that could not be read is null.
        let readable = list.into_iter().flatten().filter(|value| !value.is_null());
        assert_eq!(readable.map(readers::bytes).collect::<Vec<_>>(), argv(event));
        check_message(&readers::bytes(&object["message"]));
    });
}

type Encode = fn(&Record<'_>, &mut Scratch, &mut Vec<u8>);

thread_local! {
    /// Memory that all records use again, as in the daemon: nothing of one record may reach another.
    static MEMORY: RefCell<(Scratch, Vec<u8>)> = RefCell::default();
}

/// Encodes the event of the input, as it is and without its secrets.
fn with_events(input: &[u8], encode: Encode, check: impl Fn(&Event<'_>, &[u8])) {
    let bytes = entry(input);
    let Some(event) = decoded(&bytes, None) else { return };
    let secrets = secrets(&event, &Redact::Obvious);
    let redacted = secrets.redacted(&event);
    assert_eq!(argv(&event).len(), argv(&redacted).len());
    for event in [&event, &redacted] {
        MEMORY.with_borrow_mut(|(scratch, buffer)| {
            let body = Body::Syscall(Syscall {
                event,
                place: None,
                suppressed: 0,
                may_be_duplicate: false,
                novel: None,
            });
            buffer.clear();
            encode(&Record { time_ns: 1, body }, scratch, buffer);
            check(event, buffer);
        });
    }
}

/// Returns the arguments of a program, as far as they were read.
fn argv(event: &Event<'_>) -> Vec<Vec<u8>> {
    let fields = (0..).zip(&event.handler.fields);
    let mut argv = fields
        .filter(|(_, field)| field.kind == FieldKind::Texts && field.role == Role::Argv)
        .map(|(index, _)| index);
    let Some(index) = argv.next() else { return Vec::new() };
    let captures = event.captures.iter().filter(|capture| capture.index == index);
    let readable = captures.filter(|capture| capture.status.is_readable());
    let texts = readable.filter_map(|capture| match capture.value {
        Value::Text(text) => Some(text.to_vec()),
        // No handler captures an argument of a program as one of these.
        Value::Bytes(_) | Value::Number(_) => None,
    });
    texts.collect()
}

fn check_message(message: &[u8]) {
    let message = std::str::from_utf8(message).expect("a text");
    assert!(!message.chars().any(char::is_control), "{message:?}");
    assert!(!message.contains(['\u{202e}', '\u{2028}', '\u{feff}']), "{message:?}");
    assert!((1..=SENTENCE_MAX).contains(&message.len()), "{} bytes", message.len());
}
