//! Ancestors of the process that made a call: in JSON a list of objects, in the journal their names, one value each,
//! and the whole as one text.

use syscalls::Value;
use syscalls::printable::{self, NO_LIMIT};

use super::who;
use crate::decode::{Ancestor, Event, ancestors};
use crate::handlers::Role;
use crate::output::fields::{Fields, TableCell};
use crate::output::key::Key;
use crate::output::scratch::Scratch;

/// Writes the ancestors that the event has, the parent first.
pub fn write(event: &Event, scratch: &mut Scratch, out: &mut impl Fields) {
    let Some(field) = event.handler.field_with(Role::Ancestors) else { return };
    let Some(capture) = event.captures.of(field).first() else { return };
    let Value::Bytes(bytes) = capture.value else { return };
    if out.has(Key::Ancestors) {
        out.rows(Key::Ancestors, ancestors(bytes).map(row));
    } else {
        out.list(Key::Ancestor, ancestors(bytes).map(|ancestor| ancestor.comm));
        out.text(Key::Ancestry, scratch.text(|text| line(ancestors(bytes), text)));
    }
}

fn row(ancestor: Ancestor<'_>) -> [(&'static str, TableCell<'_>); 3] {
    [
        ("pid", TableCell::Count(ancestor.pid.into())),
        (Key::StartNs.json(), TableCell::Count(ancestor.start_ns)),
        (Key::Comm.json(), TableCell::Bytes(ancestor.comm)),
    ]
}

/// Appends `bash[900:71000000] < sshd[812:70000000] < systemd[1:30000000]`. What a name has of these characters is in
/// quotes.
fn line<'a>(all: impl Iterator<Item = Ancestor<'a>>, out: &mut String) {
    for (position, ancestor) in all.enumerate() {
        out.push_str(if position > 0 { " < " } else { "" });
        printable::quoted_if_needed(ancestor.comm, NO_LIMIT, out);
        out.push('[');
        who::identity(ancestor.pid, ancestor.start_ns, out);
        out.push(']');
    }
}
