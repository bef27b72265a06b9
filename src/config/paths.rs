//! The option `paths`: what becomes of memory that is not there yet when a call begins.

/// How far to go to read it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Paths {
    /// As `Exact` for handlers that ask for it, if that costs other syscalls nothing; else as `Entry`.
    #[default]
    Auto,
    /// What cannot be read at entry stays unreadable, unless a result is awaited.
    Entry,
    /// It is read again when the call returns, by when the kernel has read it itself.
    Exact,
}

impl Paths {
    /// All.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Entry, Self::Exact];

    /// As in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Entry => "entry",
            Self::Exact => "exact",
        }
    }
}
