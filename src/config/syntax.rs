//! Text in, a table with places and every syntax fault out. Recovers from each fault, so that one
//! run shows them all.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use toml::de::{DeTable, Error};

use super::fault::Problem;
use super::source::Source;
use super::text::quoted;

/// A syntax fault and where it is.
pub(super) type Located = (Range<usize>, Problem);

/// The text of a file, or the one reason why it cannot be text. A byte order mark is dropped.
pub(super) fn text(bytes: Vec<u8>) -> Result<String, String> {
    if let Some(at) = bytes.iter().position(|&byte| byte == 0) {
        let line = line_of(&bytes, at);
        return Err(format!("has a NUL byte in line {line}, expected a text file"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let line = line_of(error.as_bytes(), at);
            Err(format!(
                "is not UTF-8 in line {line}; convert it, for instance with iconv -t UTF-8"
            ))
        }
    }
}

fn line_of(bytes: &[u8], at: usize) -> usize {
    bytes.iter().take(at).filter(|&&byte| byte == b'\n').count() + 1
}

/// The text without the lines on which the parser stops: keys that nothing follows. They are
/// blanked, so that everything else keeps its place, and told.
pub(super) fn repaired(source: &Source) -> (Cow<'_, str>, Vec<Located>) {
    let (_, errors) = DeTable::parse_recoverable(&source.text);
    let stops = errors.iter().filter(|error| error.message().starts_with("key with no value"));
    let stops: Vec<Located> = stops.map(|error| located(source, error)).collect();
    if stops.is_empty() {
        return (Cow::Borrowed(&source.text), stops);
    }
    let lines: BTreeSet<_> = stops.iter().map(|(span, _)| source.line_at(span.start)).collect();
    let mut text = String::with_capacity(source.text.len());
    for (line, content) in (1..).zip(source.text.split_inclusive('\n')) {
        match content.strip_suffix('\n') {
            Some(key) if lines.contains(&line) => {
                text.extend([" ".repeat(key.len()).as_str(), "\n"])
            }
            _ if lines.contains(&line) => text.push_str(&" ".repeat(content.len())),
            _ => text.push_str(content),
        }
    }
    (Cow::Owned(text), stops)
}

/// Parses the repaired text; at most one fault a line, since the others follow from it.
pub(super) fn parse<'a>(source: &Source, text: &'a str) -> (DeTable<'a>, Vec<Located>) {
    let (table, mut errors) = DeTable::parse_recoverable(text);
    errors.sort_by_key(|error| error.span().unwrap_or_default().start);
    let unclosed = errors.iter().any(|error| error.message().starts_with("unclosed array"));
    let astray = errors.iter().position(|error| error.message().starts_with("missing comma"));
    let mut faults: Vec<_> = errors.iter().map(|error| located(source, error)).collect();
    if let (true, Some((span, problem))) = (unclosed, astray.and_then(|nth| faults.get_mut(nth))) {
        *problem = "an array is not closed, expected ] before this".into();
        let from = span.start;
        // Up to its end, the file was read as elements of that array.
        faults.retain(|(span, _)| span.start <= from);
    }
    faults.dedup_by_key(|(span, _)| source.line_at(span.start));
    (table.into_inner(), faults)
}

/// Lines of which the parser could make nothing, or something else than was meant: those of the
/// faults, and what stands below a broken `[table]` line.
pub(super) fn garbled(source: &Source, faults: &[Located]) -> BTreeSet<usize> {
    let mut garbled = BTreeSet::new();
    for (span, _) in faults {
        let line = source.line_at(span.start);
        let mut below = source.text.lines().skip(line - 1);
        let header = below.next().is_some_and(|text| text.trim_start().starts_with('['));
        let rest = below.take_while(|text| header && !text.trim_start().starts_with('[')).count();
        garbled.extend(line..=line + rest);
    }
    garbled
}

fn located(source: &Source, error: &Error) -> Located {
    (error.span().unwrap_or_default(), explain(source, error))
}

/// What the parser says, in the words of this program where people are likely to read it.
fn explain(source: &Source, error: &Error) -> Problem {
    let span = error.span().unwrap_or_default();
    let found = source.text.get(span.clone()).unwrap_or_default();
    let message = error.message();
    if message == "duplicate key" {
        let key = quoted(found.trim_matches(['"', '\'']));
        return format!("{key} stands here a second time; keep one of them").into();
    }
    if message.starts_with("invalid unquoted key") && found == "@" {
        let group = word_at(source, span.start);
        return Problem::from("the name of a group needs quotes").meant(Some(group.to_owned()));
    }
    if message.starts_with("string values must be quoted") {
        return match found {
            "" => "the value is missing".into(),
            _ => Problem::from("text needs quotes").meant(Some(found.to_owned())),
        };
    }
    message.into()
}

/// The unquoted key that begins there.
fn word_at(source: &Source, start: usize) -> &str {
    let rest = source.text.get(start..).unwrap_or_default();
    let end = rest.find(|c: char| c.is_whitespace() || "=.]".contains(c)).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}
