//! The option `result`: whether an event waits for what came of its call.

/// Which results are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Results {
    /// None: the event tells the entry, at once.
    #[default]
    None,
    /// All: the event is recorded when its call returns.
    All,
    /// Failures: calls that succeed are not recorded.
    Failed,
}

impl Results {
    /// As in the configuration, where it is a boolean or a word in quotes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "false",
            Self::All => "true",
            Self::Failed => "failed",
        }
    }
}
