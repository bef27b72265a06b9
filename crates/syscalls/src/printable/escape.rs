//! Escapes of characters and bytes that are not printed unchanged. Every byte takes about the same time, whether it
//! is escaped or not.

use super::printed::{
    ALONE, DIGITS_ONLY, MARKS_MAX, PLAIN, PRINTED_MAX, Printed, PrintedBytes, QUOTED, SAME,
};
use super::utf8::{character, is_lead, length};
use super::visible::{Appearance, appearance};
use crate::stage::{CHARACTER_MAX, Pen, Stage, TextBuffer, digits};

/// Appends `bytes` with escapes; returns whether all of them fitted into `limit` bytes of output.
pub(super) fn escape(bytes: &[u8], limit: usize, quotes: bool, out: &mut impl TextBuffer) -> bool {
    let head = bytes.get(..limit).unwrap_or(bytes);
    if is_plain(head, quotes) {
        out.append_bytes(head);
        return head.len() == bytes.len();
    }
    let printed = if quotes { &QUOTED } else { &PLAIN };
    let mut escaper = Escaper { printed, marks: 0 };
    Stage::new(out, limit).fill(bytes, |pen, mut bytes| {
        while let Some((block, rest)) = bytes.split_first_chunk() {
            if pen.room(PRINTED_MAX) < BLOCK || !escaper.block(block, pen) {
                break;
            }
            bytes = rest;
        }
        escaper.characters(bytes, pen.room(CHARACTER_MAX).min(BLOCK), pen)
    })
}

/// Bytes that are looked at together.
const BLOCK: usize = 16;

/// Returns whether no byte needs an escape: true of most strings, and each event has several.
#[inline(always)]
fn is_plain(bytes: &[u8], quotes: bool) -> bool {
    let is_kept =
        |byte: u8| matches!(byte, b' '..=b'~') & !(quotes & ((byte == b'"') | (byte == b'\\')));
    // Without an early end the loop looks at 16 bytes at once.
    bytes.iter().fold(true, |all, &byte| all & is_kept(byte))
}

/// Adds texts with escapes to a stage.
struct Escaper {
    printed: &'static PrintedBytes,
    /// Number of marks that may come next.
    marks: u8,
}

impl Escaper {
    /// Adds a block if its bytes have nothing to do with each other; returns whether that is so.
    #[inline(always)]
    fn block(&mut self, block: &[u8; BLOCK], pen: &mut Pen<'_>) -> bool {
        let [first, .., last] = *block;
        if is_lead(first) {
            return false;
        }
        let kinds = block.iter().fold(u8::MAX, |kinds, &byte| kinds & self.printed.of(byte).kinds);
        if kinds & SAME != 0 {
            pen.put_all(*block);
        } else if kinds & DIGITS_ONLY != 0 {
            block.iter().for_each(|&byte| pen.put_all(self.printed.of(byte).text));
        } else if kinds & ALONE != 0 {
            for &byte in block {
                let Printed { text, length, .. } = self.printed.of(byte);
                pen.put(text, length.into());
            }
        } else {
            return false;
        }
        self.marks = self.printed.of(last).marks;
        true
    }

    /// Adds so many characters, and bytes that are not UTF-8; returns the rest behind them.
    #[inline(always)]
    fn characters<'b>(&mut self, bytes: &'b [u8], count: usize, pen: &mut Pen<'_>) -> &'b [u8] {
        let (mut rest, mut count) = (bytes, count);
        while let Some(&first) = rest.first().filter(|_| count > 0) {
            let before = count;
            match length(first) {
                2 => (rest, count) = self.characters_of::<2>(rest, count, pen),
                3 => (rest, count) = self.characters_of::<3>(rest, count, pen),
                4 => (rest, count) = self.characters_of::<4>(rest, count, pen),
                _ => {}
            }
            if count == before {
                (rest, count) = self.bytes(rest, count, pen);
            }
        }
        rest
    }

    /// Adds a byte that no character begins with, and those behind it of which that is certain, at most so many. Returns
    /// the rest behind them and how many more may be added.
    #[inline(always)]
    fn bytes<'b>(&mut self, bytes: &'b [u8], count: usize, pen: &mut Pen<'_>) -> (&'b [u8], usize) {
        let (mut rest, mut left, mut marks) = (bytes, count, self.marks);
        while let Some((&byte, behind)) = rest.split_first().filter(|_| left > 0) {
            let is_followed = matches!(behind.first(), Some(0x80..=0xbf));
            if is_lead(byte) && is_followed && left < count {
                break;
            }
            let printed = self.printed.of(byte);
            pen.put(printed.text, printed.length.into());
            marks = printed.marks;
            rest = behind;
            left -= 1;
        }
        self.marks = marks;
        (rest, left)
    }

    /// Adds characters of `N` bytes as long as they follow each other, at most so many. Returns the rest behind them and
    /// how many more may be added. A row of them is usual, and with a known length the next is not waited for.
    #[inline(always)]
    fn characters_of<'b, const N: usize>(
        &mut self,
        bytes: &'b [u8],
        count: usize,
        pen: &mut Pen<'_>,
    ) -> (&'b [u8], usize) {
        let (mut rest, mut left, mut marks) = (bytes, count, self.marks);
        while left > 0 {
            let Some((text, behind)) = rest.split_first_chunk::<N>() else { break };
            let Some(number) = character(*text) else { break };
            marks = add(number, *text, marks, pen);
            rest = behind;
            left -= 1;
        }
        self.marks = marks;
        (rest, left)
    }
}

/// Adds a character beyond ASCII, of which `marks` says how many marks may be kept; returns the number of those that may
/// come next.
#[inline(always)]
fn add<const N: usize>(number: u32, text: [u8; N], marks: u8, pen: &mut Pen<'_>) -> u8 {
    let appearance = appearance(number);
    let is_mark = appearance == Appearance::Mark;
    if appearance == Appearance::Escaped || is_mark && marks == 0 {
        code(number, pen);
    } else {
        pen.put_all(text);
    }
    match appearance {
        Appearance::Letter => MARKS_MAX,
        Appearance::Mark => marks.saturating_sub(1),
        Appearance::Symbol | Appearance::Escaped => 0,
    }
}

/// Adds the number of a character, without zeros before it: `\u{202e}`.
#[inline(always)]
fn code(number: u32, pen: &mut Pen<'_>) {
    let [_, high, middle, low] = number.to_be_bytes();
    let [high, middle, low] = [high, middle, low].map(digits);
    let digits = [high[0], high[1], middle[0], middle[1], low[0], low[1], b'}', 0];
    let zeros = (number << 8).leading_zeros() / 4;
    let shown = u64::from_le_bytes(digits) >> (8 * zeros);
    pen.put(*b"\\u{", 3);
    pen.put(shown.to_le_bytes(), 7 - zeros as usize);
}
