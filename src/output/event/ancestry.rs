//! Ancestors of the process that made a call: in JSON a list of objects, in the journal their names and their
//! executables, one value each, and the whole as one text.

use syscalls::printable::{self, NO_LIMIT};
use syscalls::{Status, Value};

use super::names::Lacking;
use super::who;
use crate::decode::{Ancestor, Event, ancestors};
use crate::handlers::Role;
use crate::output::fields::{Fields, TableCell};
use crate::output::key::Key;
use crate::output::scratch::Scratch;

/// Error of the kernel side for a process of the kernel, which has no executable.
const NO_FILE: i32 = nix::libc::ENOENT;

/// Writes the ancestors that the event has, the parent first. Adds them to `lacking` if executables are not whole.
pub fn write(
    event: &Event,
    lacking: &mut Lacking<'_>,
    scratch: &mut Scratch,
    out: &mut impl Fields,
) {
    let Some(field) = event.handler.field_with(Role::Ancestors) else { return };
    let Some(capture) = event.captures.of(field).first() else { return };
    let Value::Bytes(bytes) = capture.value else { return };
    let ((), exes) = scratch.texts(|texts, ends| {
        for place in 0..ancestors(bytes).count() {
            note_lacking(event, place, lacking);
            append_exe(event, place, texts);
            ends.push(texts.len());
        }
    });
    if out.has(Key::Ancestors) {
        out.rows(Key::Ancestors, ancestors(bytes).zip(exes).map(row));
    } else {
        out.list(Key::Ancestor, ancestors(bytes).map(|ancestor| ancestor.comm));
        out.list(Key::AncestorExe, exes.filter(|exe| !exe.is_empty()));
        out.text(Key::Ancestry, scratch.text(|text| line(event, ancestors(bytes), text)));
    }
}

/// Notes an executable that is cut, that did not fit into the event, or that changed while it was read.
fn note_lacking(event: &Event, place: usize, lacking: &mut Lacking<'_>) {
    let name = Key::Ancestors.json();
    let list = match event.names.ancestors.of(place).map(|path| path.status) {
        None if event.names.are_wanted => &mut lacking.truncated,
        Some(Status::Truncated { .. }) => &mut lacking.truncated,
        Some(Status::Unreadable { errno }) if errno != NO_FILE => &mut lacking.unreadable,
        _ => return,
    };
    if !list.contains(&name) {
        list.push(name);
    }
}

/// Appends the executable of the ancestor at a place, if it is known.
fn append_exe(event: &Event, place: usize, out: &mut Vec<u8>) {
    let path = event.names.ancestors.of(place).filter(|path| path.status.is_readable());
    if let Some(path) = path {
        path.append(out);
    }
}

fn row<'v>((ancestor, exe): (Ancestor<'v>, &'v [u8])) -> [(&'static str, TableCell<'v>); 4] {
    [
        ("pid", TableCell::Count(ancestor.pid.into())),
        (Key::StartNs.json(), TableCell::Count(ancestor.start_ns)),
        (Key::Comm.json(), TableCell::Bytes(ancestor.comm)),
        (Key::Exe.json(), if exe.is_empty() { TableCell::Absent } else { TableCell::Bytes(exe) }),
    ]
}

/// Appends `bash[900:71000000] /usr/bin/bash < sshd[812:70000000] /usr/sbin/sshd < systemd[1:30000000]`. What a name or
/// a path has of these characters is in quotes.
fn line<'a>(event: &Event, all: impl Iterator<Item = Ancestor<'a>>, out: &mut String) {
    let mut exe = Vec::new();
    for (place, ancestor) in all.enumerate() {
        out.push_str(if place > 0 { " < " } else { "" });
        printable::quoted_if_needed(ancestor.comm, NO_LIMIT, out);
        out.push('[');
        who::identity(ancestor.pid, ancestor.start_ns, out);
        out.push(']');
        exe.clear();
        append_exe(event, place, &mut exe);
        if !exe.is_empty() {
            out.push(' ');
            printable::quoted_if_needed(&exe, NO_LIMIT, out);
        }
    }
}
