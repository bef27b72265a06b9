//! What an event captured, by field: the fields in the handler's order, each once, though a vector
//! has a capture for every string.

use syscalls::Status;

use crate::decode::render::{self, Context};
use crate::decode::{Event, NamedCapture};
use crate::handlers::{Field, FieldKind};

/// The captures of one field, in the event's order.
pub fn of<'e>(event: &'e Event, field: &'e Field) -> impl Iterator<Item = &'e NamedCapture<'e>> {
    event.captures.iter().filter(|capture| capture.field.name == field.name)
}

/// Those of them whose value is known, if only in part.
pub fn readable<'e>(
    event: &'e Event,
    field: &'e Field,
) -> impl Iterator<Item = &'e NamedCapture<'e>> {
    of(event, field).filter(|capture| !matches!(capture.status, Status::Unreadable { .. }))
}

/// The fields of which some capture has such a status.
pub fn with_status<'e>(
    event: &'e Event,
    matches: impl Fn(&Status) -> bool + Copy,
) -> impl Iterator<Item = &'e Field> {
    let fields = event.handler.fields.iter();
    fields.filter(move |field| of(event, field).any(|capture| matches(&capture.status)))
}

/// What the rendering of the event's values depends on.
pub fn context(event: &Event) -> Context {
    let absolute = event.captures.iter().any(|c| render::is_absolute(c.field.kind, c.value));
    Context { abi: event.slot.abi(), absolute }
}

/// The field of the `exec` handler that holds environment variables, and is a list of its own, too.
pub fn is_env(field: &Field) -> bool {
    field.kind == FieldKind::Texts && field.name == "env"
}

/// The field of the `exec` handler that is a list of its own in every output.
pub fn is_argv(field: &Field) -> bool {
    field.kind == FieldKind::Texts && field.name == "argv"
}
