//! Failures that the exit code distinguishes.

use std::fmt;

/// A failure with an exit code of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The process lacks a privilege (exit code 77).
    Permission(String),
    /// The machine lacks something, or another process has it (exit code 69).
    Unavailable(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permission(text) | Self::Unavailable(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Failure {}
