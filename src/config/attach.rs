//! `[kernel] attach`: where the kernel calls us.

use clap::ValueEnum;

/// What to attach to. Which tracepoint, and whether the kernel has functions to attach to, is found
/// out at the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
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
    /// All.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Tracepoint, Self::Function];

    /// As in the configuration and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Tracepoint => "tracepoint",
            Self::Function => "function",
        }
    }
}
