//! Printable text from bytes that a process chose: without control characters, terminal escapes,
//! invisible characters and changes of the reading direction. It is for people to read; a record
//! keeps the exact bytes in a separate field.
//!
//! Printed unchanged: visible characters of any script, and marks that combine with the character
//! before them. Escaped: control characters, bytes that are not UTF-8, spaces other than the plain
//! one, line and paragraph separators, format characters (including bidirectional and zero-width
//! ones), blank characters, unassigned ones, and those for private use, because their appearance
//! depends on the terminal's font.

mod visible;

use std::fmt::Write;

use visible::is_visible;

/// Limit, in bytes of output, for text that must not be cut.
pub const NO_LIMIT: usize = usize::MAX;

/// Prints `bytes` bare if their beginning and end are unmistakable, otherwise quoted. A typical path is
/// bare; one that contains ` by init (pid 1, uid 0)` is not.
pub fn quoted_if_needed(bytes: &[u8], limit: usize, out: &mut String) {
    match std::str::from_utf8(bytes) {
        Ok(text) if is_word(text) && text.len() <= limit => out.push_str(text),
        _ => quoted(bytes, limit, out),
    }
}

/// Prints `bytes` as a quoted string: `"` and `\` are escaped too, so that different bytes never have
/// the same text. A string that was cut at `limit` ends in `"...`.
pub fn quoted(bytes: &[u8], limit: usize, out: &mut String) {
    out.push('"');
    let whole = escape(bytes, limit, true, out);
    out.push_str(if whole { "\"" } else { "\"..." });
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

/// Returns whether all of the text is visible and reads as one word.
fn is_word(text: &str) -> bool {
    let fits = |c: char| match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || is_mark(c),
        false => c.is_alphanumeric() && is_visible(c, false),
    };
    // A comma or a colon at the end could belong to the sentence, so the name is quoted.
    !text.is_empty() && text.chars().all(fits) && !text.ends_with([',', ':'])
}

/// Returns whether `c` is punctuation of names and paths.
fn is_mark(c: char) -> bool {
    matches!(c, '/' | '.' | '_' | '-' | '+' | ':' | '@' | '%' | ',' | '=' | '~' | '#' | '^' | '*')
}

/// Returns the text if no character needs an escape: true of most strings, and each event has several.
fn unescaped(bytes: &[u8], quotes: bool) -> Option<&str> {
    let is_kept =
        |byte: u8| matches!(byte, b' '..=b'~') & !(quotes & ((byte == b'"') | (byte == b'\\')));
    // Without an early end the loop looks at 16 bytes at once.
    let all = bytes.iter().fold(true, |all, &byte| all & is_kept(byte));
    std::str::from_utf8(bytes).ok().filter(|_| all)
}

/// Appends `bytes` with escapes; returns whether all of them fitted into `limit`.
fn escape(bytes: &[u8], limit: usize, quotes: bool, out: &mut String) -> bool {
    if let Some(text) = unescaped(bytes, quotes).filter(|text| text.len() <= limit) {
        out.push_str(text);
        return true;
    }
    let end = out.len().saturating_add(limit);
    let mut first = true;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if out.len() >= end {
                return false;
            }
            push(c, first, quotes, out);
            first = false;
        }
        for byte in chunk.invalid() {
            if out.len() >= end {
                return false;
            }
            let _ = write!(out, "\\x{byte:02x}");
            first = false;
        }
    }
    true
}

/// Appends one character, escaped if necessary; `first` says that it follows the quote.
fn push(c: char, first: bool, quotes: bool, out: &mut String) {
    match c {
        '"' | '\\' if quotes => out.extend(['\\', c]),
        ' '..='~' => out.push(c),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        // \x is a byte, \u{} a character: U+0085 is not the byte 0x85.
        '\0'..='\x7f' => drop(write!(out, "\\x{:02x}", u32::from(c))),
        _ if is_visible(c, first) => out.push(c),
        _ => drop(write!(out, "\\u{{{:x}}}", u32::from(c))),
    }
}

#[cfg(test)]
mod tests;
