//! Tests of the handler `exec`: filename and arguments, whole, truncated and unreadable.

use syscalls::{Abi, Status, Value};
use tailcalld::decode::Event;
use tailcalld::plan::Plan;

use crate::rig::{Rig, rig, routes, slot};

fn execs(abi: Abi) -> Rig {
    rig(&["execve", "execveat"].map(|name| (slot(abi, name), "exec")))
}

/// Returns the number of execve as an argument of the trigger.
fn execve_nr() -> String {
    slot(Abi::Native, "execve").nr().to_string()
}

fn all<'a>(event: &'a Event<'_>, field: &str) -> Vec<(Value<'a>, Status)> {
    let index = event.handler.fields.iter().position(|known| known.name == field);
    let parts = event.captures.of(index.expect("a declared field") as u8).iter();
    parts.map(|part| (part.value, part.status)).collect()
}

fn text(text: &str) -> (Value<'_>, Status) {
    (Value::Text(text.as_bytes()), Status::Ok)
}

fn number(number: u64) -> (Value<'static>, Status) {
    (Value::Number(number), Status::Ok)
}

#[test]
fn exec_captures_program_and_arguments() {
    needs_root!();
    for (abi, word, argv) in
        [(Abi::Native, "native", "argv:3"), (Abi::Compat, "compat", "argv32:3")]
    {
        let rig = execs(abi);
        let nr = slot(abi, "execve").nr().to_string();
        let records = rig.trigger(&[word, &nr, "text:/nonexistent/program", argv, "0"]);
        assert_eq!(records.len(), 1, "{word}");
        let event = rig.event(&records[0]);
        assert_eq!(event.slot, slot(abi, "execve"));
        assert_eq!(all(&event, "filename"), [text("/nonexistent/program")]);
        assert_eq!(all(&event, "argv"), [text("arg"), text("arg"), text("arg")]);
        assert_eq!(all(&event, "argc"), [number(3)]);
        assert_eq!(all(&event, "argv_bytes"), [number(9)]);
        assert_eq!(all(&event, "dirfd"), []);
    }
}

#[test]
fn exec_captures_directory_and_flags_of_execveat() {
    needs_root!();
    let rig = execs(Abi::Native);
    let nr = slot(Abi::Native, "execveat").nr().to_string();
    let records = rig.trigger(&["native", &nr, "-100", "text:", "argv:1", "0", "0x1000"]);
    let event = rig.event(&records[0]);
    assert_eq!(all(&event, "filename"), [text("")]);
    assert_eq!(all(&event, "argv"), [text("arg")]);
    assert_eq!(all(&event, "dirfd"), [number(-100i64 as u64)]);
    assert_eq!(all(&event, "flags"), [number(0x1000)]);
    assert_eq!(event.message, 2);
}

/// The descriptor is the program itself with an empty path and AT_EMPTY_PATH, and means nothing for an absolute one.
#[test]
fn exec_describes_execveat_by_its_path() {
    needs_root!();
    let rig = execs(Abi::Native);
    let nr = slot(Abi::Native, "execveat").nr().to_string();
    for (path, flags, message) in [
        ("text:x", "0x1000", "{filename} {argv}, in directory {dirfd}, {flags}"),
        ("text:", "0", "{filename} {argv}, in directory {dirfd}, {flags}"),
        ("8", "0x1000", "{filename} {argv}, in directory {dirfd}, {flags}"),
        ("text:", "0x1100", "descriptor {dirfd} {argv}, {flags}"),
        ("text:/nonexistent/x", "0x1000", "{filename} {argv}, {flags}"),
    ] {
        let records = rig.trigger(&["native", &nr, "3", path, "argv:1", "0", flags]);
        let event = rig.event(&records[0]);
        let expected = format!("Executing a program: {message}");
        assert_eq!(event.handler.messages[usize::from(event.message)], expected, "{path}, {flags}");
        assert_eq!(all(&event, "dirfd"), [number(3)]);
    }
}

#[test]
fn exec_empty_argv_has_no_arguments() {
    needs_root!();
    let rig = execs(Abi::Native);
    for argv in ["0", "argv:0"] {
        let records = rig.trigger(&["native", &execve_nr(), "text:/x", argv, "0"]);
        let event = rig.event(&records[0]);
        assert_eq!(all(&event, "argv"), [], "{argv}");
        assert_eq!(all(&event, "argc"), [number(0)], "{argv}");
        assert_eq!(all(&event, "argv_bytes"), [number(0)], "{argv}");
    }
}

const UNREADABLE: (Value<'_>, Status) =
    (Value::Text(b""), Status::Unreadable { errno: nix::libc::EFAULT });

#[test]
fn exec_unreadable_filename_is_marked() {
    needs_root!();
    let rig = execs(Abi::Native);
    for address in ["0", "8", "0xffffffff81000000", "cliff:/bin/x"] {
        let records = rig.trigger(&["native", &execve_nr(), address, "0", "0"]);
        let event = rig.event(&records[0]);
        assert_eq!(all(&event, "filename"), [UNREADABLE], "{address}");
    }
}

#[test]
fn exec_unreadable_argv_has_truncated_count() {
    needs_root!();
    let rig = execs(Abi::Native);
    let records = rig.trigger(&["native", &execve_nr(), "text:/x", "8", "0"]);
    let event = rig.event(&records[0]);
    assert_eq!(all(&event, "argc"), [(Value::Number(0), Status::Truncated { length: Some(8) })]);
}

#[test]
fn exec_unreadable_argument_is_marked_and_counted() {
    needs_root!();
    let rig = execs(Abi::Native);
    let records = rig.trigger(&["native", &execve_nr(), "text:/x", "words:8,0", "0"]);
    let event = rig.event(&records[0]);
    assert_eq!(all(&event, "argv"), [UNREADABLE]);
    assert_eq!(all(&event, "argc"), [number(1)]);
}

#[test]
fn exec_path_over_4096_bytes_is_truncated() {
    needs_root!();
    let rig = execs(Abi::Native);
    for (length, status) in [
        (4095, Status::Ok),
        (4096, Status::Ok),
        (4097, Status::Truncated { length: None }),
        (9000, Status::Truncated { length: None }),
    ] {
        let records = rig.trigger(&["native", &execve_nr(), &format!("long:{length}"), "0", "0"]);
        let event = rig.event(&records[0]);
        let kept = vec![b'x'; length.min(4096)];
        assert_eq!(all(&event, "filename"), [(Value::Text(&kept), status)], "{length}");
    }
}

fn with_argv_bytes(argv_bytes: u32) -> Plan {
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let mut plan: Plan = routes(&handlers, &[(slot(Abi::Native, "execve"), "exec")]);
    plan.routes.values_mut().for_each(|route| route.rules[0].argv_bytes = argv_bytes);
    plan
}

#[test]
fn exec_argv_over_argv_bytes_is_truncated_and_counted() {
    needs_root!();
    let rig = Rig::new(&with_argv_bytes(7));
    let records = rig.trigger(&["native", &execve_nr(), "text:/x", "argv:5", "0"]);
    let event = rig.event(&records[0]);
    let cut = (Value::Text(b"a".as_slice()), Status::Truncated { length: Some(3) });
    assert_eq!(all(&event, "argv"), [text("arg"), text("arg"), cut]);
    assert_eq!(all(&event, "argc"), [number(5)]);
    assert_eq!(all(&event, "argv_bytes"), [number(15)]);
}

#[test]
fn exec_argv_without_argv_bytes_is_only_counted() {
    needs_root!();
    let rig = Rig::new(&with_argv_bytes(0));
    let records = rig.trigger(&["native", &execve_nr(), "text:/x", "argv:100", "0"]);
    let event = rig.event(&records[0]);
    assert_eq!(all(&event, "argv"), []);
    assert_eq!(all(&event, "argc"), [number(100)]);
    assert_eq!(all(&event, "argv_bytes"), [number(300)]);
}

/// `exec` reads up to 256 strings and counts up to 4,095; beyond, the number is marked as a minimum.
#[test]
fn exec_long_argv_is_counted_up_to_4095() {
    needs_root!();
    let rig = execs(Abi::Native);
    let at_least = |number| (Value::Number(number), Status::Truncated { length: Some(8) });
    for (count, argc, argv_bytes) in [
        (255, number(255), number(765)),
        (256, number(256), number(768)),
        (257, number(257), at_least(768)),
        (4095, number(4095), at_least(768)),
        (100_000, at_least(4096), at_least(768)),
    ] {
        let records =
            rig.trigger(&["native", &execve_nr(), "text:/x", &format!("argv:{count}"), "0"]);
        let event = rig.event(&records[0]);
        assert_eq!(all(&event, "argv").len(), count.min(256), "{count}");
        assert_eq!(all(&event, "argc"), [argc], "{count}");
        assert_eq!(all(&event, "argv_bytes"), [argv_bytes], "{count}");
    }
}
