//! Text in, a table with places and every syntax fault out. Recovers from each fault, so that one
//! run shows them all.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml::de::{DeTable, Error};

use super::fault::Problem;
use super::source::Source;
use super::text::quoted;

/// What the parser could not read.
#[derive(Debug)]
pub(super) struct Garble {
    pub span: Range<usize>,
    pub problem: Problem,
    hides: Hides,
}

/// How much of what follows a fault the parser took for something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hides {
    Line,
    /// The entries below a broken `[table]` line.
    Table,
    /// Everything, as elements of an array that never ends.
    Rest,
}

/// What the parser says in the cases that people run into, and what we say.
const EXPLAINED: &[(&str, &str, Hides)] = &[
    (KEY_ALONE, "expected = and a value after the key", Hides::Line),
    ("unexpected key or value", "expected the end of the line", Hides::Line),
    ("invalid basic string, expected `\"`", "the closing quote is missing", Hides::Line),
    ("unclosed table", "expected ] after the table's name", Hides::Table),
];
/// The parser drops the rest of the file at a key that nothing follows.
const KEY_ALONE: &str = "key with no value";
const ARRAY_UNCLOSED: &str = "unclosed array";
const COMMA_MISSING: &str = "missing comma";

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

/// The text without the lines at which the parser would stop, and what is wrong with them. They
/// are blanked, so that everything else keeps its place.
pub(super) fn repaired(source: &Source) -> (Cow<'_, str>, Vec<Garble>) {
    let (_, errors) = DeTable::parse_recoverable(&source.text);
    let stops = errors.iter().filter(|error| error.message().starts_with(KEY_ALONE));
    let stops: Vec<_> = stops.map(|error| explain(source, error)).collect();
    if stops.is_empty() {
        return (Cow::Borrowed(&source.text), stops);
    }
    let blank: BTreeSet<_> = stops.iter().map(|garble| source.line_at(garble.span.start)).collect();
    let mut text = String::with_capacity(source.text.len());
    for (line, content) in (1..).zip(source.text.split_inclusive('\n')) {
        if blank.contains(&line) {
            text.extend(content.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        } else {
            text.push_str(content);
        }
    }
    (Cow::Owned(text), stops)
}

/// Parses the repaired text; at most one fault a line, since the others follow from it.
pub(super) fn parse<'a>(source: &Source, text: &'a str) -> (DeTable<'a>, Vec<Garble>) {
    let (table, mut errors) = DeTable::parse_recoverable(text);
    let begins = |with: &'static str| move |error: &Error| error.message().starts_with(with);
    let unclosed = errors.iter().any(begins(ARRAY_UNCLOSED));
    let start = |error: &Error| error.span().unwrap_or_default().start;
    errors.sort_by_key(start);
    errors.dedup_by_key(|error| source.line_at(start(error)));
    let mut faults: Vec<_> = errors.iter().map(|error| explain(source, error)).collect();
    if let (true, Some(nth)) = (unclosed, errors.iter().position(begins(COMMA_MISSING))) {
        // What follows are complaints about the rest of the file as elements of the array.
        faults.truncate(nth + 1);
        if let Some(last) = faults.last_mut() {
            last.problem = "an array is not closed, expected ] before this".into();
            last.hides = Hides::Rest;
        }
    }
    (table.into_inner(), faults)
}

/// The lines of which the parser made nothing, or something else than was meant.
pub(super) fn garbled(source: &Source, faults: &[Garble]) -> BTreeSet<usize> {
    let hidden = |garble: &Garble| (source.line_at(garble.span.start), garble.hides);
    let hidden: BTreeMap<_, _> = faults.iter().map(hidden).collect();
    let mut garbled = BTreeSet::new();
    let mut reach = Hides::Line;
    for (line, text) in (1..).zip(source.text.lines()) {
        let header = text.trim_start().starts_with('[');
        if reach == Hides::Table && header {
            reach = Hides::Line;
        }
        let begins = hidden.get(&line);
        if begins.is_some() || reach != Hides::Line {
            garbled.insert(line);
        }
        reach = begins.copied().filter(|hides| *hides != Hides::Line).unwrap_or(reach);
    }
    garbled
}

fn explain(source: &Source, error: &Error) -> Garble {
    let span = error.span().unwrap_or_default();
    let known = EXPLAINED.iter().find(|(theirs, ..)| error.message().starts_with(theirs));
    let (problem, hides) = match known {
        Some((_, ours, hides)) => (Problem::from(*ours), *hides),
        None => (reworded(source, error.message(), &span), Hides::Line),
    };
    Garble { span, problem, hides }
}

/// The cases in which the text itself tells what was meant.
fn reworded(source: &Source, message: &str, span: &Range<usize>) -> Problem {
    let found = source.text.get(span.clone()).unwrap_or_default();
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
    // To the parser, each word that begins as one does.
    if message.starts_with("invalid boolean") {
        return match found.to_ascii_lowercase().as_str() {
            "true" | "false" => "true and false are written in lower case".into(),
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
