//! Positions of passwords in `scheme://user:password@host`.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

/// Finds the beginning of an authority.
static SEPARATOR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("://"));

/// Returns the passwords of all addresses in a text, in order.
pub(super) fn passwords(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    let authorities = std::iter::from_fn(move || {
        let begin = SEPARATOR.find(text.get(at..)?)? + at + 3;
        let rest = text.get(begin..).unwrap_or_default();
        let end = begin + rest.iter().position(|&byte| ends(byte)).unwrap_or(rest.len());
        // In `a://b,c://d` the colon of the second is the last byte before the slash.
        at = end.saturating_sub(1).max(begin);
        Some(begin..end)
    });
    authorities.filter_map(|authority| password(text, authority))
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
