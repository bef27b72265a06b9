//! The option `fds`, about descriptors.

use serde::{Deserialize, Serialize};

/// Recording of the descriptors that a call passes and returns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fds {
    /// Numbers.
    #[default]
    Number,
    /// Numbers, with the names of the files behind them.
    Names,
}

impl Fds {
    /// Every value, in the order of the documentation.
    pub const ALL: [Self; 2] = [Self::Number, Self::Names];

    /// Returns the word of the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Names => "names",
        }
    }
}
