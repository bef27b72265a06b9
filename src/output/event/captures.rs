//! View of an event's captures by declared field: the fields in the handler's order, each once, though a
//! vector has a capture for every string.

use syscalls::{Capture, Status};

use crate::decode::Event;
use crate::decode::render::{self, Context};
use crate::handlers::{Field, FieldKind, Role};

/// A field that a handler declares, and all that was captured for it.
#[derive(Debug, Clone, Copy)]
pub struct CapturedField<'e> {
    /// Declaration of the field.
    pub field: &'e Field,
    /// Captures in the order in which they were read.
    pub captures: &'e [Capture<'e>],
}

/// Returns the fields that the handler of `event` declares.
pub fn fields<'e>(event: &'e Event) -> impl Iterator<Item = CapturedField<'e>> + Clone {
    let fields = (0..).zip(&event.handler.fields);
    fields.map(|(index, field)| CapturedField { field, captures: event.captures.of(index) })
}

/// Returns the field called `name`.
pub fn named<'e>(event: &'e Event, name: &str) -> Option<CapturedField<'e>> {
    fields(event).find(|captured| captured.field.name == name)
}

impl<'e> CapturedField<'e> {
    /// Returns the captures that hold at least a part of the memory.
    pub fn readable(self) -> impl Iterator<Item = &'e Capture<'e>> {
        self.captures.iter().filter(|capture| capture.status.is_readable())
    }

    /// Returns whether some capture has such a status.
    pub fn has_status(self, is_so: impl Fn(Status) -> bool) -> bool {
        self.captures.iter().any(|capture| is_so(capture.status))
    }
}

/// Returns what the rendering of the event's values depends on.
pub fn context(event: &Event) -> Context {
    let absolute = fields(event).any(|CapturedField { field, captures }| {
        field.kind == FieldKind::TimerFlags
            && captures.iter().any(|capture| render::is_absolute(field.kind, capture.value))
    });
    Context { abi: event.slot.abi(), absolute }
}

/// Returns whether the field holds environment variables, which are a list of their own in every output.
pub fn is_env(field: &Field) -> bool {
    field.kind == FieldKind::Texts && field.role == Role::Env
}

/// Returns whether the field holds a program's arguments, which are a list of their own in every output.
pub fn is_argv(field: &Field) -> bool {
    field.kind == FieldKind::Texts && field.role == Role::Argv
}
