//! Spells a record as one JSON object on one line. Numbers are numbers. Bytes that a process chose
//! are a string if they are UTF-8, otherwise an array of byte numbers, as `journalctl -o json` has it.
//! An exec event of 800 bytes takes 1.0 us on a 2-core virtual machine, half of what 500,000 events a
//! second allow; no tree of values is built for that reason.

mod spelling;

use crate::output::fields::{Fields, TableCell};
use crate::output::key::{ARGS, Key, Name};
use crate::output::number;
use crate::output::record::Record;
use crate::output::scratch::Scratch;
use spelling::{bytes, string};

/// Appends the line of `record` to `buffer`.
pub fn encode(record: &Record, scratch: &mut Scratch, buffer: &mut Vec<u8>) {
    buffer.push(b'{');
    let mut object = Object { buffer, in_args: false };
    record.fields(scratch, &mut object);
    object.close_args();
    close(b'}', buffer);
    buffer.push(b'\n');
}

/// An object in the making. Each member ends in a comma; `close` takes the last one away.
struct Object<'b> {
    buffer: &'b mut Vec<u8>,
    in_args: bool,
}

impl Object<'_> {
    /// False where JSON has no such key. The arguments, which come in a row, open their own object.
    fn key(&mut self, name: Name) -> bool {
        match name {
            Name::Key(key) => {
                self.close_args();
                plain_key(key.json(), self.buffer)
            }
            Name::Arg(name) => {
                if !self.in_args {
                    plain_key(ARGS, self.buffer);
                    self.buffer.push(b'{');
                    self.in_args = true;
                }
                string(name, self.buffer);
                self.buffer.push(b':');
                true
            }
        }
    }

    fn close_args(&mut self) {
        if std::mem::take(&mut self.in_args) {
            close(b'}', self.buffer);
            self.buffer.push(b',');
        }
    }
}

impl Fields for Object<'_> {
    fn has(&self, name: Key) -> bool {
        !name.json().is_empty()
    }

    fn word(&mut self, name: Key, value: &'static str) {
        if self.key(name.into()) {
            string(value, self.buffer);
            self.buffer.push(b',');
        }
    }

    fn unsigned<'n>(&mut self, name: impl Into<Name<'n>>, value: u64) {
        if self.key(name.into()) {
            number::append(value, self.buffer);
            self.buffer.push(b',');
        }
    }

    fn signed<'n>(&mut self, name: impl Into<Name<'n>>, value: i64) {
        if self.key(name.into()) {
            number::append(value, self.buffer);
            self.buffer.push(b',');
        }
    }

    fn unknown(&mut self, name: Key) {
        if self.key(name.into()) {
            self.buffer.extend_from_slice(b"null,");
        }
    }

    fn text<'n>(&mut self, name: impl Into<Name<'n>>, value: &[u8]) {
        if self.key(name.into()) {
            bytes(value, self.buffer);
            self.buffer.push(b',');
        }
    }

    fn list<'n, 'v>(&mut self, name: impl Into<Name<'n>>, values: impl Iterator<Item = &'v [u8]>) {
        if self.key(name.into()) {
            self.buffer.push(b'[');
            for value in values {
                bytes(value, self.buffer);
                self.buffer.push(b',');
            }
            close(b']', self.buffer);
            self.buffer.push(b',');
        }
    }

    fn places<'n, 'v>(
        &mut self,
        name: impl Into<Name<'n>>,
        values: impl Iterator<Item = Option<&'v [u8]>>,
    ) {
        if self.key(name.into()) {
            self.buffer.push(b'[');
            for value in values {
                match value {
                    Some(value) => bytes(value, self.buffer),
                    None => self.buffer.extend_from_slice(b"null"),
                }
                self.buffer.push(b',');
            }
            close(b']', self.buffer);
            self.buffer.push(b',');
        }
    }

    fn rows<'v, const N: usize>(
        &mut self,
        name: Key,
        rows: impl Iterator<Item = [(&'static str, TableCell<'v>); N]>,
    ) {
        if self.key(name.into()) {
            self.buffer.push(b'[');
            rows.for_each(|columns| write_row(&columns, self.buffer));
            close(b']', self.buffer);
            self.buffer.push(b',');
        }
    }
}

/// Appends an object with one member for each column.
fn write_row(columns: &[(&'static str, TableCell)], buffer: &mut Vec<u8>) {
    buffer.push(b'{');
    for (column, cell) in columns.iter().filter(|(_, cell)| *cell != TableCell::Absent) {
        plain_key(column, buffer);
        match cell {
            TableCell::Slot(slot) => string(&slot.to_string(), buffer),
            TableCell::Word(word) => string(word, buffer),
            TableCell::Bytes(value) => bytes(value, buffer),
            TableCell::Count(count) => number::append(*count, buffer),
            TableCell::Absent => {}
        }
        buffer.push(b',');
    }
    close(b'}', buffer);
    buffer.push(b',');
}

/// A key of ours, which needs no escape; false for none.
fn plain_key(key: &str, buffer: &mut Vec<u8>) -> bool {
    if key.is_empty() {
        return false;
    }
    buffer.push(b'"');
    buffer.extend_from_slice(key.as_bytes());
    buffer.extend_from_slice(b"\":");
    true
}

/// Appends a bracket, in the place of a comma behind the last element.
fn close(bracket: u8, buffer: &mut Vec<u8>) {
    match buffer.last_mut() {
        Some(last @ b',') => *last = bracket,
        _ => buffer.push(bracket),
    }
}

#[cfg(test)]
mod tests;
