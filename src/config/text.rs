//! Text of the file in, text that is safe and aligned on a terminal out.

/// Characters of a name that a message shows: the longest syscall has 28 letters.
const QUOTED_MAX: usize = 60;

/// East Asian wide characters and emoji: two columns on a terminal.
const WIDE: &[(char, char)] = &[
    ('\u{1100}', '\u{115f}'),
    ('\u{2e80}', '\u{303e}'),
    ('\u{3041}', '\u{a4cf}'),
    ('\u{ac00}', '\u{d7a3}'),
    ('\u{f900}', '\u{faff}'),
    ('\u{fe30}', '\u{fe6f}'),
    ('\u{ff00}', '\u{ff60}'),
    ('\u{ffe0}', '\u{ffe6}'),
    ('\u{1f300}', '\u{1f64f}'),
    ('\u{1f680}', '\u{1f6ff}'),
    ('\u{1f900}', '\u{1f9ff}'),
    ('\u{20000}', '\u{3fffd}'),
];

/// Combining marks: no column of their own.
const COMBINING: &[(char, char)] = &[
    ('\u{300}', '\u{36f}'),
    ('\u{1ab0}', '\u{1aff}'),
    ('\u{1dc0}', '\u{1dff}'),
    ('\u{20d0}', '\u{20ff}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{fe20}', '\u{fe2f}'),
];

/// Characters beside the controls that steer a terminal, turn the direction of the text or hide.
const INVISIBLE: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{e0000}', '\u{e0fff}'),
];

fn within(table: &[(char, char)], c: char) -> bool {
    table.iter().any(|&(first, last)| (first..=last).contains(&c))
}

/// Returns whether the character must not reach a terminal as it is.
pub(super) fn invisible(c: char) -> bool {
    c.is_control() || within(INVISIBLE, c)
}

/// Returns the columns that a visible character takes.
pub(super) fn width(c: char) -> usize {
    match c {
        ' '..='~' => 1,
        _ if within(COMBINING, c) => 0,
        _ if within(WIDE, c) => 2,
        _ => 1,
    }
}

/// Returns the text on one line, with characters that cannot be shown escaped as in Rust: `\n`, `\u{1b}`.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if invisible(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

/// Returns the text printable and in quotes, long text cut.
pub(super) fn quoted(text: &str) -> String {
    let cut = match text.char_indices().nth(QUOTED_MAX) {
        Some((end, _)) => text.get(..end).unwrap_or_default(),
        None => text,
    };
    let dots = if cut.len() < text.len() { "..." } else { "" };
    format!("\"{}{dots}\"", printable(cut))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_escapes_control_and_invisible_characters() {
        assert_eq!(quoted("a\x1b[2J\n\u{202e}b"), r#""a\u{1b}[2J\n\u{202e}b""#);
    }

    #[test]
    fn quoted_cuts_long_names_between_characters() {
        let long = "é".repeat(QUOTED_MAX + 1);
        assert_eq!(quoted(&long), format!("\"{}...\"", "é".repeat(QUOTED_MAX)));
    }

    #[test]
    fn width_of_wide_and_combining_characters() {
        assert_eq!(['a', 'é', '日', '\u{301}'].map(width), [1, 1, 2, 0]);
    }
}
