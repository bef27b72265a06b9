//! Numbers and sparklines in a few characters.

use super::column::TopColumn;
use super::model::Basis;

/// Levels of a sparkline, from none to all; of a terminal that knows ASCII only.
const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII: [char; 9] = [' ', '.', ':', '-', '=', '+', '*', '#', '@'];

/// Characters of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    levels: &'static [char; 9],
    /// Marks of the column that rows are sorted by: highest first, lowest first.
    pub order: [char; 2],
}

impl Glyphs {
    /// Characters beyond ASCII.
    pub const UNICODE: Self = Self { levels: &BLOCKS, order: ['▼', '▲'] };
    /// Characters of ASCII.
    pub const ASCII: Self = Self { levels: &ASCII, order: ['v', '^'] };

    /// Returns those of the locale of these variables, the first of which that is set counts.
    pub fn of_locale<'a>(variables: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let locale = variables.into_iter().flatten().find(|value| !value.is_empty());
        let locale = locale.unwrap_or_default().to_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") {
            Self::UNICODE
        } else {
            Self::ASCII
        }
    }

    /// Returns the latest values as a line of that width, the last one at its end; the highest one has the highest level.
    pub fn sparkline(&self, history: &[u64], width: usize) -> String {
        let history = history.get(history.len().saturating_sub(width)..).unwrap_or_default();
        let highest = history.iter().copied().max().unwrap_or_default().max(1);
        let level = |&value: &u64| {
            let level = (u128::from(value) * 8).div_ceil(u128::from(highest));
            self.levels.get(usize::try_from(level).unwrap_or_default()).copied().unwrap_or(' ')
        };
        let line: String = history.iter().map(level).collect();
        format!("{line:>width$}")
    }
}

/// Returns the value of a column in eight characters at most.
pub fn figure(column: TopColumn, value: Option<f64>, basis: Basis) -> String {
    let Some(value) = value else { return "-".to_owned() };
    match column {
        TopColumn::Cpu => format!("{value:.2}"),
        TopColumn::Bytes => short(value, 1024.0, ["", "K", "M", "G", "T"]),
        TopColumn::Time => format!("{value:.0}"),
        _ if basis == Basis::Total && value < 1e8 => format!("{value:.0}"),
        _ => short(value, 1000.0, ["", "k", "M", "G", "T"]),
    }
}

/// Returns a number with a suffix, from ten thousand on, with three digits.
fn short(value: f64, base: f64, suffixes: [&str; 5]) -> String {
    if value < 9999.5 {
        let is_whole = value.fract() == 0.0 || value >= 9.95;
        return if is_whole { format!("{value:.0}") } else { format!("{value:.1}") };
    }
    let mut value = value;
    let mut suffix = "";
    for next in suffixes {
        suffix = next;
        if value < 999.5 {
            break;
        }
        value /= base;
    }
    let digits = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    format!("{value:.digits$}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figure_of_rate_has_three_digits_from_ten_thousand_on() {
        let rate = |value| figure(TopColumn::Events, Some(value), Basis::Rate);
        let values = [0.0, 0.25, 9.94, 9.96, 50.0, 9_999.0, 10_000.0, 123_456.0, 999_600.0, 2.5e10];
        let expected = ["0", "0.2", "9.9", "10", "50", "9999", "10.0k", "123k", "1.00M", "25.0G"];
        assert_eq!(values.map(rate), expected);
        assert_eq!(figure(TopColumn::Bytes, Some(10_240.0), Basis::Rate), "10.0K");
    }

    #[test]
    fn figure_of_total_is_exact_up_to_eight_digits() {
        let total = |value| figure(TopColumn::Seen, Some(value), Basis::Total);
        assert_eq!([12_345_678.0, 1e9].map(total), ["12345678", "1.00G"]);
    }

    #[test]
    fn figure_without_value_is_a_dash() {
        assert_eq!(figure(TopColumn::Errors, None, Basis::Rate), "-");
        assert_eq!(figure(TopColumn::Cpu, Some(1.234), Basis::Rate), "1.23");
    }

    #[test]
    fn sparkline_ends_with_latest_value() {
        let line = |history: &[u64], width| Glyphs::UNICODE.sparkline(history, width);
        assert_eq!(line(&[0, 1, 4, 8], 6), "   ▁▄█");
        assert_eq!(line(&[9, 0, 1], 2), " █");
        assert_eq!(line(&[], 3), "   ");
        assert_eq!(line(&[0, 0], 2), "  ");
        assert_eq!(line(&[u64::MAX, 1], 2), "█▁");
        assert_eq!(Glyphs::ASCII.sparkline(&[1, 8], 2), ".@");
    }

    #[test]
    fn of_locale_takes_first_variable_that_is_set() {
        let all = |list: [Option<&'static str>; 3]| Glyphs::of_locale(list);
        assert_eq!(all([None, Some("C.UTF-8"), Some("C")]), Glyphs::UNICODE);
        assert_eq!(all([Some(""), None, Some("de_DE.utf8")]), Glyphs::UNICODE);
        assert_eq!(all([Some("C"), None, Some("C.UTF-8")]), Glyphs::ASCII);
        assert_eq!(all([None; 3]), Glyphs::ASCII);
    }
}
