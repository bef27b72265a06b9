//! Captures of the further handlers of a chain, as fields and in the sentence.

use syscalls::{Capture, Status, Value, notation};

use super::names::Lacking;
use super::values;
use crate::decode::render::{self, Context};
use crate::decode::{Chained, Event};
use crate::handlers::{CALL, Field, FieldKind};
use crate::output::fields::Fields;
use crate::output::key::{Key, Name};
use crate::output::scratch::Scratch;

/// A field of a handler in the chain, and what was captured for it.
#[derive(Clone, Copy)]
struct ChainedField<'e> {
    field: &'e Field,
    captures: &'e [Capture<'e>],
}

/// Writes the names of all handlers. A chain of nothing but objects has their names only.
pub fn write_handlers(event: &Event, out: &mut impl Fields) {
    let (first, following) = match event.chain.split_first() {
        Some((first, following)) if event.handler.name == CALL => (&first.handler, following),
        _ => (event.handler, event.chain),
    };
    let names = || following.iter().map(|object| object.handler.name.as_bytes());
    out.text(Key::Handler, first.name.as_bytes());
    if !following.is_empty() {
        // In the journal all of them are values of one field.
        let key = if out.has(Key::Chain) { Key::Chain } else { Key::Handler };
        out.list(key, names());
    }
}

/// Adds what the chain lacks: handlers that were not reached or whose bytes are not what they declare, and their fields
/// that are not whole.
pub fn add_lacking<'e>(event: &'e Event<'e>, lacking: &mut Lacking<'e>) {
    lacking.truncated.extend(event.unreached().map(|object| object.handler.name.as_str()));
    for one in &event.chained {
        match (one.object, &one.captures) {
            (Some(object), None) => lacking.unreadable.push(&object.handler.name),
            (None, _) => lacking.unreadable.push(Key::Chain.json()),
            _ => {}
        }
    }
    for ChainedField { field, captures } in fields(event) {
        let has = |is_so: fn(Status) -> bool| captures.iter().any(|one| is_so(one.status));
        lacking.truncated.extend(has(Status::is_truncated).then_some(field.name.as_str()));
        lacking
            .unreadable
            .extend(has(|status| !status.is_readable()).then_some(field.name.as_str()));
    }
}

/// Writes the fields of all handlers in the chain.
pub fn write(event: &Event, scratch: &mut Scratch, out: &mut impl Fields) {
    for ChainedField { field, captures } in fields(event) {
        let mut readable = captures.iter().filter(|capture| capture.status.is_readable());
        if let (FieldKind::UserStack, Some(Value::Bytes(bytes))) = (field.kind, first(captures)) {
            let frames = Vec::from_iter(render::frames(bytes));
            out.list(Name::Arg(&field.name), frames.iter().map(String::as_bytes));
        } else if field.kind == FieldKind::Texts {
            let texts = || readable.clone().filter_map(text_of);
            if texts().next().is_some() {
                out.list(Name::Arg(&field.name), texts());
            }
        } else if let Some(capture) = readable.next() {
            write_one(event, field, capture, scratch, out);
        }
    }
}

fn write_one(
    event: &Event,
    field: &Field,
    capture: &Capture,
    scratch: &mut Scratch,
    out: &mut impl Fields,
) {
    let (kind, name) = (field.kind, Name::Arg(&field.name));
    match (render::number(kind, capture.value), kind, capture.value) {
        (Some(notation::Number::Unsigned(number)), ..) => out.unsigned(name, number),
        (Some(notation::Number::Signed(number)), ..) => out.signed(name, number),
        // The names of the values of an enumeration are texts, too.
        (None, _, Value::Text(text)) | (None, FieldKind::Text, Value::Bytes(text)) => {
            out.text(name, text);
        }
        (None, _, value) => {
            let exact = |text: &mut String| render::exact(kind, value, context(event), text);
            out.text(name, scratch.text(exact));
        }
    }
}

/// Returns the template of the sentence: that of the first handler in the chain that has one, if the first of all has
/// captured nothing.
pub fn template<'e>(event: &Event<'e>) -> Option<&'e str> {
    let is_bare = event.handler.name == CALL;
    is_bare.then(|| event.chained.iter().find_map(Chained::template)).flatten()
}

/// Appends the value of the field of that name; `false` if there is none.
pub fn append(name: &str, event: &Event, out: &mut String) -> bool {
    let Some(ChainedField { field, captures }) =
        fields(event).find(|chained| chained.field.name == name)
    else {
        return false;
    };
    match captures.first() {
        Some(capture) => {
            let is_text = matches!(capture.value, Value::Text(_));
            let kind = if is_text { FieldKind::Text } else { field.kind };
            values::append(kind, capture, context(event), out);
        }
        None => out.push_str("<not captured>"),
    }
    true
}

fn fields<'e>(event: &'e Event<'e>) -> impl Iterator<Item = ChainedField<'e>> {
    event.chained.iter().filter_map(|one| Some((one.object?, one.captures.as_ref()?))).flat_map(
        |(object, captures)| {
            let fields = (0..).zip(&object.handler.fields);
            fields.map(|(index, field)| ChainedField { field, captures: captures.of(index) })
        },
    )
}

/// Returns the value of the first capture that could be read.
fn first<'e>(captures: &[Capture<'e>]) -> Option<Value<'e>> {
    captures.iter().find(|capture| capture.status.is_readable()).map(|capture| capture.value)
}

fn text_of<'e>(capture: &Capture<'e>) -> Option<&'e [u8]> {
    match capture.value {
        Value::Text(text) | Value::Bytes(text) => Some(text),
        Value::Number(_) => None,
    }
}

fn context(event: &Event) -> Context {
    Context { abi: event.slot.abi(), absolute: false }
}
