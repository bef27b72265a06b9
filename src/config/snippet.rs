//! One line of the file in, what a terminal shows of it and where the caret stands out.

use super::text::{invisible, width};

/// What fits beside the gutter on a usual terminal.
const COLUMNS: usize = 100;
/// How much of a longer line is shown before the fault.
const BEFORE: usize = 40;
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

/// Shows `line` with its characters from `start` on, `length` of them, underlined.
pub(super) fn cut(line: &str, start: usize, length: usize) -> Snippet {
    let first = first_shown(line, start);
    let mut snippet = Snippet { text: String::new(), indent: 0, carets: 0 };
    let mut columns = 0;
    if first > 0 {
        snippet.text.push('…');
        columns = 1;
        snippet.indent = 1;
    }
    for (at, c) in line.chars().enumerate().skip(first) {
        let wide = columns_of(c);
        if columns + wide > COLUMNS {
            snippet.text.push('…');
            break;
        }
        columns += wide;
        if at < start {
            snippet.indent += wide;
        } else if at - start < length {
            snippet.carets += wide;
        }
        show(c, &mut snippet.text);
    }
    snippet.carets = snippet.carets.max(1);
    snippet
}

/// Index of the first character to show: 0 unless the fault would stand beyond the last column.
fn first_shown(line: &str, start: usize) -> usize {
    let whole: usize = line.chars().map(columns_of).sum();
    let mut left: usize = line.chars().take(start).map(columns_of).sum();
    if whole <= COLUMNS || left <= BEFORE {
        return 0;
    }
    let hidden = line.chars().take_while(|&c| {
        let hide = left > BEFORE;
        left = left.saturating_sub(columns_of(c));
        hide
    });
    hidden.count()
}

fn columns_of(c: char) -> usize {
    match c {
        '\t' => TAB.len(),
        _ if invisible(c) => 1,
        _ => width(c),
    }
}

/// What would steer the terminal becomes U+FFFD, which is one column wide.
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

    fn drawn(line: &str, start: usize, length: usize) -> (String, String) {
        let snippet = cut(line, start, length);
        (snippet.text, " ".repeat(snippet.indent) + &"^".repeat(snippet.carets))
    }

    #[test]
    fn tabs_wide_and_hidden_characters_keep_the_caret_in_place() {
        assert_eq!(
            drawn("\ta = \"日\x1b本\" # x", 5, 5),
            ("    a = \"日\u{fffd}本\" # x".into(), "        ^^^^^^^".into())
        );
    }

    #[test]
    fn a_fault_at_the_end_of_the_line_has_a_caret_too() {
        assert_eq!(drawn("a =", 3, 0), ("a =".into(), "   ^".into()));
    }

    #[test]
    fn a_long_line_is_cut_on_both_sides() {
        let (text, caret) = drawn(&format!("{}X{}", "a".repeat(500), "b".repeat(500)), 500, 1);
        assert_eq!(text, format!("…{}X{}…", "a".repeat(40), "b".repeat(58)));
        assert_eq!(caret, format!("{}^", " ".repeat(41)));
    }
}
