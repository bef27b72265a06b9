//! Times as people write them: a whole number and a unit.

use std::time::Duration;

use crate::config::fault::Problem;
use crate::config::limit::PERIODS;
use crate::config::text::quoted;

/// Other words for the units.
const WORDS: [(&str, &[&str]); 4] = [
    ("s", &["sec", "secs", "second", "seconds"]),
    ("min", &["m", "mins", "minute", "minutes"]),
    ("h", &["hr", "hour", "hours"]),
    ("d", &["day", "days"]),
];

/// Returns the nanoseconds of a unit.
pub(super) fn unit(name: &str) -> Option<u64> {
    PERIODS.iter().find(|(unit, _)| *unit == name).map(|(_, ns)| *ns)
}

/// Returns the unit that a word means.
pub(super) fn unit_like(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    WORDS
        .iter()
        .find(|(unit, others)| *unit == word || others.contains(&&*word))
        .map(|(unit, _)| *unit)
}

/// Parses a time span of the command line.
///
/// # Errors
/// With what is expected.
pub fn time_span(text: &str) -> Result<Duration, String> {
    match duration(text) {
        Ok(Some(time)) => Ok(time),
        Ok(None) | Err(_) => Err("expected a time span such as 5s or 1min".to_owned()),
    }
}

/// Parses a time span: `10s`, `5min`. `None` if it is too long to be counted.
pub(super) fn duration(text: &str) -> Result<Option<Duration>, Problem> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, word) = text.split_at_checked(digits).unwrap_or_default();
    let Some(ns) = unit(word).filter(|_| !count.is_empty()) else {
        let meant = unit_like(word.trim()).filter(|_| !count.is_empty());
        let problem = format!(
            "{} is not a time span, expected one such as \"10s\" or \"5min\"",
            quoted(text)
        );
        return Err(Problem::from(problem).meant(meant.map(|unit| format!("{count}{unit}"))));
    };
    let count: Option<u64> = count.parse().ok();
    Ok(count.and_then(|count| count.checked_mul(ns)).map(Duration::from_nanos))
}
