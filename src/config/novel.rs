//! The option `novel`: what a subject does for the first time is recorded, and everything after it counted.

use serde::{Deserialize, Serialize};

/// First times of a route: whose they are, and what tells one from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Novel {
    /// Subject that does something for the first time.
    pub subject: NovelSubject,
    /// Values that belong to the key, beside ABI, syscall and subject: [`Novel::PATH`], [`Novel::ERROR`], arguments.
    pub by: Vec<String>,
}

/// Subject that does something for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum NovelSubject {
    /// Each unit; below a user's service manager each unit of the user.
    Unit,
    /// Each executable, by its path.
    Exe,
    /// Each user.
    Uid,
}

impl Novel {
    /// Word for the directories of the paths that a call passes.
    pub const PATH: &'static str = "path";
    /// Word for the error that a call returns.
    pub const ERROR: &'static str = "error";

    /// Returns whether the key has a value of that name.
    pub fn has(&self, name: &str) -> bool {
        self.by.iter().any(|one| one == name)
    }

    /// Returns whether the key needs the paths that the kernel knows.
    pub fn needs_names(&self) -> bool {
        self.subject == NovelSubject::Exe || self.has(Self::PATH)
    }
}

impl NovelSubject {
    /// Every value, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::Unit, Self::Exe, Self::Uid];

    /// Returns the word of the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Exe => "exe",
            Self::Uid => "uid",
        }
    }
}

impl std::fmt::Display for Novel {
    /// `unit by path, error`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.subject.name())?;
        if self.by.is_empty() { Ok(()) } else { write!(f, " by {}", self.by.join(", ")) }
    }
}
