//! Escapes of characters and bytes that are not printed unchanged. Every byte takes about the same time, whether it
//! is escaped or not.

use super::visible::{Appearance, appearance};
use crate::stage::{DIGITS, Stage, digits};

/// Number of marks that may follow a letter. Languages need three; a long row of them would be drawn
/// over the lines above.
const MARKS_MAX: u8 = 4;

/// Printed form of an ASCII character, or of a byte that is not UTF-8.
#[derive(Clone, Copy)]
struct Printed {
    text: [u8; 4],
    length: u8,
    /// Number of marks that may come next.
    marks: u8,
}

/// Printed forms within quotes.
static QUOTED: [Printed; 256] = printed_bytes(true);

/// Printed forms in a sentence, where quotes and backslashes are kept.
static PLAIN: [Printed; 256] = printed_bytes(false);

const fn printed_bytes(quotes: bool) -> [Printed; 256] {
    let mut all = [Printed { text: *b"\\x..", length: 4, marks: 0 }; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        // \x is a byte, \u{} a character: U+0085 is not the byte 0x85.
        let (text, length) = match byte {
            b'"' | b'\\' if quotes => ([b'\\', byte, 0, 0], 2),
            b' '..=b'~' => ([byte, 0, 0, 0], 1),
            b'\n' => (*b"\\n\0\0", 2),
            b'\r' => (*b"\\r\0\0", 2),
            b'\t' => (*b"\\t\0\0", 2),
            _ => ([b'\\', b'x', DIGITS[at][0], DIGITS[at][1]], 4),
        };
        all[at] = Printed {
            text,
            length,
            marks: if byte.is_ascii_alphanumeric() { MARKS_MAX } else { 0 },
        };
        at += 1;
    }
    all
}

/// Appends `bytes` with escapes; returns whether all of them fitted into `limit` bytes of output.
pub(super) fn escape(bytes: &[u8], limit: usize, quotes: bool, out: &mut String) -> bool {
    let head = bytes.get(..limit).unwrap_or(bytes);
    if is_plain(head, quotes) {
        out.push_str(std::str::from_utf8(head).unwrap_or_default());
        return head.len() == bytes.len();
    }
    let printed = if quotes { &QUOTED } else { &PLAIN };
    let mut escaper = Escaper { stage: Stage::new(out, limit), printed, marks: 0 };
    bytes.utf8_chunks().all(|chunk| escaper.text(chunk.valid()) && escaper.bytes(chunk.invalid()))
}

/// Returns whether no byte needs an escape: true of most strings, and each event has several.
fn is_plain(bytes: &[u8], quotes: bool) -> bool {
    let is_kept =
        |byte: u8| matches!(byte, b' '..=b'~') & !(quotes & ((byte == b'"') | (byte == b'\\')));
    // Without an early end the loop looks at 16 bytes at once.
    bytes.iter().fold(true, |all, &byte| all & is_kept(byte))
}

/// An output that is filled up to its end.
struct Escaper<'o> {
    stage: Stage<'o>,
    printed: &'static [Printed; 256],
    /// Number of marks that may come next.
    marks: u8,
}

impl Escaper<'_> {
    /// Adds characters; returns whether there was room for all.
    fn text(&mut self, text: &str) -> bool {
        for c in text.chars() {
            if !self.stage.make_room() {
                return false;
            }
            match u8::try_from(c) {
                Ok(byte) if byte.is_ascii() => self.byte(byte),
                _ => self.character(c),
            }
        }
        true
    }

    /// Adds bytes that are not UTF-8; returns whether there was room for all.
    fn bytes(&mut self, bytes: &[u8]) -> bool {
        for &byte in bytes {
            if !self.stage.make_room() {
                return false;
            }
            self.byte(byte);
        }
        true
    }

    fn byte(&mut self, byte: u8) {
        if let Some(printed) = self.printed.get(usize::from(byte)) {
            self.stage.put(printed.text, printed.length.into());
            self.marks = printed.marks;
        }
    }

    /// Adds a character beyond ASCII.
    fn character(&mut self, c: char) {
        let (is_kept, marks) = match appearance(c) {
            Appearance::Letter => (true, MARKS_MAX),
            Appearance::Mark => (self.marks > 0, self.marks.saturating_sub(1)),
            Appearance::Symbol => (true, 0),
            Appearance::Escaped => (false, 0),
        };
        self.marks = marks;
        if is_kept {
            let mut text = [0; 4];
            let length = c.encode_utf8(&mut text).len();
            self.stage.put(text, length);
        } else {
            self.code(c.into());
        }
    }

    /// Adds the number of a character, without zeros before it: `\u{202e}`.
    fn code(&mut self, number: u32) {
        let [_, high, middle, low] = number.to_be_bytes();
        let [high, middle, low] = [high, middle, low].map(digits);
        let digits = [high[0], high[1], middle[0], middle[1], low[0], low[1], b'}', 0];
        let zeros = (number << 8).leading_zeros() / 4;
        let shown = u64::from_le_bytes(digits) >> (8 * zeros);
        self.stage.put(*b"\\u{", 3);
        self.stage.put(shown.to_le_bytes(), 7 - zeros as usize);
    }
}
