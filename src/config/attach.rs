//! The option `[kernel] attach`: the place in the kernel where the programs run.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Attach mode. Which tracepoint, and whether the kernel has functions to attach to, is found
/// out at the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum AttachTo {
    /// The functions if every routed syscall has one in this kernel, otherwise the tracepoint
    #[default]
    Auto,
    /// The entry of all syscalls
    Tracepoint,
    /// The kernel functions of the routed syscalls
    Function,
}

impl AttachTo {
    /// Every mode, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Tracepoint, Self::Function];

    /// Returns the word of the configuration and of the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Tracepoint => "tracepoint",
            Self::Function => "function",
        }
    }
}
