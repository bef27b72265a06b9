//! Display of filters, in the words of the configuration.

use std::fmt;

use super::{Comparison, Condition, Filter, Ids, Part, Pattern, UnitName, Word};
use crate::config::text::printable;

impl Filter {
    /// Returns the values by option: `uid` and `0,!1000-1999`.
    pub fn summary(&self) -> Vec<(&'static str, String)> {
        let Self { uid, gid, euid, egid, loginuid, unit, slice, user_unit, container, .. } = self;
        let Self { comm, exe, path, fd_path, parent_comm, pid_tree, argument, .. } = self;
        let rows = [
            ("uid", joined(uid, ",")),
            ("gid", joined(gid, ",")),
            ("euid", joined(euid, ",")),
            ("egid", joined(egid, ",")),
            ("loginuid", joined(loginuid, ",")),
            ("unit", joined(unit, ",")),
            ("slice", joined(slice, ",")),
            ("user_unit", joined(user_unit, ",")),
            ("container", container.map(|wanted| wanted.to_string())),
            ("comm", joined(comm, ",")),
            ("exe", joined(exe, ",")),
            ("path", joined(path, ",")),
            ("fd_path", joined(fd_path, ",")),
            ("parent_comm", joined(parent_comm, ",")),
            ("pid_tree", joined(pid_tree, ",")),
            ("argument", joined(argument, " and ")),
        ];
        rows.into_iter().filter_map(|(option, value)| Some((option, value?))).collect()
    }
}

fn joined<T: fmt::Display>(all: &Option<Vec<T>>, separator: &str) -> Option<String> {
    let all = all.as_ref()?.iter().map(|one| printable(&one.to_string()));
    Some(all.collect::<Vec<_>>().join(separator))
}

fn not(is_excluded: bool) -> &'static str {
    if is_excluded { "!" } else { "" }
}

impl fmt::Display for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", not(self.is_excluded))?;
        match (*self.range.start(), *self.range.end()) {
            (u32::MAX, _) => write!(f, "unset"),
            (first, last) if first == last => write!(f, "{first}"),
            (first, last) => write!(f, "{first}-{last}"),
        }
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", not(self.is_excluded), self.text)
    }
}

impl Pattern {
    fn starred(&self) -> String {
        match self.part {
            Part::Whole => self.text.clone(),
            Part::Begin => format!("{}*", self.text),
            Part::End => format!("*{}", self.text),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", not(self.is_excluded), self.starred())
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => write!(f, "{name}"),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.argument, self.comparison)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals { value, is_negated } => write!(f, "{}= {value}", not(*is_negated)),
            Self::Masks { bits, is_negated } => {
                let bits: Vec<_> = bits.iter().map(Word::to_string).collect();
                write!(f, "{}& {}", not(*is_negated), bits.join("|"))
            }
            Self::Matches(pattern) => {
                write!(f, "{}= \"{}\"", not(pattern.is_excluded), pattern.starred())
            }
            Self::Compares { range } => match (*range.start(), *range.end()) {
                (i128::MIN, last) => write!(f, "<= {last}"),
                (first, _) => write!(f, ">= {first}"),
            },
        }
    }
}
