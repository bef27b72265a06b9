//! Files behind descriptors: in the journal and in sentences behind the number, `3</etc/passwd>`; in JSON a table, so
//! that numbers stay numbers.

use syscalls::Argument;
use syscalls::notation::int;

use crate::decode::{Event, KnownCall, OpenFile, render};
use crate::handlers::FieldKind;
use crate::output::fields::{Fields, TableCell};
use crate::output::key::Key;
use crate::output::scratch::Scratch;

/// Name of the result in the table.
const RESULT: &str = "result";

/// Returns the position of an argument that is a descriptor.
fn position(one: &Argument<'_>) -> Option<u8> {
    one.position().filter(|_| one.parameter.is_descriptor())
}

/// Returns whether only a part of the file's name is known, or the event had no room for it.
pub fn is_cut(event: &Event, one: &Argument<'_>) -> bool {
    position(one).is_some_and(|position| event.files.is_cut(position, int(one.register)))
}

/// Returns whether the file could not be read.
pub fn is_unreadable(event: &Event, one: &Argument<'_>) -> bool {
    position(one).is_some_and(|position| event.files.is_unreadable(position))
}

/// Appends the file of a field that a handler declares.
pub fn append_to_field(event: &Event, kind: FieldKind, out: &mut String) {
    let first = || syscalls::descriptor_arguments(event.slot).next();
    let position = (kind == FieldKind::Dirfd).then(first).flatten();
    if let Some(file) = position.and_then(|position| event.files.of(position)) {
        render::open_file(file, out);
    }
}

/// Writes the table of files, if the output has one.
pub fn write(event: &Event, scratch: &mut Scratch, out: &mut impl Fields) {
    if event.files.is_empty() || !out.has(Key::Fds) {
        return;
    }
    let known = named(event);
    let ((), texts) = scratch.texts(|texts, ends| {
        for (_, file) in &known {
            let mut text = String::new();
            render::bare(file, &mut text);
            texts.extend_from_slice(text.as_bytes());
            ends.push(texts.len());
        }
    });
    if !known.is_empty() {
        let names = known.iter().map(|(name, _)| *name);
        out.rows(Key::Fds, names.zip(texts).map(|(name, text)| row(name, text)));
    }
}

fn row<'v>(name: &'v str, text: &'v [u8]) -> [(&'static str, TableCell<'v>); 2] {
    [("argument", TableCell::Word(name)), ("file", TableCell::Bytes(text))]
}

/// Returns the files of the event, with the names of their arguments.
fn named<'e>(event: &'e Event<'_>) -> Vec<(&'e str, &'e OpenFile<'e>)> {
    let call = event.known_call();
    let of_call = call.iter().flat_map(KnownCall::arguments);
    let mut names: Vec<_> =
        of_call.filter_map(|one| Some((one.parameter.name, event.file_of(&one)?))).collect();
    names.extend(event.handler.fields.iter().filter_map(|field| {
        let position = syscalls::descriptor_arguments(event.slot).next()?;
        let is_one = field.kind == FieldKind::Dirfd;
        Some((field.name.as_str(), event.files.of(position).filter(|_| is_one)?))
    }));
    names.extend(event.file_of_result().map(|file| (RESULT, file)));
    names
}
