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
    let mut fields = EntryFields { buffer, values: 0, cut: Vec::new() };
    record.fields(scratch, &mut fields);
    fields.mark_cut();
}

/// Marks an encoded entry of an event as one that the journal may have already.
pub fn mark_duplicate(mut entry: Vec<u8>) -> Vec<u8> {
    let line = format!("{}=yes\n", Key::MayBeDuplicate.journal());
    if !entry.ends_with(line.as_bytes()) {
        entry.extend(line.into_bytes());
    }
    entry
}

/// Values of repeated fields in one entry. journald drops an entry of more than 1,024 fields without a word
/// (`ENTRY_FIELD_COUNT_MAX` in src/journal/journal-def.h of systemd, 246 to 258); of others, a record has fewer than 100.
const VALUES_MAX: usize = 900;

/// An entry in the making.
struct EntryFields<'b> {
    buffer: &'b mut Vec<u8>,
    /// Values of repeated fields so far.
    values: usize,
    /// Repeated fields of which values were left out.
    cut: Vec<Key>,
}

impl EntryFields<'_> {
    /// Counts a value of a repeated field, and returns whether there is room for it.
    fn has_room(&mut self, key: Key) -> bool {
        let has_room = self.values < VALUES_MAX;
        self.values += usize::from(has_room);
        if !has_room && !self.cut.contains(&key) {
            self.cut.push(key);
        }
        has_room
    }

    /// Names the repeated fields of which values were left out.
    fn mark_cut(&mut self) {
        for key in std::mem::take(&mut self.cut) {
            self.word(Key::Truncated, key.json());
        }
    }

    /// One field whose value needs no length: `fill` appends no line break.
    #[inline(always)]
    fn line(&mut self, name: Name, fill: impl FnOnce(&mut Vec<u8>)) {
        match name {
            Name::Key(key) if !self.has(key) => return,
            Name::Key(key) => self.buffer.extend_from_slice(key.journal_line().as_bytes()),
            Name::Arg(name) => {
                self.buffer.extend_from_slice(ARG.as_bytes());
                self.buffer.push(b'=');
                label_before(name, self.buffer);
            }
        }
        fill(self.buffer);
        self.buffer.push(b'\n');
    }

    /// One field whose value `fill` appends, of whatever bytes.
    #[inline(always)]
    fn measured(&mut self, name: Name, fill: impl FnOnce(&mut Vec<u8>)) {
        let (field, label) = spelling(name);
        if field.is_empty() {
            return;
        }
        self.buffer.extend_from_slice(field.as_bytes());
        self.buffer.extend_from_slice(&NO_LENGTH);
        let begin = self.buffer.len();
        label_before(label, self.buffer);
        fill(self.buffer);
        let size = self.buffer.len() - begin;
        let length = self.buffer.get_mut(begin - size_of::<u64>()..begin);
        if let Some(length) = length.and_then(<[u8]>::first_chunk_mut) {
            *length = (size as u64).to_le_bytes();
        }
        self.buffer.push(b'\n');
    }
}

/// Line break behind the name of a field whose value has a length, and room for that length.
const NO_LENGTH: [u8; 9] = *b"\n\0\0\0\0\0\0\0\0";

/// Returns the field, empty if the journal has none, and the label of the value.
#[inline(always)]
fn spelling(name: Name<'_>) -> (&'static str, &str) {
    match name {
        Name::Key(key) => (key.journal().field, key.journal().label),
        Name::Arg(name) => (ARG, name),
    }
}

/// Appends `label=`, if there is one.
#[inline(always)]
fn label_before(label: &str, buffer: &mut Vec<u8>) {
    if !label.is_empty() {
        buffer.extend_from_slice(label.as_bytes());
        buffer.push(b'=');
    }
}

impl Fields for EntryFields<'_> {
    #[inline]
    fn has(&self, name: Key) -> bool {
        !name.journal().field.is_empty()
    }

    #[inline]
    fn word(&mut self, name: Key, value: &'static str) {
        self.line(name.into(), |buffer| buffer.extend_from_slice(value.as_bytes()));
    }

    #[inline]
    fn unsigned<'n>(&mut self, name: impl Into<Name<'n>>, value: u64) {
        self.line(name.into(), |buffer| number::append(value, buffer));
    }

    #[inline]
    fn signed<'n>(&mut self, name: impl Into<Name<'n>>, value: i64) {
        self.line(name.into(), |buffer| number::append(value, buffer));
    }

    fn unknown(&mut self, name: Key) {
        self.word(name, "?");
    }

    #[inline]
    fn text<'n>(&mut self, name: impl Into<Name<'n>>, value: &[u8]) {
        self.measured(name.into(), |buffer| buffer.extend_from_slice(value));
    }

    #[inline]
    fn filled(&mut self, name: Key, fill: impl FnOnce(&mut Vec<u8>)) {
        self.measured(name.into(), fill);
    }

    /// A field for each value, so that each can be asked for; but journald forgets their order and
    /// keeps one of equal ones. So an argument, whose order counts, is one text.
    fn list<'n, 'v>(&mut self, name: impl Into<Name<'n>>, values: impl Iterator<Item = &'v [u8]>) {
        match name.into() {
            Name::Key(key) => {
                values.for_each(|value| {
                    if self.has_room(key) {
                        self.text(key, value)
                    }
                });
            }
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
            if self.has_room(name) {
                self.measured(name.into(), |buffer| write_row(&row, buffer));
            }
        }
    }
}

/// `["A=1", "B=2"]`
fn vector<'v>(values: impl Iterator<Item = &'v [u8]>, buffer: &mut Vec<u8>) {
    buffer.push(b'[');
    for (position, value) in values.enumerate() {
        buffer.extend_from_slice(if position > 0 { b", " } else { b"" });
        printable::quoted(value, printable::NO_LIMIT, buffer);
    }
    buffer.push(b']');
}

/// Appends `column=cell` for each column.
fn write_row(row: &[(&'static str, TableCell)], buffer: &mut Vec<u8>) {
    let known = row.iter().filter(|(_, cell)| *cell != TableCell::Absent);
    for (position, (column, cell)) in known.enumerate() {
        buffer.extend_from_slice(if position > 0 { b" " } else { b"" });
        buffer.extend_from_slice(column.as_bytes());
        buffer.push(b'=');
        match cell {
            TableCell::Slot(slot) => buffer.extend_from_slice(slot.to_string().as_bytes()),
            TableCell::Word(word) => buffer.extend_from_slice(word.as_bytes()),
            TableCell::Bytes(value) => printable::quoted(value, printable::NO_LIMIT, buffer),
            TableCell::Count(count) => number::append(*count, buffer),
            TableCell::Absent => {}
        }
    }
}

#[cfg(test)]
mod tests;
