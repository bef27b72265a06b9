//! Printable text from bytes that a process chose: without control characters, terminal escapes,
//! invisible characters and changes of the reading direction. It is for people to read; a record
//! keeps the exact bytes in a separate field.
//!
//! A name is bare only if it is one word of ASCII letters, digits and punctuation of paths: letters of
//! other scripts can imitate those of a name that is trusted. In quotes, visible characters of any script
//! that is written from left to right are printed unchanged, and marks that combine with the letter before
//! them. Escaped: control characters, bytes that are not UTF-8, spaces other than the plain one, line and
//! paragraph separators, format characters (including bidirectional and zero-width ones), letters of
//! scripts written from right to left, which reorder the line, marks without a letter, characters that
//! look like a quote or a backslash, blank and unassigned characters, and those for private use, because
//! their appearance depends on the terminal's font.
//!
//! A process chooses the text, so the work for each character is bounded by a table, and no more of the
//! text is looked at than is printed.

mod escape;
mod printed;
mod utf8;
mod visible;

use escape::escape;

pub use crate::stage::TextBuffer;

/// Limit, in bytes of output, for text that must not be cut.
pub const NO_LIMIT: usize = usize::MAX;

/// Prints `bytes` bare if their beginning and end are unmistakable, otherwise quoted. A typical path is
/// bare; one that contains ` by init (pid 1, uid 0)` is not, nor is a name with a letter beyond ASCII.
pub fn quoted_if_needed(bytes: &[u8], limit: usize, out: &mut String) {
    if bytes.len() <= limit && is_word(bytes) {
        out.append_bytes(bytes);
    } else {
        quoted(bytes, limit, out);
    }
}

/// Prints `bytes` as a quoted string: `"` and `\` are escaped too, so that different bytes never have
/// the same text. A string that was cut at `limit` ends in `"...`.
pub fn quoted(bytes: &[u8], limit: usize, out: &mut impl TextBuffer) {
    out.append("\"");
    let whole = escape(bytes, limit, true, out);
    out.append(if whole { "\"" } else { "\"..." });
}

/// Prints a message that may quote foreign text: unsafe characters are escaped, quotes and
/// backslashes are kept.
pub fn plain(text: &str, limit: usize, out: &mut String) {
    if !escape(text.as_bytes(), limit, false, out) {
        out.push_str("...");
    }
}

/// Truncates `out` to `limit` bytes behind `start`, between characters, and appends `...`.
pub fn cut(out: &mut String, start: usize, limit: usize) {
    let end = start.saturating_add(limit);
    if out.len() > end {
        let end = (0..=end).rev().find(|end| out.is_char_boundary(*end)).unwrap_or(0);
        out.truncate(end);
        out.push_str("...");
    }
}

/// Returns whether all of the text is ASCII and reads as one word.
fn is_word(text: &[u8]) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || is_mark(byte);
    // A comma or a colon at the end could belong to the sentence, so the name is quoted.
    text.last().is_some_and(|last| !matches!(last, b',' | b':'))
        && text.iter().all(|&byte| fits(byte))
}

/// Returns whether a character is punctuation of names and paths.
fn is_mark(byte: u8) -> bool {
    matches!(
        byte,
        b'/' | b'.'
            | b'_'
            | b'-'
            | b'+'
            | b':'
            | b'@'
            | b'%'
            | b','
            | b'='
            | b'~'
            | b'#'
            | b'^'
            | b'*'
    )
}

#[cfg(test)]
mod tests;
