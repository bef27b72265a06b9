//! Patterns of secrets, compared with an argument, a variable or a setting.

use std::fmt;

/// Secret part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// Everything from that byte on.
    From(usize),
    /// The following argument.
    Next,
}

/// A pattern as `obvious.tsv` and the configuration write it.
#[derive(Debug, Clone, PartialEq, Eq)]
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
            Self::Option(pattern) if glob(pattern.as_bytes(), text.name) => {
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
    /// Splits a text; `None` if it is neither an option nor has a value, so that no pattern hides any of it.
    pub fn of(whole: &'t [u8]) -> Option<Self> {
        let equals = whole.iter().position(|&byte| byte == b'=');
        if equals.is_none() && !whole.starts_with(b"-") {
            return None;
        }
        let name = equals.and_then(|at| whole.get(..at)).unwrap_or(whole);
        let value = equals.map(|at| at + 1);
        Some(Self { whole, name, value, is_setting: value.is_some() && is_name(name) })
    }
}

/// Returns whether the text before a `=` is a name. A sentence or a path with `=` somewhere is no setting.
fn is_name(name: &[u8]) -> bool {
    let part = |&byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    !name.starts_with(b"-") && name.iter().all(part)
}

/// Returns whether the whole text matches the pattern. The last `*` that was met takes one byte more
/// whenever the rest does not fit, so the work is at most the product of both lengths.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while let Some(byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(wanted) if wanted.eq_ignore_ascii_case(byte) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                (p, t) = (at + 1, from + 1);
                star = Some((at, from + 1));
            }
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|&rest| rest == b'*')
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
        ] {
            assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), fits, "{pattern} {text}");
        }
    }
}
