//! Spells a record in journald's native protocol: one datagram, one entry. Everything that is not
//! a constant or a number of ours goes out with its length before it, so no byte of it can end its
//! field or begin another. It never puts two entries into one datagram: from systemd 253 on
//! journald would drop all but the first.

use syscalls::printable;

use crate::output::fields::{Fields, TableCell};
use crate::output::key::{ARG, Key, Name};
use crate::output::number;
use crate::output::record::Record;
use crate::output::scratch::Scratch;

/// Appends the entry of `record` to `buffer`.
pub fn encode(record: &Record, scratch: &mut Scratch, buffer: &mut Vec<u8>) {
    record.fields(scratch, &mut EntryFields(buffer));
}

/// Marks an encoded entry of an event as one that the journal may have already.
pub fn mark_duplicate(mut entry: Vec<u8>) -> Vec<u8> {
    let line = format!("{}=yes\n", Key::MayBeDuplicate.journal());
    if !entry.ends_with(line.as_bytes()) {
        entry.extend(line.into_bytes());
    }
    entry
}

/// An entry in the making.
struct EntryFields<'b>(&'b mut Vec<u8>);

impl EntryFields<'_> {
    /// One field whose value needs no length: `fill` appends no line break.
    fn line(&mut self, name: Name, fill: impl FnOnce(&mut Vec<u8>)) {
        let (field, label) = spelling(name);
        if field.is_empty() {
            return;
        }
        self.0.extend_from_slice(field.as_bytes());
        self.0.push(b'=');
        label_before(label, self.0);
        fill(self.0);
        self.0.push(b'\n');
    }

    /// One field whose value `fill` appends, of whatever bytes.
    fn measured(&mut self, name: Name, fill: impl FnOnce(&mut Vec<u8>)) {
        let (field, label) = spelling(name);
        if field.is_empty() {
            return;
        }
        self.0.extend_from_slice(field.as_bytes());
        self.0.push(b'\n');
        let length = self.0.len();
        self.0.extend_from_slice(&[0; size_of::<u64>()]);
        let begin = self.0.len();
        label_before(label, self.0);
        fill(self.0);
        let size = u64::try_from(self.0.len() - begin).unwrap_or(u64::MAX);
        if let Some(place) = self.0.get_mut(length..begin) {
            place.copy_from_slice(&size.to_le_bytes());
        }
        self.0.push(b'\n');
    }
}

/// Returns the field, empty if the journal has none, and the label of the value.
fn spelling(name: Name<'_>) -> (&'static str, &str) {
    match name {
        Name::Key(key) => (key.journal().field, key.journal().label),
        Name::Arg(name) => (ARG, name),
    }
}

/// Appends `label=`, if there is one.
fn label_before(label: &str, buffer: &mut Vec<u8>) {
    if !label.is_empty() {
        buffer.extend_from_slice(label.as_bytes());
        buffer.push(b'=');
    }
}

impl Fields for EntryFields<'_> {
    fn has(&self, name: Key) -> bool {
        !name.journal().field.is_empty()
    }

    fn word(&mut self, name: Key, value: &'static str) {
        self.line(name.into(), |buffer| buffer.extend_from_slice(value.as_bytes()));
    }

    fn unsigned<'n>(&mut self, name: impl Into<Name<'n>>, value: u64) {
        self.line(name.into(), |buffer| number::append(value, buffer));
    }

    fn signed<'n>(&mut self, name: impl Into<Name<'n>>, value: i64) {
        self.line(name.into(), |buffer| number::append(value, buffer));
    }

    fn unknown(&mut self, name: Key) {
        self.word(name, "?");
    }

    fn text<'n>(&mut self, name: impl Into<Name<'n>>, value: &[u8]) {
        self.measured(name.into(), |buffer| buffer.extend_from_slice(value));
    }

    /// A field for each value, so that each can be asked for; but journald forgets their order and
    /// keeps one of equal ones. So an argument, whose order counts, is one text.
    fn list<'n, 'v>(&mut self, name: impl Into<Name<'n>>, values: impl Iterator<Item = &'v [u8]>) {
        match name.into() {
            name @ Name::Key(_) => values.for_each(|value| self.text(name, value)),
            name @ Name::Arg(_) => self.measured(name, |buffer| vector(values, buffer)),
        }
    }

    /// A field for each row: `syscall=execve abi=x86_64 count=3`.
    fn rows<'v, const N: usize>(
        &mut self,
        name: Key,
        rows: impl Iterator<Item = [(&'static str, TableCell<'v>); N]>,
    ) {
        for row in rows {
            self.measured(name.into(), |buffer| write_row(&row, buffer));
        }
    }
}

/// `["A=1", "B=2"]`
fn vector<'v>(values: impl Iterator<Item = &'v [u8]>, buffer: &mut Vec<u8>) {
    let mut text = String::from("[");
    for value in values {
        text.push_str(if text.len() > 1 { ", " } else { "" });
        printable::quoted(value, printable::NO_LIMIT, &mut text);
    }
    text.push(']');
    buffer.extend_from_slice(text.as_bytes());
}

/// Appends `column=cell` for each column.
fn write_row(row: &[(&'static str, TableCell)], buffer: &mut Vec<u8>) {
    for (position, (column, cell)) in row.iter().enumerate() {
        buffer.extend_from_slice(if position > 0 { b" " } else { b"" });
        buffer.extend_from_slice(column.as_bytes());
        buffer.push(b'=');
        match cell {
            TableCell::Slot(slot) => buffer.extend_from_slice(slot.to_string().as_bytes()),
            TableCell::Word(word) => buffer.extend_from_slice(word.as_bytes()),
            TableCell::Count(count) => number::append(*count, buffer),
        }
    }
}

#[cfg(test)]
mod tests;
