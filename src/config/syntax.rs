//! Text in, a table with positions and every syntax fault out. The parser recovers from most faults, so that one
//! run shows them all.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::de::{DeTable, Error};

use super::mistakes;
use super::source::SourceFile;

/// A range that the parser could not read, and its message.
#[derive(Debug)]
pub(super) struct Garble {
    pub span: Range<usize>,
    pub problem: String,
}

/// Returns the text of a file, or the one reason why it cannot be text. A byte order mark is dropped.
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

/// Parses the text; reports at most one fault a line, since the others follow from it.
pub(super) fn parse(source: &SourceFile) -> (DeTable<'_>, Vec<Garble>) {
    let (table, mut errors) = DeTable::parse_recoverable(&source.text);
    let start = |error: &Error| error.span().unwrap_or_default().start;
    errors.sort_by_key(start);
    errors.dedup_by_key(|error| source.line_at(start(error)));
    let garble = |error: &Error| {
        let span = error.span().unwrap_or_default();
        let advice = mistakes::syntax(&source.text, span.start).unwrap_or_default();
        Garble { problem: format!("{}{advice}", error.message()), span }
    };
    (table.into_inner(), errors.iter().map(garble).collect())
}

/// Returns the lines of which the parser made nothing, or something else than was meant: those with a fault,
/// and the entries below a faulty `[table]` line.
pub(super) fn garbled(source: &SourceFile, faults: &[Garble]) -> BTreeSet<usize> {
    let line = |garble: &Garble| source.line_at(garble.span.start);
    let mut garbled: BTreeSet<_> = faults.iter().map(line).collect();
    let mut is_lost = false;
    for (line, text) in (1..).zip(source.text.lines()) {
        if text.trim_start().starts_with('[') {
            is_lost = garbled.contains(&line);
        }
        if is_lost {
            garbled.insert(line);
        }
    }
    garbled
}
