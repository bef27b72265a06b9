//! Memory that the encoders use again for each record.

use crate::output::arguments::Arguments;
use crate::output::timestamp::Stamp;

/// Buffers for texts that are rendered before they are copied into a field.
#[derive(Debug)]
pub struct Scratch {
    stamp: Stamp,
    text: String,
    arguments: Arguments,
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Scratch {
    /// Returns empty buffers.
    pub fn new() -> Self {
        Self {
            stamp: Stamp::utc(),
            text: String::new(),
            arguments: Arguments::default(),
            bytes: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Returns the text that `fill` writes. It replaces the previous one.
    pub fn text(&mut self, fill: impl FnOnce(&mut String)) -> &[u8] {
        self.text.clear();
        fill(&mut self.text);
        self.text.as_bytes()
    }

    /// Returns the bytes that `fill` appends. They replace the previous ones.
    pub fn bytes(&mut self, fill: impl FnOnce(&mut Vec<u8>)) -> &[u8] {
        self.bytes.clear();
        fill(&mut self.bytes);
        &self.bytes
    }

    /// Returns what `fill` returns, and the texts that it appends one after the other, with the end of each.
    pub fn texts<R>(
        &mut self,
        fill: impl FnOnce(&mut Vec<u8>, &mut Vec<usize>) -> R,
    ) -> (R, impl Iterator<Item = &[u8]>) {
        self.bytes.clear();
        self.ends.clear();
        let result = fill(&mut self.bytes, &mut self.ends);
        let (bytes, mut begin) = (&*self.bytes, 0);
        let text = move |end: &usize| bytes.get(std::mem::replace(&mut begin, *end)..*end);
        (result, self.ends.iter().filter_map(text))
    }

    /// Returns a point in time in RFC 3339. It replaces the previous text.
    pub fn time(&mut self, time_ns: u64) -> &[u8] {
        self.text.clear();
        self.stamp.rfc3339(time_ns, &mut self.text);
        self.text.as_bytes()
    }

    /// Returns the sentence that `fill` writes. The arguments of an event are kept for their fields.
    pub fn message(&mut self, fill: impl FnOnce(&mut Arguments, &mut String)) -> &[u8] {
        self.text.clear();
        fill(&mut self.arguments, &mut self.text);
        self.text.as_bytes()
    }

    /// Returns one argument of the event of the last sentence.
    pub fn argument(&self, position: usize) -> &[u8] {
        self.arguments.nth(position).as_bytes()
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}
