//! The option `paths`, about memory whose page is not resident when a call begins.

use serde::{Deserialize, Serialize};

/// Effort to read memory whose page is not resident at entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Paths {
    /// `Exact` for handlers that ask for it, if that costs other syscalls nothing; else `Entry`.
    #[default]
    Auto,
    /// Memory that cannot be read at entry stays unreadable, unless a result is awaited.
    Entry,
    /// Memory is read again when the call returns: by then the kernel has read it itself.
    Exact,
}

impl Paths {
    /// Every value, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Entry, Self::Exact];

    /// Returns the word of the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Entry => "entry",
            Self::Exact => "exact",
        }
    }
}
