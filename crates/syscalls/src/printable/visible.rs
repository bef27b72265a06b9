//! Visibility of characters beyond ASCII.

use std::ops::RangeInclusive;

/// Letters, marks and symbols by their Unicode category that are blank on the screen.
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

/// Returns whether a character beyond ASCII is visible. A combining mark that is `first` is not: it would
/// join the quote before it.
pub fn is_visible(c: char, first: bool) -> bool {
    if BLANK.iter().any(|range| range.contains(&c)) {
        return false;
    }
    if first {
        return c.escape_debug().len() == 1;
    }
    // The standard library's table of printable characters is reachable through escape_debug only,
    // which keeps a combining mark only if it is not the first character of a string.
    let mut pair = [b'a'; 5];
    let length = 1 + c.encode_utf8(&mut pair[1..]).len();
    let pair = pair.get(..length).and_then(|pair| std::str::from_utf8(pair).ok());
    pair.is_some_and(|pair| pair.escape_debug().nth(1) == Some(c))
}
