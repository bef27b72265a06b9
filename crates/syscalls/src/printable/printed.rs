//! Printed forms of all bytes.

use super::utf8::is_lead;
use crate::stage::DIGITS;

/// Number of marks that may follow a letter. Languages need three; a long row of them would be drawn
/// over the lines above.
pub const MARKS_MAX: u8 = 4;

/// Printed form of an ASCII character, or of a byte that is not UTF-8.
#[derive(Clone, Copy)]
#[repr(align(8))]
pub struct Printed {
    /// Text, and how many bytes of it count.
    pub text: [u8; 4],
    pub length: u8,
    /// Number of marks that may come next.
    pub marks: u8,
    /// Kinds of which the byte is, a bit each.
    pub kinds: u8,
}

/// Printed as it is.
pub const SAME: u8 = 1;
/// Printed as two digits, and no part of a character unless one of the bytes before it begins one.
pub const DIGITS_ONLY: u8 = 2;
/// Printed without regard to the bytes around it.
pub const ALONE: u8 = 4;

/// A byte as two hexadecimal digits.
const HEX: Printed = Printed { text: *b"\\x..", length: 4, marks: 0, kinds: DIGITS_ONLY | ALONE };

/// Bytes of the longest text.
pub const PRINTED_MAX: usize = 4;

/// Printed forms of all bytes.
pub struct PrintedBytes([Printed; 256]);

impl PrintedBytes {
    /// Returns the printed form of a byte.
    #[inline(always)]
    pub fn of(&self, byte: u8) -> Printed {
        self.0.get(usize::from(byte)).copied().unwrap_or(HEX)
    }
}

/// Printed forms within quotes.
pub static QUOTED: PrintedBytes = PrintedBytes(all(true));

/// Printed forms in a sentence, where quotes and backslashes are kept.
pub static PLAIN: PrintedBytes = PrintedBytes(all(false));

const fn all(quotes: bool) -> [Printed; 256] {
    let mut all = [HEX; 256];
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
            kinds: match length {
                1 => SAME | ALONE,
                4 if is_lead(byte) => 0,
                4 => DIGITS_ONLY | ALONE,
                _ => ALONE,
            },
        };
        at += 1;
    }
    all
}
