//! One walk over a record for all outputs: what fields it has, in which order, with which values.
//! The journal and JSON only spell what they are handed here. Values that a process chose are
//! handed on byte by byte; what could not be read is absent and named, never empty.

use std::fmt::Write as _;

use syscalls::{Argument, Capture, Status, Value, notation};

use crate::decode::{Event, Exe, NAMESPACES, Process, render};
use crate::handlers::{Field, FieldKind};
use crate::output::arguments::Arguments;
use crate::output::captures::Captured;
use crate::output::fields::Fields;
use crate::output::key::{Key, Name};
use crate::output::record::{Body, Record};
use crate::output::stamp::Stamp;
use crate::output::{captures, end, gathered, message, own};
use crate::units::CgroupInfo;

/// Raised when a key changes its meaning or goes; new keys do not raise it.
pub const SCHEMA: u64 = 1;

/// `SYSLOG_IDENTIFIER`; without it journald looks up the sender's name for each entry.
pub const IDENTIFIER: &str = "tailcalld";

/// `loginuid` of a task that nobody logged in for.
const NO_LOGINUID: u32 = u32::MAX;

/// An argument without a name is called by its position.
const POSITIONS: [&str; 6] = ["0", "1", "2", "3", "4", "5"];

/// Memory that is used again for each record.
#[derive(Debug)]
pub struct Scratch {
    stamp: Stamp,
    text: String,
    arguments: Arguments,
}

impl Scratch {
    /// Empty.
    pub fn new() -> Self {
        Self { stamp: Stamp::utc(), text: String::new(), arguments: Arguments::default() }
    }

    /// Text written by `fill`, in the memory of the last one.
    pub fn text(&mut self, fill: impl FnOnce(&mut String)) -> &[u8] {
        self.text.clear();
        fill(&mut self.text);
        self.text.as_bytes()
    }

    /// A point in time for machines.
    pub fn time(&mut self, time_ns: u64) -> &[u8] {
        self.text.clear();
        self.stamp.rfc3339(time_ns, &mut self.text);
        self.text.as_bytes()
    }

    /// Returns the sentence of a record; the arguments of its event are kept for their fields.
    fn message(&mut self, body: &Body) -> &[u8] {
        self.text.clear();
        message::write(body, &mut self.arguments, &mut self.text);
        self.text.as_bytes()
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

/// Hands all fields of `record` to `out`.
pub fn walk(record: &Record, scratch: &mut Scratch, out: &mut impl Fields) {
    let kind = record.body.kind();
    out.unsigned(Key::Schema, SCHEMA);
    out.word(Key::Record, kind.name);
    out.text(Key::Time, scratch.time(record.time_ns));
    out.text(Key::Message, scratch.message(&record.body));
    out.word(Key::MessageId, kind.id);
    out.unsigned(Key::Priority, record.body.priority().into());
    out.word(Key::Identifier, IDENTIFIER);
    match &record.body {
        Body::Syscall { event, place, suppressed } => {
            call(event, out);
            if let Some(outcome) = event.outcome {
                end::fields(event, outcome, scratch, out);
            }
            if *suppressed > 0 {
                out.unsigned(Key::Suppressed, *suppressed);
            }
            task(event, out);
            process(&event.process, scratch, out);
            whereabouts(event, *place, out);
            arguments(event, scratch, out);
        }
        Body::Aggregate { aggregated, from_ns, to_ns } => {
            gathered::fields(aggregated, [*from_ns, *to_ns], scratch, out);
        }
        Body::Started(started) => own::started(started, out),
        Body::Reloaded(reloaded) => own::reloaded(reloaded, out),
        Body::ReloadRefused(refused) => own::refused(refused, out),
        Body::Lost(lost) => own::lost(lost, scratch, out),
        Body::Suppressed(suppressed) => own::suppressed(suppressed, scratch, out),
        Body::Feedback(feedback) => own::feedback(feedback, scratch, out),
        Body::Missed(missed) => own::missed(missed, scratch, out),
        Body::TracingOff(change) | Body::TracingOn(change) => {
            own::tracing_change(change, scratch, out);
        }
        Body::OutputRestored(back) => own::output_restored(back, scratch, out),
        Body::Shed(shed) => own::shed(shed, scratch, out),
        Body::JournalRateLimit(limit) => own::journal_rate_limit(limit, out),
        Body::Stats(stats) => own::stats(stats, out),
        Body::Stopped(stopped) => own::stopped(stopped, out),
    }
}

fn call(event: &Event, out: &mut impl Fields) {
    if let Some(name) = event.slot.name() {
        out.word(Key::Syscall, name);
    }
    if let Some(name) = event.inner_name() {
        out.word(Key::Call, name);
    }
    out.unsigned(Key::Nr, event.slot.nr().into());
    out.word(Key::Abi, event.slot.abi().name());
    out.text(Key::Handler, event.handler.name.as_bytes());
    out.unsigned(Key::Generation, event.generation.into());
    out.unsigned(Key::BoottimeNs, event.boottime_ns);
}

fn task(event: &Event, out: &mut impl Fields) {
    for (key, id) in [
        (Key::Pid, event.pid),
        (Key::Tid, event.tid),
        (Key::Ppid, event.ppid),
        (Key::Uid, event.uid),
        (Key::Gid, event.gid),
    ] {
        out.unsigned(key, id.into());
    }
    if event.loginuid != NO_LOGINUID {
        out.unsigned(Key::Loginuid, event.loginuid.into());
    }
    out.text(Key::Comm, event.comm);
}

/// By `enum namespace`.
const NAMESPACE_KEYS: [Key; NAMESPACES] =
    [Key::NsCgroup, Key::NsIpc, Key::NsMnt, Key::NsNet, Key::NsPid, Key::NsUser, Key::NsUts];

/// Of namespaces only those in which not everybody is.
fn process(process: &Process, scratch: &mut Scratch, out: &mut impl Fields) {
    out.unsigned(Key::StartNs, process.start_ns);
    if let Some(Exe { device, inode }) = process.exe {
        let device = |text: &mut String| {
            let _ = write!(text, "{}:{}", device.major(), device.minor());
        };
        out.text(Key::ExeDevice, scratch.text(device));
        out.unsigned(Key::ExeInode, inode);
    }
    for (key, id) in NAMESPACE_KEYS.into_iter().zip(process.namespaces) {
        if id != 0 {
            out.unsigned(key, id.into());
        }
    }
}

/// Without a place the cgroup is known by its number only.
fn whereabouts(event: &Event, place: Option<&CgroupInfo>, out: &mut impl Fields) {
    let Some(place) = place else {
        return out.unsigned(Key::CgroupId, event.cgroup);
    };
    out.text(Key::Cgroup, place.cgroup.as_bytes());
    let known = [
        (Key::Unit, &place.unit),
        (Key::UserUnit, &place.user_unit),
        (Key::ContainerId, &place.container),
    ];
    for (key, name) in known {
        if let Some(name) = name {
            out.text(key, name.as_bytes());
        }
    }
}

/// A handler that captures nothing leaves the registers, which the syscall's signature explains.
fn arguments(event: &Event, scratch: &mut Scratch, out: &mut impl Fields) {
    match event.arguments() {
        Some(arguments) => told(event, arguments, scratch, out),
        None if event.captures.is_empty() => registers(event, scratch, out),
        None => captured(event, scratch, out),
    }
}

/// A path or a string is handed on as it is; all else as strace prints it.
fn told<'e>(
    event: &Event,
    arguments: impl Iterator<Item = Argument<'e>>,
    scratch: &mut Scratch,
    out: &mut impl Fields,
) {
    let (mut truncated, mut unreadable) = (Vec::new(), Vec::new());
    for (position, one) in arguments.enumerate() {
        let (name, kind) = (Name::Arg(one.parameter.name), one.parameter.kind);
        match (
            notation::register_number(kind, one.register, one.abi()),
            notation::string_bytes(&one),
        ) {
            (Some(notation::Number::Unsigned(number)), _) => out.unsigned(name, number),
            (Some(notation::Number::Signed(number)), _) => out.signed(name, number),
            (None, Some(text)) => out.text(name, text),
            (None, None) => out.text(name, scratch.arguments.nth(position).as_bytes()),
        }
        truncated.extend(one.is_truncated().then_some(one.parameter.name));
        unreadable.extend(one.is_unreadable().then_some(one.parameter.name));
    }
    for (key, names) in [(Key::Truncated, truncated), (Key::Unreadable, unreadable)] {
        if !names.is_empty() {
            out.list(key, names.into_iter().map(str::as_bytes));
        }
    }
    if !event.captures.is_empty() {
        out.text(Key::Registers, scratch.text(|text| message::registers(event, " ", text)));
    }
}

/// Of a syscall that is not known they stand for themselves.
fn registers(event: &Event, scratch: &mut Scratch, out: &mut impl Fields) {
    for (name, value) in POSITIONS.into_iter().zip(event.args) {
        out.text(Name::Arg(name), scratch.text(|text| notation::register(value, text)));
    }
}

fn captured(event: &Event, scratch: &mut Scratch, out: &mut impl Fields) {
    let context = captures::context(event);
    for one in captures::fields(event).filter(|one| !captures::is_argv(one.field)) {
        match one.field.kind {
            FieldKind::Texts if captures::is_env(one.field) => texts(one, Key::Env.into(), out),
            FieldKind::Texts => texts(one, Name::Arg(&one.field.name), out),
            _ => one
                .readable()
                .take(1)
                .for_each(|capture| argument(one.field, capture, context, scratch, out)),
        }
    }
    for one in captures::fields(event).filter(|one| captures::is_argv(one.field)) {
        texts(one, Key::Argv.into(), out);
        // The journal keeps neither the order of repeated fields nor equal ones.
        out.text(Key::Cmdline, scratch.text(|text| message::vector(event, one, text)));
    }
    troubled(event, Key::Truncated, |status| matches!(status, Status::Truncated { .. }), out);
    troubled(event, Key::Unreadable, |status| matches!(status, Status::Unreadable { .. }), out);
    if !event.redacted.is_empty() {
        out.list(Key::Redacted, event.redacted.iter().map(|name| name.as_bytes()));
    }
}

fn argument(
    field: &Field,
    capture: &Capture,
    context: render::Context,
    scratch: &mut Scratch,
    out: &mut impl Fields,
) {
    let (kind, name) = (field.kind, Name::Arg(&field.name));
    match (render::number(kind, capture.value), kind, capture.value) {
        (Some(notation::Number::Unsigned(number)), ..) => out.unsigned(name, number),
        (Some(notation::Number::Signed(number)), ..) => out.signed(name, number),
        (None, FieldKind::Text, Value::Text(text) | Value::Bytes(text)) => out.text(name, text),
        (None, _, value) => {
            out.text(name, scratch.text(|text| render::exact(kind, value, context, text)));
        }
    }
}

fn texts(one: Captured<'_>, name: Name, out: &mut impl Fields) {
    // An empty string of an environment has no name: it only says that something is not here.
    let is_named = |text: &&[u8]| !(captures::is_env(one.field) && text.is_empty());
    let texts = || one.readable().filter_map(|capture| bytes(capture.value)).filter(is_named);
    if texts().next().is_some() {
        out.list(name, texts());
    }
}

fn bytes(value: Value<'_>) -> Option<&[u8]> {
    match value {
        Value::Text(bytes) | Value::Bytes(bytes) => Some(bytes),
        Value::Number(_) => None,
    }
}

fn troubled(
    event: &Event,
    key: Key,
    matches: impl Fn(&Status) -> bool + Copy,
    out: &mut impl Fields,
) {
    let is_troubled = |one: &Captured<'_>| one.captures.iter().any(|one| matches(&one.status));
    let mut names = captures::fields(event).filter(is_troubled).peekable();
    if names.peek().is_some() {
        out.list(key, names.map(|one| one.field.name.as_bytes()));
    }
}
