//! Bytes that a process chose in, text that is safe to show out: no control character, no terminal
//! escape, nothing invisible, nothing that turns the direction of reading. It never alters what is
//! recorded; the exact bytes stand in a field of their own.
//!
//! Shown as they are: visible characters of any script, and marks that combine with the character
//! before them. Escaped: control characters, bytes that are not UTF-8, spaces other than the plain
//! one, line and paragraph separators, format characters (the bidirectional ones and those of zero
//! width among them), characters that look like nothing, unassigned ones, and those for private use,
//! because what they look like is up to the terminal's font.

use std::fmt::Write;
use std::ops::RangeInclusive;

/// Letters, marks and symbols by their Unicode category, yet blank on the screen.
const BLANK: [RangeInclusive<char>; 10] = [
    '\u{34f}'..='\u{34f}',     // combining grapheme joiner
    '\u{115f}'..='\u{1160}',   // Hangul fillers
    '\u{17b4}'..='\u{17b5}',   // Khmer inherent vowels
    '\u{180b}'..='\u{180f}',   // Mongolian variation selectors
    '\u{2800}'..='\u{2800}',   // Braille without a dot
    '\u{3164}'..='\u{3164}',   // Hangul filler
    '\u{fe00}'..='\u{fe0f}',   // variation selectors
    '\u{ffa0}'..='\u{ffa0}',   // half-width Hangul filler
    '\u{1bca0}'..='\u{1bca3}', // shorthand format controls
    '\u{e0000}'..='\u{e0fff}', // tags, further variation selectors
];

/// A limit, in bytes of output, for what must not be cut.
pub const NO_LIMIT: usize = usize::MAX;

/// Shows `bytes` bare if nobody can mistake where they begin and end, otherwise quoted. A path is
/// mostly bare; one that holds ` by init (pid 1, uid 0)` is not.
pub fn word(bytes: &[u8], limit: usize, out: &mut String) {
    match std::str::from_utf8(bytes) {
        Ok(text) if is_word(text) && text.len() <= limit => out.push_str(text),
        _ => quoted(bytes, limit, out),
    }
}

/// Shows `bytes` as a quoted string: `"` and `\` are escaped too, so that each sequence of bytes has
/// one form only. A string that was cut at `limit` ends in `"...`.
pub fn quoted(bytes: &[u8], limit: usize, out: &mut String) {
    out.push('"');
    let whole = escape(bytes, limit, true, out);
    out.push_str(if whole { "\"" } else { "\"..." });
}

/// Shows text of our own that may quote others: unsafe characters are escaped, quotes and
/// backslashes stand.
pub fn plain(text: &str, limit: usize, out: &mut String) {
    if !escape(text.as_bytes(), limit, false, out) {
        out.push_str("...");
    }
}

/// Cuts `out` to `limit` bytes from `start` on, between characters, and says so.
pub fn cut(out: &mut String, start: usize, limit: usize) {
    let end = start.saturating_add(limit);
    if out.len() > end {
        let end = (0..=end).rev().find(|end| out.is_char_boundary(*end)).unwrap_or(0);
        out.truncate(end);
        out.push_str("...");
    }
}

/// Whether a person sees all of this text, and sees it as one word.
fn is_word(text: &str) -> bool {
    let fits = |c: char| match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || is_mark(c),
        false => c.is_alphanumeric() && is_visible(c, false),
    };
    // A dot may belong to the name or to the sentence; a mark at the end is quoted for that.
    !text.is_empty() && text.chars().all(fits) && !text.ends_with([',', ':'])
}

/// What names and paths have beside letters and digits.
fn is_mark(c: char) -> bool {
    matches!(c, '/' | '.' | '_' | '-' | '+' | ':' | '@' | '%' | ',' | '=' | '~' | '#' | '^' | '*')
}

/// Text that stands as it is: most strings do, and each event has several.
fn as_it_is(bytes: &[u8], quotes: bool) -> Option<&str> {
    let stands =
        |byte: u8| matches!(byte, b' '..=b'~') & !(quotes & ((byte == b'"') | (byte == b'\\')));
    // Without an early end the loop looks at 16 bytes at once.
    let all = bytes.iter().fold(true, |all, &byte| all & stands(byte));
    std::str::from_utf8(bytes).ok().filter(|_| all)
}

/// Whether all fitted into `limit`.
fn escape(bytes: &[u8], limit: usize, quotes: bool, out: &mut String) -> bool {
    if let Some(text) = as_it_is(bytes, quotes).filter(|text| text.len() <= limit) {
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

/// For characters beyond ASCII. A mark that combines would join our own quote if it came first.
fn is_visible(c: char, first: bool) -> bool {
    if BLANK.iter().any(|range| range.contains(&c)) {
        return false;
    }
    if first {
        return c.escape_debug().len() == 1;
    }
    // The standard library's table of what can be shown is reachable through escape_debug only,
    // and it lets a combining mark stand only where it is not the first of a string.
    let mut pair = [b'a'; 5];
    let length = 1 + c.encode_utf8(&mut pair[1..]).len();
    let pair = pair.get(..length).and_then(|pair| std::str::from_utf8(pair).ok());
    pair.is_some_and(|pair| pair.escape_debug().nth(1) == Some(c))
}

#[cfg(test)]
mod tests {
    use super::{NO_LIMIT, cut, plain, quoted, word};
    use proptest::prelude::{any, proptest};

    fn shown(bytes: &[u8]) -> String {
        let mut out = String::new();
        quoted(bytes, NO_LIMIT, &mut out);
        out
    }

    fn worded(bytes: &[u8]) -> String {
        let mut out = String::new();
        word(bytes, NO_LIMIT, &mut out);
        out
    }

    #[test]
    fn what_cannot_be_seen_is_escaped() {
        for (bytes, expected) in [
            (&b"plain text"[..], r#""plain text""#),
            (b"a\nb\r\tc\0d\x1b[1A\x7f", r#""a\nb\r\tc\x00d\x1b[1A\x7f""#),
            (b"say \"hi\" \\n", r#""say \"hi\" \\n""#),
            (b"\xff\xfe ok \xc3", r#""\xff\xfe ok \xc3""#),
            ("\u{85}\u{9b}".as_bytes(), r#""\u{85}\u{9b}""#),
            ("\u{202e}gpj.exe\u{2066}\u{2069}".as_bytes(), r#""\u{202e}gpj.exe\u{2066}\u{2069}""#),
            ("\u{200e}\u{200f}\u{61c}".as_bytes(), r#""\u{200e}\u{200f}\u{61c}""#),
            ("\u{2028}\u{2029}".as_bytes(), r#""\u{2028}\u{2029}""#),
            ("a\u{200b}\u{200d}\u{feff}\u{ad}".as_bytes(), r#""a\u{200b}\u{200d}\u{feff}\u{ad}""#),
            ("\u{a0}\u{3000}\u{2003}".as_bytes(), r#""\u{a0}\u{3000}\u{2003}""#),
            ("\u{e000}\u{10ffff}\u{378}".as_bytes(), r#""\u{e000}\u{10ffff}\u{378}""#),
            ("a\u{fe0f}\u{3164}\u{e0041}".as_bytes(), r#""a\u{fe0f}\u{3164}\u{e0041}""#),
        ] {
            assert_eq!(shown(bytes), expected);
        }
    }

    #[test]
    fn scripts_are_left_readable() {
        for text in ["größe", "日本語", "файл", "e\u{301}te\u{301}", "हिन्दी", "🦀"]
        {
            assert_eq!(shown(text.as_bytes()), format!("\"{text}\""));
        }
        assert_eq!(shown("\u{301}e".as_bytes()), r#""\u{301}e""#);
    }

    #[test]
    fn only_one_word_goes_unquoted() {
        for bare in ["/usr/bin/ls", "kworker/0:1", "größe", "a=b"] {
            assert_eq!(worded(bare.as_bytes()), bare);
        }
        for text in ["", "a b", "x(pid", "[ls]", "it's", "a,", "<unreadable:", "$(x)", "a;b"] {
            assert_eq!(worded(text.as_bytes()), format!("\"{text}\""));
        }
        assert_eq!(worded(b"a\\"), r#""a\\""#);
    }

    #[test]
    fn long_values_are_cut_and_say_so() {
        let mut out = String::new();
        quoted(b"abcdef", 4, &mut out);
        quoted(b"abcd", 4, &mut out);
        word(b"abcdef", 5, &mut out);
        plain("abc\ndef", 5, &mut out);
        assert_eq!(out, r#""abcd"..."abcd""abcde"...abc\n..."#);
        let mut out = String::from("x: größe");
        cut(&mut out, 3, 3);
        assert_eq!(out, "x: gr...");
    }

    #[test]
    fn own_text_keeps_its_quotes() {
        let mut out = String::new();
        plain("unknown handler \"o\u{1b}\" in C:\\x", NO_LIMIT, &mut out);
        assert_eq!(out, r#"unknown handler "o\x1b" in C:\x"#);
    }

    /// Reads our escapes back.
    fn read_back(shown: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = shown.strip_prefix('"').unwrap().strip_suffix('"').unwrap().chars();
        while let Some(c) = rest.next() {
            if c != '\\' {
                bytes.extend(c.to_string().bytes());
                continue;
            }
            match rest.next().unwrap() {
                'n' => bytes.push(b'\n'),
                'r' => bytes.push(b'\r'),
                't' => bytes.push(b'\t'),
                'x' => {
                    let hex: String = rest.by_ref().take(2).collect();
                    bytes.push(u8::from_str_radix(&hex, 16).unwrap());
                }
                'u' => {
                    let hex: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                    let c = char::from_u32(u32::from_str_radix(&hex, 16).unwrap()).unwrap();
                    bytes.extend(c.to_string().bytes());
                }
                other => bytes.push(other as u8),
            }
        }
        bytes
    }

    proptest! {
        #[test]
        fn any_bytes_are_printable_and_unambiguous(bytes: Vec<u8>) {
            let shown = shown(&bytes);
            assert!(!shown.chars().any(char::is_control));
            assert_eq!(read_back(&shown), bytes);
        }

        #[test]
        fn any_text_is_unambiguous(text in any::<String>()) {
            assert_eq!(read_back(&shown(text.as_bytes())), text.as_bytes());
        }

        #[test]
        fn any_cut_is_safe(text in any::<String>(), start in 0usize..40, limit in 0usize..40) {
            let mut out = text.clone();
            cut(&mut out, start, limit);
            assert!(text.starts_with(out.trim_end_matches("...")) || out == text);
        }
    }
}
