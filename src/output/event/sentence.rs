//! `MESSAGE`: one sentence for a person, made of the handler's template and the event's values. It
//! is printable whatever a process put into its names, and at most a screenful: the whole of every
//! value stands in a field of its own.

use std::fmt::Write;

use syscalls::printable::{self, NO_LIMIT};
use syscalls::{Abi, notation};

use super::{chained, outcome, values, who};
use crate::decode::{Event, Outcome, render};
use crate::output::arguments::Arguments;
use crate::output::sentence;
use crate::output::users::UserNames;
use crate::units::CgroupInfo;

/// Template for an event whose handler has no such message.
const FALLBACK: &str = "{syscall}({args})";

/// Appends the sentence of `event`, with the unit of the task if it is known. Only the text of the template is cut: the
/// task, the unit and the result of the call are always there.
pub fn write(
    event: &Event,
    place: Option<&CgroupInfo>,
    arguments: &mut Arguments,
    out: &mut String,
) {
    let own = || event.handler.messages.get(usize::from(event.message)).map(String::as_str);
    let template = chained::template(event).or_else(own).filter(|template| !template.is_empty());
    write_by(template.unwrap_or(FALLBACK), event, place, arguments, out);
}

/// Appends the sentence of the end of a call. The handler's template is for values that were captured at entry.
pub fn write_end(
    event: &Event,
    place: Option<&CgroupInfo>,
    arguments: &mut Arguments,
    out: &mut String,
) {
    out.push_str("Ended");
    if let Some(Outcome::Returned { duration_ns, .. }) = event.outcome {
        out.push_str(" after ");
        render::span(duration_ns, out);
    }
    out.push_str(": ");
    write_by(FALLBACK, event, place, arguments, out);
}

fn write_by(
    template: &str,
    event: &Event,
    place: Option<&CgroupInfo>,
    arguments: &mut Arguments,
    out: &mut String,
) {
    arguments.render(event);
    sentence::cut(out, |out| fill(template, event, arguments, out));
    task(event, arguments.users(), out);
    unit(place, out);
    if let Some(outcome) = event.outcome {
        outcome::sentence(event, outcome, out);
    }
}

/// Replaces each `{name}`; one that means nothing stays as it is.
fn fill(template: &str, event: &Event, arguments: &Arguments, out: &mut String) {
    let mut rest = template;
    while let Some((before, name, after)) = placeholder(rest) {
        printable::plain(before, NO_LIMIT, out);
        match name {
            "syscall" => syscall(event, out),
            "args" if arguments.append_all(out) => {}
            "args" => registers(event, ", ", out),
            _ if values::write(name, event, out) || chained::append(name, event, out) => {}
            _ => {
                out.push('{');
                printable::plain(name, NO_LIMIT, out);
                out.push('}');
            }
        }
        rest = after;
    }
    printable::plain(rest, NO_LIMIT, out);
}

/// Returns the text before, in and after the first pair of braces.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

fn syscall(event: &Event, out: &mut String) {
    match event.display_name().or(event.slot.name()) {
        Some(name) => out.push_str(name),
        None => drop(write!(out, "{}", event.slot)),
    }
}

/// The text of the argument of that name, as a sentence has it; `false` if there is none.
pub fn argument(event: &Event, name: &str, out: &mut String) -> bool {
    let Some(call) = event.known_call() else {
        return values::write(name, event, out);
    };
    match call.arguments().find(|argument| argument.parameter.name == name) {
        Some(argument) => {
            let start = out.len();
            notation::argument_with_memory(&argument, out);
            render::append_files(event, &argument, start, out);
        }
        None => return false,
    }
    true
}

/// Writes the six registers.
pub fn registers(event: &Event, between: &str, out: &mut String) {
    for (position, register) in event.args.into_iter().enumerate() {
        out.push_str(if position > 0 { between } else { "" });
        notation::register(register, out);
    }
}

/// The kernel's own ABI goes without saying.
fn task(event: &Event, users: &UserNames, out: &mut String) {
    out.push_str(" by ");
    printable::quoted_if_needed(event.comm, NO_LIMIT, out);
    out.push_str(" (pid ");
    out.push_str(itoa::Buffer::new().format(event.pid));
    out.push_str(", uid ");
    who::user(event.uid, users, out);
    who::effective(event, users, out);
    if event.slot.abi() != Abi::Native {
        out.push_str(", ");
        out.push_str(event.slot.abi().name());
    }
    out.push(')');
}

/// Appends the unit of the task: that of a user's service manager, or that of the system.
fn unit(place: Option<&CgroupInfo>, out: &mut String) {
    if let Some(unit) = place.and_then(|place| place.user_unit.as_ref().or(place.unit.as_ref())) {
        sentence::unit(unit, out);
    }
}
