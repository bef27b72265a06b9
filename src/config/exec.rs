//! The options of the handler `exec`: what it tells of a program's arguments and environment.

/// Whether a program's arguments are recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Argv {
    /// Up to `argv_bytes` of them.
    #[default]
    Full,
    /// None: only how many there are and how long they are.
    None,
}

impl Argv {
    /// All.
    pub const ALL: [Self; 2] = [Self::Full, Self::None];

    /// As in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::None => "none",
        }
    }
}

/// Which secrets in arguments and variables are hidden.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Redact {
    /// None.
    Off,
    /// The obvious ones.
    #[default]
    Obvious,
    /// These patterns, and the obvious ones.
    Also(Vec<String>),
}

impl Redact {
    /// For people: `true`, `false`, or the patterns.
    pub fn told(&self) -> String {
        match self {
            Self::Off => "false".to_owned(),
            Self::Obvious => "true".to_owned(),
            Self::Also(patterns) => patterns.join("+"),
        }
    }
}
