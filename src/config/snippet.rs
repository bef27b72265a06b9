//! One line of the file in, the part of it that a terminal shows and the position of the caret out.

use std::ops::Range;

use super::text::{invisible, width};

/// Columns that fit beside the gutter on a usual terminal.
const COLUMNS: usize = 100;
/// Columns of a longer line that are shown before the fault.
const BEFORE: usize = 40;
/// Most characters that are shown: combining marks take no column of their own.
const CHARACTERS: usize = 4 * COLUMNS;
/// A tab is shown as this; the file's own tab stops are unknown.
const TAB: &str = "    ";

/// The part of a source line around a fault.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Snippet {
    /// Printable, at most [`COLUMNS`] wide.
    pub text: String,
    /// Columns before the caret.
    pub indent: usize,
    /// Columns that the caret underlines, at least 1.
    pub carets: usize,
}

/// Shows `line` with the bytes of `span` underlined.
pub(super) fn cut(line: &str, span: &Range<usize>) -> Snippet {
    let first = first_shown(line, span.start);
    let mut snippet = Snippet { text: String::new(), indent: 0, carets: 0 };
    if first > 0 {
        snippet.text.push('…');
        snippet.indent = 1;
    }
    let mut columns = snippet.indent;
    for (nth, (at, c)) in line.char_indices().skip_while(|(at, _)| *at < first).enumerate() {
        let wide = columns_of(c);
        if columns + wide > COLUMNS || nth == CHARACTERS {
            snippet.text.push('…');
            break;
        }
        columns += wide;
        if at < span.start {
            snippet.indent += wide;
        } else if at < span.end {
            snippet.carets += wide;
        }
        show(c, &mut snippet.text);
    }
    snippet.carets = snippet.carets.max(1);
    snippet
}

/// Returns the first byte to show: 0 unless the fault would be too far to the right. A line may have a
/// million characters and hundreds of faults, so none is looked at from end to end.
fn first_shown(line: &str, start: usize) -> usize {
    let beginning = line.chars().take(COLUMNS + 1);
    if beginning.map(|c| columns_of(c).max(1)).sum::<usize>() <= COLUMNS {
        return 0;
    }
    let before = line.get(..start).unwrap_or_default();
    let mut left = 0;
    for (at, c) in before.char_indices().rev() {
        left += columns_of(c).max(1);
        if left > BEFORE {
            return at + c.len_utf8();
        }
    }
    0
}

fn columns_of(c: char) -> usize {
    match c {
        '\t' => TAB.len(),
        _ if invisible(c) => 1,
        _ => width(c),
    }
}

/// Appends a character. One that would control the terminal becomes U+FFFD, which is one column wide.
fn show(c: char, text: &mut String) {
    match c {
        '\t' => text.push_str(TAB),
        _ if invisible(c) => text.push('\u{fffd}'),
        _ => text.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(line: &str, part: &str) -> (String, String) {
        let start = line.find(part).unwrap_or(line.len());
        let end = line.len().min(start + part.len());
        let snippet = cut(line, &(start..end));
        (snippet.text, " ".repeat(snippet.indent) + &"^".repeat(snippet.carets))
    }

    #[test]
    fn cut_with_tabs_wide_and_hidden_characters_keeps_caret_in_place() {
        assert_eq!(
            drawn("\ta = \"日\x1b本\" # x", "\"日\x1b本\""),
            ("    a = \"日\u{fffd}本\" # x".into(), "        ^^^^^^^".into())
        );
    }

    #[test]
    fn cut_at_end_of_line_has_a_caret() {
        assert_eq!(drawn("a =", "?"), ("a =".into(), "   ^".into()));
    }

    #[test]
    fn cut_of_long_line_shortens_both_sides() {
        let (text, caret) = drawn(&format!("{}X{}", "a".repeat(500), "b".repeat(500)), "X");
        assert_eq!(text, format!("…{}X{}…", "a".repeat(40), "b".repeat(58)));
        assert_eq!(caret, format!("{}^", " ".repeat(41)));
    }
}
