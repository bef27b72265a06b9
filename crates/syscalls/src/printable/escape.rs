//! Escapes of characters and bytes that are not printed unchanged.

use super::visible::{Appearance, appearance};

/// Number of marks that may follow a letter. Languages need three; a long row of them would be drawn
/// over the lines above.
const MARKS_MAX: u8 = 4;

/// Appends `bytes` with escapes; returns whether all of them fitted into `limit` bytes of output.
pub(super) fn escape(bytes: &[u8], limit: usize, quotes: bool, out: &mut String) -> bool {
    if bytes.len() <= limit && plain_length(bytes, quotes) == bytes.len() {
        out.push_str(std::str::from_utf8(bytes).unwrap_or_default());
        return true;
    }
    let end = out.len().saturating_add(limit);
    let mut escaper = Escaper { out, end, quotes, marks: 0 };
    bytes.utf8_chunks().all(|chunk| escaper.text(chunk.valid()) && escaper.bytes(chunk.invalid()))
}

/// Returns how many bytes at the beginning need no escape: all bytes of most strings.
fn plain_length(bytes: &[u8], quotes: bool) -> usize {
    let is_plain =
        |byte: u8| matches!(byte, b' '..=b'~') & !(quotes & ((byte == b'"') | (byte == b'\\')));
    if !bytes.first().is_some_and(|&byte| is_plain(byte)) {
        return 0;
    }
    // Without an early end the compiler makes the inner loop look at 32 bytes at once.
    let is_all = |block: &[u8]| block.iter().fold(true, |all, &byte| all & is_plain(byte));
    let blocks = bytes.chunks(32).take_while(|block| is_all(block)).map(<[u8]>::len).sum();
    let rest: &[u8] = bytes.get(blocks..).unwrap_or_default();
    blocks + rest.iter().take_while(|&&byte| is_plain(byte)).count()
}

/// An output that is filled up to its end.
struct Escaper<'o> {
    out: &'o mut String,
    end: usize,
    quotes: bool,
    /// Number of marks that may come next.
    marks: u8,
}

impl Escaper<'_> {
    /// Appends characters; returns whether there was room for all.
    fn text(&mut self, mut text: &str) -> bool {
        while let Some(c) = text.chars().next() {
            let room = self.end.saturating_sub(self.out.len());
            if room == 0 {
                return false;
            }
            let bytes = text.as_bytes();
            let plain = plain_length(bytes.get(..room).unwrap_or(bytes), self.quotes);
            let length = if plain > 0 { plain } else { c.len_utf8() };
            let (now, rest) = text.split_at_checked(length).unwrap_or((text, ""));
            if plain > 0 {
                self.out.push_str(now);
                self.marks = marks_after(now);
            } else {
                self.character(c);
            }
            text = rest;
        }
        true
    }

    /// Appends bytes that are not UTF-8; returns whether there was room for all.
    fn bytes(&mut self, bytes: &[u8]) -> bool {
        for &byte in bytes {
            if self.out.len() >= self.end {
                return false;
            }
            self.byte(byte);
        }
        true
    }

    fn character(&mut self, c: char) {
        match c {
            '"' | '\\' => self.out.extend(['\\', c]),
            '\n' => self.out.push_str("\\n"),
            '\r' => self.out.push_str("\\r"),
            '\t' => self.out.push_str("\\t"),
            // \x is a byte, \u{} a character: U+0085 is not the byte 0x85.
            '\0'..='\x7f' => return self.byte(c as u8),
            _ => return self.foreign(c),
        }
        self.marks = 0;
    }

    /// Appends a character beyond ASCII.
    fn foreign(&mut self, c: char) {
        let (is_printed, marks) = match appearance(c) {
            Appearance::Letter => (true, MARKS_MAX),
            Appearance::Mark => (self.marks > 0, self.marks.saturating_sub(1)),
            Appearance::Symbol => (true, 0),
            Appearance::Escaped => (false, 0),
        };
        self.marks = marks;
        if is_printed {
            return self.out.push(c);
        }
        let digits = (u32::BITS - u32::from(c).leading_zeros()).div_ceil(4);
        self.out.push_str("\\u{");
        self.hex(u32::from(c), digits);
        self.out.push('}');
    }

    fn byte(&mut self, byte: u8) {
        self.out.push_str("\\x");
        self.hex(byte.into(), 2);
        self.marks = 0;
    }

    fn hex(&mut self, number: u32, digits: u32) {
        let digit = |at: u32| char::from_digit(number >> (4 * at) & 15, 16).unwrap_or('0');
        self.out.extend((0..digits).rev().map(digit));
    }
}

/// Returns the number of marks that may follow plain ASCII.
fn marks_after(plain: &str) -> u8 {
    if plain.ends_with(|c: char| c.is_ascii_alphanumeric()) { MARKS_MAX } else { 0 }
}
