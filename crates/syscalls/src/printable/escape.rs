//! Escapes of characters and bytes that are not printed unchanged.

use super::visible::{Appearance, appearance};

/// Number of marks that may follow a letter. Languages need three; a long row of them would be drawn
/// over the lines above.
const MARKS_MAX: u8 = 4;

/// `\x00` to `\xff`, one after the other.
const BYTE_ESCAPES: &str = match std::str::from_utf8(&byte_escapes()) {
    Ok(text) => text,
    Err(_) => "",
};

const fn byte_escapes() -> [u8; 4 * 256] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut escapes = [0; 4 * 256];
    let mut byte = 0;
    while byte < 256 {
        escapes[4 * byte] = b'\\';
        escapes[4 * byte + 1] = b'x';
        escapes[4 * byte + 2] = DIGITS[byte >> 4];
        escapes[4 * byte + 3] = DIGITS[byte & 15];
        byte += 1;
    }
    escapes
}

/// Returns the escape of a byte.
fn byte_escape(byte: u8) -> &'static str {
    let at = 4 * usize::from(byte);
    BYTE_ESCAPES.get(at..at + 4).unwrap_or_default()
}

/// Appends `bytes` with escapes; returns whether all of them fitted into `limit` bytes of output.
pub(super) fn escape(bytes: &[u8], limit: usize, quotes: bool, out: &mut String) -> bool {
    let head = bytes.get(..limit).unwrap_or(bytes);
    if is_plain(head, quotes) {
        out.push_str(std::str::from_utf8(head).unwrap_or_default());
        return head.len() == bytes.len();
    }
    let end = out.len().saturating_add(limit);
    let mut escaper = Escaper { out, end, quotes, marks: 0 };
    bytes.utf8_chunks().all(|chunk| {
        // Between bytes that are not UTF-8 there is no text.
        (chunk.valid().is_empty() || escaper.text(chunk.valid())) && escaper.bytes(chunk.invalid())
    })
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
    out: &'o mut String,
    end: usize,
    quotes: bool,
    /// Number of marks that may come next.
    marks: u8,
}

impl Escaper<'_> {
    /// Appends characters; returns whether there was room for all.
    fn text(&mut self, text: &str) -> bool {
        let mut kept = 0;
        for (at, c) in text.char_indices() {
            let is_full = self.out.len() + (at - kept) >= self.end;
            if !is_full && self.keeps(c) {
                continue;
            }
            if kept < at {
                self.out.push_str(text.get(kept..at).unwrap_or_default());
            }
            if is_full {
                return false;
            }
            self.character(c);
            kept = at + c.len_utf8();
        }
        self.out.push_str(text.get(kept..).unwrap_or_default());
        true
    }

    /// Appends bytes that are not UTF-8; returns whether there was room for all.
    fn bytes(&mut self, bytes: &[u8]) -> bool {
        for &byte in bytes {
            if self.out.len() >= self.end {
                return false;
            }
            self.out.push_str(byte_escape(byte));
            self.marks = 0;
        }
        true
    }

    /// Returns whether a character is printed unchanged.
    fn keeps(&mut self, c: char) -> bool {
        let (is_kept, marks) = match c {
            '"' | '\\' => (!self.quotes, 0),
            ' '..='~' => (true, if c.is_ascii_alphanumeric() { MARKS_MAX } else { 0 }),
            '\0'..='\x7f' => (false, 0),
            _ => match appearance(c) {
                Appearance::Letter => (true, MARKS_MAX),
                Appearance::Mark => (self.marks > 0, self.marks.saturating_sub(1)),
                Appearance::Symbol => (true, 0),
                Appearance::Escaped => (false, 0),
            },
        };
        self.marks = marks;
        is_kept
    }

    /// Appends the escape of a character.
    fn character(&mut self, c: char) {
        match c {
            '"' => self.out.push_str("\\\""),
            '\\' => self.out.push_str("\\\\"),
            '\n' => self.out.push_str("\\n"),
            '\r' => self.out.push_str("\\r"),
            '\t' => self.out.push_str("\\t"),
            // \x is a byte, \u{} a character: U+0085 is not the byte 0x85.
            '\0'..='\x7f' => self.out.push_str(byte_escape(c as u8)),
            _ => self.code(u32::from(c)),
        }
    }

    /// Appends the number of a character beyond ASCII, without zeros before it.
    fn code(&mut self, number: u32) {
        let [_, high, middle, low] = number.to_be_bytes();
        self.out.push_str("\\u{");
        match (high, middle) {
            (0, 0) => {}
            (0, ..0x10) => self.out.push_str(last_digit(middle)),
            (0, _) => self.out.push_str(digits(middle)),
            (..0x10, _) => self.out.extend([last_digit(high), digits(middle)]),
            _ => self.out.extend([digits(high), digits(middle)]),
        }
        self.out.push_str(digits(low));
        self.out.push('}');
    }
}

/// Returns the two hexadecimal digits of a byte.
fn digits(byte: u8) -> &'static str {
    let at = 4 * usize::from(byte);
    BYTE_ESCAPES.get(at + 2..at + 4).unwrap_or_default()
}

/// Returns the last hexadecimal digit of a byte.
fn last_digit(byte: u8) -> &'static str {
    let at = 4 * usize::from(byte);
    BYTE_ESCAPES.get(at + 3..at + 4).unwrap_or_default()
}
