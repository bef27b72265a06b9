//! Positions of passwords in `scheme://user:password@host`.

use std::ops::Range;

/// Returns the passwords of all addresses in a text, in order.
pub(super) fn passwords(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(begin) = find(text, at, b"://").map(|colon| colon + 3) {
        let rest = text.get(begin..).unwrap_or_default();
        let end = begin + rest.iter().position(|&byte| ends(byte)).unwrap_or(rest.len());
        found.extend(password(text, begin..end));
        // In `a://b,c://d` the colon of the second is the last byte before the slash.
        at = end.saturating_sub(1).max(begin);
    }
    found
}

/// Returns whether a byte ends the authority of an address (RFC 3986, section 3.2); quotes do as well.
fn ends(byte: u8) -> bool {
    matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>') || byte.is_ascii_whitespace()
}

/// Returns the range between the first colon and the last `@`: a password may hold an unescaped `@`.
fn password(text: &[u8], authority: Range<usize>) -> Option<Range<usize>> {
    let bytes = text.get(authority.clone())?;
    let at = bytes.iter().rposition(|&byte| byte == b'@')?;
    let colon = bytes.get(..at)?.iter().position(|&byte| byte == b':')?;
    (colon + 1 < at).then_some(authority.start + colon + 1..authority.start + at)
}

fn find(text: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    let rest = text.get(from..)?;
    rest.windows(what.len()).position(|window| window == what).map(|at| from + at)
}
