//! The handlers of the shipped BPF object, in place of the object.

use crate::handlers::{Field, FieldKind, Handler, Handlers};

type Declared = (&'static str, &'static str, &'static [(&'static str, FieldKind)]);

const DECLARED: [Declared; 4] = [
    (
        "exec",
        "a program is executed, with its arguments",
        &[("dirfd", FieldKind::Dirfd), ("filename", FieldKind::Text), ("argv", FieldKind::Texts)],
    ),
    (
        "timer",
        "a POSIX timer is created, set, read or deleted",
        &[("clockid", FieldKind::Clock), ("timerid", FieldKind::Signed)],
    ),
    ("args", "any syscall, with its six arguments", &[]),
    ("count", "counts calls and sends no event", &[]),
];

/// What the handlers tell about themselves.
///
/// # Errors
///
/// None on this branch.
pub fn handlers() -> anyhow::Result<Handlers> {
    Ok(Handlers::new((1..).zip(DECLARED).map(handler).collect()))
}

fn handler((id, (name, summary, fields)): (u16, Declared)) -> Handler {
    let field = |&(name, kind): &(&str, FieldKind)| Field { name: name.to_owned(), kind };
    Handler {
        id,
        name: name.to_owned(),
        summary: summary.to_owned(),
        fields: fields.iter().map(field).collect(),
        messages: Vec::new(),
    }
}
