//! Interface between records and encoders: records hand their fields to it, the journal and JSON implement it.

use syscalls::Slot;

use crate::output::key::{Key, Name};
use crate::output::scratch::Scratch;

/// An output that spells fields. A name may repeat only within one call.
pub trait Fields {
    /// Returns whether the output has such a field. One that takes long to render is asked for first.
    fn has(&self, name: Key) -> bool;
    /// A constant of our own, free of control characters.
    fn word(&mut self, name: Key, value: &'static str);
    /// A count.
    fn unsigned<'n>(&mut self, name: impl Into<Name<'n>>, value: u64);
    /// A number that may be negative.
    fn signed<'n>(&mut self, name: impl Into<Name<'n>>, value: i64);
    /// A number that was asked for and is not known.
    fn unknown(&mut self, name: Key);
    /// Any bytes at all.
    fn text<'n>(&mut self, name: impl Into<Name<'n>>, value: &[u8]);
    /// Bytes that `fill` appends: a long text is rendered where it stays.
    fn filled(&mut self, name: Key, fill: impl FnOnce(&mut Vec<u8>)) {
        let mut value = Vec::new();
        fill(&mut value);
        self.text(name, &value);
    }
    /// Any number of values of any bytes.
    fn list<'n, 'v>(&mut self, name: impl Into<Name<'n>>, values: impl Iterator<Item = &'v [u8]>);
    /// A list in which `None` stands for a value that is not known: it keeps its place where the output has an order.
    fn places<'n, 'v>(
        &mut self,
        name: impl Into<Name<'n>>,
        values: impl Iterator<Item = Option<&'v [u8]>>,
    ) {
        self.list(name, values.flatten());
    }
    /// A small table: each row is a list of columns with their names.
    fn rows<'v, const N: usize>(
        &mut self,
        name: Key,
        rows: impl Iterator<Item = [(&'static str, TableCell<'v>); N]>,
    );
}

/// One place in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableCell<'a> {
    /// A syscall, by its name where it has one.
    Slot(Slot),
    /// One word without a space.
    Word(&'a str),
    /// Any bytes at all.
    Bytes(&'a [u8]),
    /// A count.
    Count(u64),
    /// Nothing: the row has no such column.
    Absent,
}

/// Writes begin and end of the time that a record is about.
pub fn interval(from_ns: u64, to_ns: u64, scratch: &mut Scratch, out: &mut impl Fields) {
    out.text(Key::From, scratch.time(from_ns));
    out.text(Key::To, scratch.time(to_ns));
}

/// Returns the bytes of each line.
pub fn lines(lines: &[String]) -> impl Iterator<Item = &[u8]> {
    lines.iter().map(String::as_bytes)
}
