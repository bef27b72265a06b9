//! The options of the handler `exec`, about a program's arguments and environment.

use serde::{Deserialize, Serialize};

use super::secret::SecretPattern;
use super::secret_set::SecretSet;

/// Recording of a program's arguments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Argv {
    /// Up to `argv_bytes` of them.
    #[default]
    Full,
    /// No arguments: only their number and their length.
    None,
}

impl Argv {
    /// Every value, in the order of the documentation.
    pub const ALL: [Self; 2] = [Self::Full, Self::None];

    /// Returns the word of the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::None => "none",
        }
    }
}

/// Secrets in arguments and variables that are hidden.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Redact {
    /// No secrets are hidden.
    Off,
    /// The obvious ones.
    #[default]
    Obvious,
    /// These patterns, and the obvious ones.
    Also(SecretSet),
}

impl Redact {
    /// Returns the value for people: `true`, `false`, or the patterns.
    pub fn summary(&self) -> String {
        match self {
            Self::Off => "false".to_owned(),
            Self::Obvious => "true".to_owned(),
            Self::Also(patterns) => {
                let patterns = patterns.patterns().iter();
                patterns.map(SecretPattern::to_string).collect::<Vec<_>>().join("+")
            }
        }
    }
}
