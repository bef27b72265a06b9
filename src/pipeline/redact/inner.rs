//! Secrets within one text: the command line that a shell is called with, the settings in the value of an option, in the
//! query of an address or in a connection string, headers and JSON.

use std::ops::Range;

use super::patterns::Patterns;
use super::programs;
use crate::config::{Candidate, Hidden, SecretSet};

/// Most secrets of one text that are hidden one by one.
pub(super) const SECRETS_MAX: usize = 16;

/// Most words of one event that are compared with patterns. A process chooses their number: behind the last of them the
/// rest of a text is hidden.
pub(super) const WORDS_MAX: usize = 128;

/// Search for secrets in a text.
struct Search<'t, 'p, 'f> {
    text: &'t [u8],
    /// Patterns that hold for all of the text.
    patterns: &'p Patterns<'p>,
    /// Patterns of the route may match any word.
    is_each_compared: bool,
    /// Patterns of the program that a command line in the text calls.
    of_program: Option<&'static SecretSet>,
    /// Position of the first hint, or the end of the text.
    hint: usize,
    found: &'f mut Vec<Range<usize>>,
}

/// Adds the secrets of a text to `found`, which is empty, in order, at most [`SECRETS_MAX`]. `words` is what is left of
/// [`WORDS_MAX`]. The text as a whole is compared already; `hint` is the first one in it.
pub(super) fn secrets(
    text: &[u8],
    (patterns, hint): (&Patterns<'_>, Option<usize>),
    words: &mut usize,
    found: &mut Vec<Range<usize>>,
) {
    let is_each_compared = patterns.more_may_match(text);
    let hint = hint.unwrap_or(text.len());
    Search { text, patterns, is_each_compared, of_program: None, hint, found }.run(words);
}

impl Search<'_, '_, '_> {
    fn run(&mut self, words: &mut usize) {
        let (mut at, mut is_value) = (0, false);
        while let Some(word) = self.next_word(at, is_value) {
            if *words == 0 {
                self.found.push(word.start..self.text.len());
            }
            if *words == 0 || self.found.len() == SECRETS_MAX {
                return;
            }
            *words -= 1;
            at = word.end;
            let is_option = self.of(word.clone()).starts_with(b"-");
            let secret = match std::mem::take(&mut is_value) && !is_option {
                true => Some(Hidden::From(word.start)),
                false => self.hidden(&word).or_else(|| self.behind_colon(&word)),
            };
            match secret {
                Some(Hidden::From(start)) => at = self.hide(word.start, start).max(at),
                Some(Hidden::Next) => is_value = true,
                None => self.of_program = programs::patterns(self.of(word)).or(self.of_program),
            }
        }
    }

    /// Returns the next word from a position on that may matter. A separator of commands before it ends the part of a
    /// program.
    fn next_word(&mut self, at: usize, is_value: bool) -> Option<Range<usize>> {
        let rest = self.of(at..self.text.len());
        let length = rest.iter().position(|&byte| !is_between(byte))?;
        if rest.iter().take(length).any(|&byte| matches!(byte, b';' | b'|' | b'&' | b'\n')) {
            self.of_program = None;
        }
        let start = at + length;
        let start = match self.is_each_compared || self.of_program.is_some() || is_value {
            true => start,
            false => self.next_hint(start)?,
        };
        let word = self.of(start..self.text.len());
        let length = word.iter().position(|&byte| is_between(byte)).unwrap_or(word.len());
        Some(start..start + length)
    }

    /// Returns the begin of the first word from the one at `start` on in which a piece of a pattern or the name of a
    /// program ends.
    fn next_hint(&self, start: usize) -> Option<usize> {
        let hint = match self.hint < start {
            true => programs::hint(self.text, start)?,
            false => Some(self.hint).filter(|&first| first < self.text.len())?,
        };
        let before = self.of(start..hint);
        Some(before.iter().rposition(|&byte| is_between(byte)).map_or(start, |at| start + at + 1))
    }

    /// Returns the secret of a word that is an option or has settings: `--env=DB_PASSWORD=x`, `-eDB_PASSWORD=x`.
    fn hidden(&self, word: &Range<usize>) -> Option<Hidden> {
        let bytes = self.of(word.clone());
        let option = || Candidate::of(bytes).filter(|_| !self.is_compared(word));
        if let Some(hidden) = option().and_then(|option| self.matched(&option)) {
            return Some(match hidden {
                Hidden::From(at) => Hidden::From(word.start + at),
                Hidden::Next => Hidden::Next,
            });
        }
        let mut from = 0;
        memchr::memchr_iter(b'=', bytes).find_map(|equals| {
            let (is_first, name) = (from == 0, bytes.get(from..equals).unwrap_or_default());
            from = equals + 1;
            let is_glued = name.starts_with(b"-") && !name.starts_with(b"--");
            let name = match is_glued {
                true => name.get(2..).unwrap_or_default(),
                // The name of the word, which was compared above.
                false if is_first => return None,
                false => name,
            };
            self.matched(&Candidate::setting(name)).map(|_| Hidden::From(word.start + from))
        })
    }

    /// Returns whether a word has the name of the whole text, with which patterns were compared.
    fn is_compared(&self, word: &Range<usize>) -> bool {
        let name_end = || memchr::memchr(b'=', self.text).unwrap_or(self.text.len());
        word.start == 0 && self.of_program.is_none() && name_end() <= word.end
    }

    /// Returns the secret behind a name and a colon: `Authorization: x`, `"password":"x"`. Without a blank or quotes it is
    /// a host and a port, an image and its tag, or the like.
    fn behind_colon(&self, word: &Range<usize>) -> Option<Hidden> {
        let (bytes, rest) = (self.of(word.clone()), self.of(word.end..self.text.len()));
        let (name, colon) = match (bytes.strip_suffix(b":"), rest.split_first()) {
            (Some(name), Some(_)) => (name, word.end),
            (None, Some((quote, behind))) if is_quote(*quote) => {
                let blanks = behind.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                behind.get(blanks..)?.starts_with(b":").then_some((bytes, word.end + blanks + 2))?
            }
            _ => return None,
        };
        self.matched(&Candidate::setting(name))?;
        let behind = self.of(colon..self.text.len());
        let blanks = behind.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        Some(Hidden::From(colon + blanks))
    }

    fn matched(&self, text: &Candidate<'_>) -> Option<Hidden> {
        self.patterns.hidden(text, self.of_program)
    }

    /// Adds the secret that begins at `start`, of the word at `word`; returns its end.
    fn hide(&mut self, word: usize, start: usize) -> usize {
        let is_colon = self.of(word..start).contains(&b':');
        let before =
            |at: usize| self.text.get(at.wrapping_sub(1)).copied().filter(|&b| is_quote(b));
        let opening = self.text.get(start).copied().filter(|&byte| is_quote(byte));
        // No shell has split `--env=A_TOKEN=x y`: all of it is one value.
        let is_first = word == 0 && self.of(0..start).starts_with(b"-");
        let start = start + usize::from(opening.is_some());
        let rest = self.of(start..self.text.len());
        let length = match opening.or_else(|| before(word).filter(|_| !is_colon)) {
            Some(quote) => quoted(rest, quote),
            None if is_first => rest.len(),
            None if is_colon => rest.iter().take_while(|&&byte| !ends_line(byte)).count(),
            None => rest.iter().take_while(|&&byte| !ends_value(byte)).count(),
        };
        // Behind the last one nothing is looked at.
        let is_last = self.found.len() + 1 == SECRETS_MAX;
        let end = if is_last { self.text.len() } else { start + length };
        if start < end {
            self.found.push(start..end);
        }
        end
    }

    fn of(&self, range: Range<usize>) -> &[u8] {
        self.text.get(range).unwrap_or_default()
    }
}

/// Returns the length of the text up to a closing quote. A backslash takes the quote its meaning.
fn quoted(text: &[u8], quote: u8) -> usize {
    let mut is_escaped = false;
    let inside = text.iter().take_while(|&&byte| {
        let is_end = byte == quote && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        !is_end
    });
    inside.count()
}

const fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// Returns whether a byte stands between words: of a command line, a query, JSON.
fn is_between(byte: u8) -> bool {
    BETWEEN.get(usize::from(byte)).is_some_and(|&is_between| is_between)
}

/// Answers for each byte: most words are long, and each of their bytes is looked at.
const BETWEEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] =
            ends_value(byte as u8) || matches!(byte as u8, b'(' | b'{' | b'[' | b']' | b',' | b'?');
        byte += 1;
    }
    table
};

const fn ends_value(byte: u8) -> bool {
    is_quote(byte)
        || byte.is_ascii_whitespace()
        || matches!(byte, b';' | b'|' | b'&' | b'<' | b'>' | b')' | b'}')
}

fn ends_line(byte: u8) -> bool {
    is_quote(byte) || matches!(byte, b'\n' | b'}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::{Patterns, SECRETS_MAX, WORDS_MAX, secrets};

    proptest! {
        #[test]
        fn secrets_of_any_text_are_in_order_and_within_it(
            text in r#"(?:-|-p|mysql|PASS|_TOKEN|=|:|[ "'`;&?{},\\\n]|x|[\x80-\xff]){0,60}"#,
        ) {
            let mut found = Vec::new();
            let text = text.as_bytes();
            let patterns = (&Patterns::default(), super::programs::hint(text, 0));
            secrets(text, patterns, &mut { WORDS_MAX }, &mut found);
            assert!(found.len() <= SECRETS_MAX);
            let ends = found.iter().flat_map(|range| [range.start, range.end]);
            assert!(ends.clone().is_sorted() && ends.last().unwrap_or(0) <= text.len(), "{found:?}");
            assert!(found.iter().all(|range| !range.is_empty()), "{found:?}");
        }
    }
}
