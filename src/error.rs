//! Failures that have an exit code of their own, and the exit codes.

use std::fmt;

/// Exit codes; from 69 on those of `sysexits.h`.
pub mod exit {
    /// Success.
    pub const OK: u8 = 0;
    /// Failure without a code of its own.
    pub const FAILURE: u8 = 1;
    /// Wrong command line.
    pub const USAGE: u8 = 2;
    /// The kernel or another part of this host lacks a requirement.
    pub const UNAVAILABLE: u8 = 69;
    /// Missing privileges.
    pub const NO_PERMISSION: u8 = 77;
    /// Invalid configuration.
    pub const CONFIG: u8 = 78;
}

/// A failure that the exit code distinguishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The process lacks privileges.
    Permission(String),
    /// This machine lacks a requirement.
    Unavailable(String),
}

impl Failure {
    /// Returns the exit code of the failure.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Permission(_) => exit::NO_PERMISSION,
            Self::Unavailable(_) => exit::UNAVAILABLE,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permission(text) | Self::Unavailable(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Failure {}
