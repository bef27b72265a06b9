//! Strings with a star: `comm`, `parent_comm`, `exe`, `path`, `fd_path`, and strings in conditions on arguments.

use toml::de::DeValue;

use super::{expected, negated};
use crate::config::fault::Problem;
use crate::config::filter::{Part, Pattern};
use crate::config::text::quoted;

const STAR: char = '*';
/// `TASK_COMM_LEN`, without the NUL.
const COMM_MAX: usize = 15;

/// Parses the name of a task.
pub(in crate::config) fn comm(value: &DeValue<'_>) -> Result<Pattern, Problem> {
    let pattern = of_value(value, "the name of a task: \"nginx\", \"kworker*\" or \"!bash\"")?;
    match pattern.text.len() {
        0..=COMM_MAX => Ok(pattern),
        long => Err(format!(
            "{} has {long} bytes, but the kernel cuts task names after {COMM_MAX}, so it never matches",
            quoted(&pattern.text)
        )
        .into()),
    }
}

/// Parses the path of an executable.
pub(in crate::config) fn exe(value: &DeValue<'_>) -> Result<Pattern, Problem> {
    absolute(value, "the path of an executable: \"/usr/bin/*\" or \"*/python3\"")
}

/// Parses the path of a file.
pub(in crate::config) fn file_path(value: &DeValue<'_>) -> Result<Pattern, Problem> {
    let pattern = absolute(value, "the path of a file: \"/etc/**\" or \"*/.ssh/id_rsa\"")?;
    match odd_part(&pattern) {
        Some(why) => Err(format!("{} {why}", quoted(&pattern.text)).into()),
        None => Ok(pattern),
    }
}

/// Returns why the paths that are compared have no such part. Those of records keep a `..` behind a name, which only
/// the end of a path may ask for.
fn odd_part(pattern: &Pattern) -> Option<String> {
    let Pattern { text, part, .. } = pattern;
    let mut parts: Vec<&str> = text.split('/').skip(1).collect();
    if *part == Part::Begin || text == "/" {
        parts.pop();
    }
    if *part != Part::Begin && parts.last() == Some(&"") {
        let below = quoted(&format!("{text}**"));
        return Some(match part {
            Part::End => "ends with a slash, which no path does".to_owned(),
            _ => format!("ends with a slash, which no path does; what is below it is {below}"),
        });
    }
    let is_odd = |name: &&&str| matches!(**name, "" | ".") || **name == ".." && *part != Part::End;
    let name = parts.iter().find(is_odd)?;
    let what = if name.is_empty() { "an empty part".to_owned() } else { quoted(name) };
    Some(format!("has {what}, write the path without it"))
}

fn absolute(value: &DeValue<'_>, what: &str) -> Result<Pattern, Problem> {
    let DeValue::String(text) = value else {
        return Err(expected(value, what));
    };
    let (text, is_excluded) = negated(text);
    let pattern = pattern(single_star(text), is_excluded)?;
    if pattern.part != Part::End && !pattern.text.starts_with('/') {
        return Err(not_absolute(text));
    }
    Ok(pattern)
}

fn not_absolute(text: &str) -> Problem {
    let why = match text.chars().next() {
        Some('~') => "; the home directory of a user is written out, /home/NAME or /home/*",
        Some('^') => "; it is no regular expression, * stands for any text",
        _ => "",
    };
    format!("{} is not absolute, it must begin with \"/\" or \"*\"{why}", quoted(text)).into()
}

/// Returns a path with one star for two, `/etc/*` for `/etc/**`: either stands for any text, slashes included.
fn single_star(text: &str) -> &str {
    let shorter = match text.ends_with("**") {
        true => text.strip_suffix(STAR),
        false if text.starts_with("**") => text.strip_prefix(STAR),
        false => None,
    };
    shorter.unwrap_or(text)
}

fn of_value(value: &DeValue<'_>, what: &str) -> Result<Pattern, Problem> {
    let DeValue::String(text) = value else {
        return Err(expected(value, what));
    };
    let (text, is_excluded) = negated(text);
    pattern(text, is_excluded)
}

/// Parses a pattern with a star at its beginning, at its end, or without one.
pub(super) fn pattern(text: &str, is_excluded: bool) -> Result<Pattern, Problem> {
    let (part, rest) = match (text.strip_prefix(STAR), text.strip_suffix(STAR)) {
        (Some(rest), _) => (Part::End, rest),
        (None, Some(rest)) => (Part::Begin, rest),
        (None, None) => (Part::Whole, text),
    };
    let why = match rest.len() {
        0 if part == Part::Whole => "is empty and has no effect",
        0 => "matches everything and has no effect",
        _ if rest.contains(STAR) => {
            "may contain one \"*\", at its start or end (\"**\" is the same)"
        }
        _ if rest.contains('\0') => "contains a NUL byte, which ends every string",
        1..=Pattern::BYTES_MAX => {
            return Ok(Pattern { text: rest.to_owned(), part, is_excluded });
        }
        _ => "is too long, at most 128 bytes are compared",
    };
    Err(format!("pattern {} {why}", quoted(text)).into())
}
