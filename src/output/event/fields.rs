//! Fields of an event: which it has, in which order, with which values. Values that a process chose are
//! handed on byte by byte; what could not be read is absent and named, never empty.

use std::fmt::Write as _;

use syscalls::{Argument, Capture, Status, Value, notation};

use super::captures::{self, CapturedField};
use super::names::{self, Lacking};
use super::{ancestry, chained, files, outcome, sentence, values, who};
use crate::decode::{Event, Exe, Executed, NAMESPACES, Process, render};
use crate::handlers::{CALL, Field, FieldKind};
use crate::output::fields::Fields;
use crate::output::key::{Key, Name};
use crate::output::scratch::Scratch;
use crate::units::CgroupInfo;

/// An argument without a name is called by its position.
const POSITIONS: [&str; 6] = ["0", "1", "2", "3", "4", "5"];

/// Hands all fields of `event` to `out`, in a fixed order.
pub fn write(
    event: &Event,
    place: Option<&CgroupInfo>,
    suppressed: u64,
    scratch: &mut Scratch,
    out: &mut impl Fields,
) {
    call(event, out);
    if let Some(outcome) = event.outcome {
        outcome::fields(event, outcome, scratch, out);
    }
    if suppressed > 0 {
        out.unsigned(Key::Suppressed, suppressed);
    }
    task(event, scratch, out);
    process(&event.process, scratch, out);
    cgroup(event, place, out);
    let mut lacking = Lacking::default();
    if let Some(boxed) = event.boxed {
        out.text(Key::Blackbox, boxed.dump.as_bytes());
        out.unsigned(Key::Position, boxed.position);
        lacking.truncated.extend(boxed.is_cut.then_some(Key::Blackbox.json()));
    }
    ancestry::write(event, &mut lacking, scratch, out);
    if place.is_some_and(|place| place.is_cut) {
        lacking.truncated.push(Key::Cgroup.json());
    }
    if event.lacks_capabilities {
        lacking.truncated.push(Key::Capabilities.json());
    }
    executed(event, &mut lacking, scratch, out);
    names::write(event, &mut lacking, scratch, out);
    files::write(event, scratch, out);
    chained::add_lacking(event, &mut lacking);
    arguments(event, lacking, scratch, out);
}

fn call(event: &Event, out: &mut impl Fields) {
    if let Some(name) = event.slot.name() {
        out.word(Key::Syscall, name);
    }
    if let Some(name) = event.inner_name() {
        out.word(Key::Call, name);
    }
    if let Some(nr) = event.slot.known_nr() {
        out.unsigned(Key::Nr, nr.into());
    }
    out.word(Key::Abi, event.slot.abi().name());
    chained::write_handlers(event, out);
    out.unsigned(Key::Generation, event.generation.into());
    out.unsigned(Key::BoottimeNs, event.boottime_ns);
}

fn task(event: &Event, scratch: &mut Scratch, out: &mut impl Fields) {
    for (key, id) in [
        (Key::Pid, event.pid),
        (Key::Tid, event.tid),
        (Key::Ppid, event.ppid),
        (Key::Uid, event.uid),
        (Key::Gid, event.gid),
    ] {
        out.unsigned(key, id.into());
    }
    who::ids(event, scratch, out);
    who::login(event, scratch, out);
    who::processes(event, scratch, out);
    out.text(Key::Comm, event.comm);
}

/// By `enum namespace`.
const NAMESPACE_KEYS: [Key; NAMESPACES] =
    [Key::NsCgroup, Key::NsIpc, Key::NsMnt, Key::NsNet, Key::NsPid, Key::NsUser, Key::NsUts];

/// Writes start time, executable, and the namespaces that differ from the initial ones.
fn process(process: &Process, scratch: &mut Scratch, out: &mut impl Fields) {
    out.unsigned(Key::StartNs, process.start_ns);
    if let Some(Exe { device, inode }) = process.exe {
        let device =
            |text: &mut String| who::pair(device.major().into(), device.minor().into(), text);
        out.text(Key::ExeDevice, scratch.text(device));
        out.unsigned(Key::ExeInode, inode);
    }
    for (key, id) in NAMESPACE_KEYS.into_iter().zip(process.namespaces) {
        if id != 0 {
            out.unsigned(key, id.into());
        }
    }
}

/// Writes the digest of the program that the call has executed, in hexadecimal.
fn executed(
    event: &Event,
    lacking: &mut Lacking<'_>,
    scratch: &mut Scratch,
    out: &mut impl Fields,
) {
    let Some(Executed { sha256, .. }) = &event.executed else { return };
    match sha256 {
        Some(sha256) => {
            out.text(Key::ExeSha256, scratch.text(|text| hex(sha256, text)));
        }
        None => lacking.unreadable.push(Key::ExeSha256.json()),
    }
}

fn hex(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
}

/// Writes the cgroup, its unit and its container; without a place, the id of the cgroup.
fn cgroup(event: &Event, place: Option<&CgroupInfo>, out: &mut impl Fields) {
    let Some(place) = place else {
        return out.unsigned(Key::CgroupId, event.cgroup);
    };
    out.text(Key::Cgroup, place.cgroup.as_bytes());
    let known = [
        (Key::Unit, &place.unit),
        (Key::UserUnit, &place.user_unit),
        (Key::ContainerId, &place.container),
        (Key::ClaimedContainerId, &place.claimed_container),
    ];
    for (key, name) in known {
        if let Some(name) = name {
            out.text(key, name.as_bytes());
        }
    }
}

/// Writes the arguments as the syscall's signature describes them, the fields of the handler, or the registers.
fn arguments(event: &Event, lacking: Lacking<'_>, scratch: &mut Scratch, out: &mut impl Fields) {
    match event.known_call() {
        Some(call) => known_arguments(event, call.arguments(), lacking, scratch, out),
        None if event.captures.is_empty() => {
            if event.handler.name != CALL {
                registers(event, scratch, out);
            }
            chained::write(event, scratch, out);
            list(Key::Truncated, lacking.truncated.into_iter(), out);
            list(Key::Unreadable, lacking.unreadable.into_iter(), out);
        }
        None => declared_fields(event, lacking, scratch, out),
    }
}

fn list<'a>(key: Key, names: impl Iterator<Item = &'a str>, out: &mut impl Fields) {
    let mut names = names.peekable();
    if names.peek().is_some() {
        out.list(key, names.map(str::as_bytes));
    }
}

/// Writes the arguments of a known syscall: a path or a string unchanged, all else as strace prints it.
fn known_arguments<'e>(
    event: &'e Event<'e>,
    arguments: impl Iterator<Item = Argument<'e>>,
    lacking: Lacking<'e>,
    scratch: &mut Scratch,
    out: &mut impl Fields,
) {
    let (mut truncated, mut unreadable): (Vec<&'e str>, Vec<&'e str>) =
        (lacking.truncated, lacking.unreadable);
    for (position, argument) in arguments.enumerate() {
        let (name, kind) = (Name::Arg(argument.parameter.name), argument.parameter.kind);
        truncated.extend(files::is_cut(event, &argument).then_some(argument.parameter.name));
        unreadable
            .extend(files::is_unreadable(event, &argument).then_some(argument.parameter.name));
        let has_file = files::has(event, &argument);
        match (
            notation::register_number(kind, argument.register, argument.abi()),
            notation::string_bytes(&argument),
        ) {
            // A number stays one where the files are a table of their own.
            _ if has_file && !out.has(Key::Fds) => out.text(name, scratch.argument(position)),
            (None, None) if has_file => {
                let plain = |text: &mut String| notation::argument_with_memory(&argument, text);
                out.text(name, scratch.text(plain));
            }
            (Some(notation::Number::Unsigned(number)), _) => out.unsigned(name, number),
            (Some(notation::Number::Signed(number)), _) => out.signed(name, number),
            (None, Some(text)) => out.text(name, text),
            (None, None) => out.text(name, scratch.argument(position)),
        }
        truncated.extend(argument.is_truncated().then_some(argument.parameter.name));
        unreadable.extend(argument.is_unreadable().then_some(argument.parameter.name));
    }
    chained::write(event, scratch, out);
    for (key, names) in [(Key::Truncated, truncated), (Key::Unreadable, unreadable)] {
        list(key, names.into_iter(), out);
    }
    if !event.captures.is_empty() {
        out.text(Key::Registers, scratch.text(|text| sentence::registers(event, " ", text)));
    }
}

/// Writes the registers of an unknown syscall by position.
fn registers(event: &Event, scratch: &mut Scratch, out: &mut impl Fields) {
    for (name, value) in POSITIONS.into_iter().zip(event.args) {
        out.text(Name::Arg(name), scratch.text(|text| notation::register(value, text)));
    }
}

/// Writes the fields that the handler declares.
fn declared_fields(
    event: &Event,
    lacking: Lacking<'_>,
    scratch: &mut Scratch,
    out: &mut impl Fields,
) {
    for captured in captures::fields(event).filter(|captured| !captures::is_argv(captured.field)) {
        match captured.field.kind {
            FieldKind::Processes => {}
            FieldKind::Texts if captures::is_env(captured.field) => {
                texts(captured, Key::Env.into(), out)
            }
            FieldKind::Texts => texts(captured, Name::Arg(&captured.field.name), out),
            _ => captured
                .readable()
                .take(1)
                .for_each(|capture| argument(event, captured.field, capture, scratch, out)),
        }
    }
    for captured in captures::fields(event).filter(|captured| captures::is_argv(captured.field)) {
        texts(captured, Key::Argv.into(), out);
        if out.has(Key::Cmdline) {
            // The journal keeps neither the order of repeated fields nor equal ones.
            out.filled(Key::Cmdline, |text| values::vector(event, captured, text));
        }
    }
    chained::write(event, scratch, out);
    let is_cut = |captured: &CapturedField<'_>| {
        captured.has_status(Status::is_truncated) || values::lacks_strings(event, *captured)
    };
    let truncated = names(event, is_cut);
    list(Key::Truncated, lacking.truncated.into_iter().chain(truncated), out);
    let unreadable = names(event, |captured| captured.has_status(|status| !status.is_readable()));
    list(Key::Unreadable, lacking.unreadable.into_iter().chain(unreadable), out);
    if !event.redacted.is_empty() {
        out.list(Key::Redacted, event.redacted.iter().map(|name| name.as_bytes()));
    }
}

fn argument(
    event: &Event,
    field: &Field,
    capture: &Capture,
    scratch: &mut Scratch,
    out: &mut impl Fields,
) {
    let (kind, name) = (field.kind, Name::Arg(&field.name));
    let (context, has_table) = (captures::context(event), out.has(Key::Fds));
    match (render::number(kind, capture.value), kind, capture.value) {
        (Some(notation::Number::Unsigned(number)), ..) => out.unsigned(name, number),
        (Some(notation::Number::Signed(number)), ..) => out.signed(name, number),
        (None, FieldKind::Text, Value::Text(text) | Value::Bytes(text)) => out.text(name, text),
        (None, _, value) => {
            out.text(
                name,
                scratch.text(|text| {
                    render::exact(kind, value, context, text);
                    if !has_table {
                        files::append_to_field(event, kind, text);
                    }
                }),
            );
        }
    }
}

fn texts<'e>(captured: CapturedField<'e>, name: Name, out: &mut impl Fields) {
    // An empty string of an environment has no name: it only marks that something was not captured.
    let is_named = |text: &[u8]| !(captures::is_env(captured.field) && text.is_empty());
    let text = |capture: &'e Capture<'e>| match capture.value {
        Value::Text(text) if is_named(text) => Some(capture.status.is_readable().then_some(text)),
        _ => None,
    };
    let texts = || captured.captures.iter().filter_map(text);
    if texts().next().is_some() {
        out.places(name, texts());
    }
}

/// Returns the names of the fields that are so.
fn names<'e>(
    event: &'e Event,
    is_so: impl Fn(&CapturedField<'_>) -> bool,
) -> impl Iterator<Item = &'e str> {
    captures::fields(event).filter(is_so).map(|captured| captured.field.name.as_str())
}
