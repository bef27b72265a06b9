//! Phases of a syscall.

/// Phase of a syscall in which its memory was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Entry: the kernel has not read the memory yet.
    Entry,
    /// Exit: the kernel has written the memory.
    Exit,
}
