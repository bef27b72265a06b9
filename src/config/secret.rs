//! Patterns of secrets, compared with an argument, a variable or a setting.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Secret part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// Everything from that byte on.
    From(usize),
    /// The following argument.
    Next,
}

/// A pattern as `obvious.tsv` and the configuration write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecretPattern {
    /// An option: `--password`.
    Option(String),
    /// An option with its value behind it: `-p*`, without the star.
    Glued(String),
    /// The name of a variable or setting: `*PASSWORD*`.
    Name(String),
    /// A name that is no secret: `!*_FILE`, without the mark.
    Never(String),
}

impl SecretPattern {
    /// Parses a pattern.
    pub fn parse(text: &str) -> Self {
        let owned = str::to_owned;
        let letter = text.strip_suffix('*').filter(|rest| rest.len() == 2 && *rest != "--");
        match (text.strip_prefix('!'), text.starts_with('-'), letter) {
            (Some(rest), ..) => Self::Never(owned(rest)),
            (None, true, Some(letter)) => Self::Glued(owned(letter)),
            (None, true, None) => Self::Option(owned(text)),
            (None, false, _) => Self::Name(owned(text)),
        }
    }

    /// Returns the part of an argument or variable that the pattern hides.
    pub fn hides(&self, text: &Candidate<'_>) -> Option<Hidden> {
        match self {
            Self::Option(pattern) if !text.is_setting && glob(pattern.as_bytes(), text.name) => {
                Some(text.value.map_or(Hidden::Next, Hidden::From))
            }
            Self::Glued(letter)
                if text.whole.starts_with(letter.as_bytes()) && text.whole.len() > letter.len() =>
            {
                Some(Hidden::From(letter.len()))
            }
            Self::Name(pattern) if text.is_setting && glob(pattern.as_bytes(), text.name) => {
                text.value.map(Hidden::From)
            }
            _ => None,
        }
    }

    /// Returns the longest piece without a star: a text that lacks it does not match. It is empty for an option of
    /// one letter, of which the name is not all that counts.
    pub fn piece(&self) -> &str {
        match self {
            Self::Glued(_) => "",
            Self::Option(pattern) | Self::Name(pattern) | Self::Never(pattern) => {
                pattern.split('*').max_by_key(|piece| piece.len()).unwrap_or_default()
            }
        }
    }

    /// Returns whether the pattern exempts the argument or variable.
    pub fn spares(&self, text: &Candidate<'_>) -> bool {
        matches!(self, Self::Never(pattern) if glob(pattern.as_bytes(), text.name))
    }
}

impl fmt::Display for SecretPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option(text) | Self::Name(text) => write!(f, "{text}"),
            Self::Glued(letter) => write!(f, "{letter}*"),
            Self::Never(text) => write!(f, "!{text}"),
        }
    }
}

/// An argument, a variable or a setting, split for the comparison with patterns.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'t> {
    whole: &'t [u8],
    /// Text before the first `=`.
    name: &'t [u8],
    /// First byte of the value.
    value: Option<usize>,
    is_setting: bool,
}

impl<'t> Candidate<'t> {
    /// Returns the text that patterns are compared with.
    pub(super) const fn name(&self) -> &'t [u8] {
        self.name
    }

    /// Returns whether a pattern may match: each is that of an option, or of the name of a setting.
    pub fn may_match(&self) -> bool {
        self.is_setting || self.whole.starts_with(b"-") || self.name.starts_with(b"-")
    }

    /// Makes the candidate of a setting with that name, whatever separates its value from it.
    pub fn setting(name: &'t [u8]) -> Self {
        let is_setting = !name.is_empty() && name.len() <= NAME_MAX && is_name(name);
        Self { whole: b"", name, value: Some(0), is_setting }
    }

    /// Splits a text; `None` if it is neither an option nor has a value, so that no pattern hides any of it.
    pub fn of(whole: &'t [u8]) -> Option<Self> {
        let equals = memchr::memchr(b'=', whole);
        if equals.is_none() && !whole.starts_with(b"-") {
            return None;
        }
        let name = equals.and_then(|at| whole.get(..at)).unwrap_or(whole);
        let is_short = name.len() <= NAME_MAX;
        let value = equals.map(|at| at + 1);
        let is_setting = is_short && value.is_some() && is_name(name);
        // A longer name is that of no secret; an option of one letter is still found.
        Some(Self { whole, name: if is_short { name } else { b"" }, value, is_setting })
    }
}

/// Returns whether the text before a `=` is a name. A sentence or a path with `=` somewhere is no setting.
fn is_name(name: &[u8]) -> bool {
    let part = |&byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    !name.starts_with(b"-") && name.iter().all(part)
}

/// Bytes of the longest name that patterns are compared with. A process chooses its length, and the work grows
/// with it.
const NAME_MAX: usize = 256;

/// Returns whether the whole text matches the pattern. Most texts differ in the first byte of the beginning or
/// the end that the pattern has.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let Some(first) = pattern.iter().position(|&byte| byte == b'*') else {
        return pattern.eq_ignore_ascii_case(text);
    };
    let last = pattern.iter().rposition(|&byte| byte == b'*').unwrap_or(first);
    let head = pattern.get(..first).unwrap_or_default();
    let tail = pattern.get(last + 1..).unwrap_or_default();
    let Some(rest) = without_ends(text, head, tail) else { return false };
    let mut parts = pattern.get(first..last).unwrap_or_default().split(|&byte| byte == b'*');
    parts.try_fold(rest, |rest, part| after(rest, part)).is_some()
}

/// Returns the text between a beginning and an end.
fn without_ends<'t>(text: &'t [u8], head: &[u8], tail: &[u8]) -> Option<&'t [u8]> {
    let (start, rest) = text.split_at_checked(head.len())?;
    let (middle, end) = rest.split_at_checked(rest.len().checked_sub(tail.len())?)?;
    (start.eq_ignore_ascii_case(head) && end.eq_ignore_ascii_case(tail)).then_some(middle)
}

/// Returns the text after the first occurrence of `part`.
fn after<'t>(text: &'t [u8], part: &[u8]) -> Option<&'t [u8]> {
    let Some(first) = part.first() else { return Some(text) };
    let starts = text.iter().enumerate().filter(|(_, byte)| byte.eq_ignore_ascii_case(first));
    let mut ends = starts.filter_map(|(at, _)| {
        let (found, rest) = text.get(at..)?.split_at_checked(part.len())?;
        found.eq_ignore_ascii_case(part).then_some(rest)
    });
    ends.next()
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn glob_star_matches_any_bytes() {
        for (pattern, text, fits) in [
            ("", "", true),
            ("*", "", true),
            ("a", "", false),
            ("a", "A", true),
            ("a*c", "abbc", true),
            ("a*c", "abcb", false),
            ("*ab*ab", "aabbab", true),
            ("*ab*ab", "ab", false),
            ("--*-token", "--a-token", true),
            ("--*-token", "--token", false),
            ("*é*", "xéx", true),
            ("a*a", "a", false),
            ("a**b*c", "axbbyc", true),
            ("a*b*bc", "abc", false),
        ] {
            assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), fits, "{pattern} {text}");
        }
    }
}
