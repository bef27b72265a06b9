//! The books.

use syscalls::Slot;

/// The daemon ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stopped {
    /// Why: `SIGTERM`.
    pub reason: String,
    /// Of the last table.
    pub generation: u32,
    /// The books, by route.
    pub totals: Vec<Total>,
    /// Syscalls that the kernel did not run the dispatcher for: in no route's books.
    pub missed: u64,
}

/// The books, every now and then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Of the live table.
    pub generation: u32,
    /// Of all routes that saw something since the daemon started.
    pub totals: Vec<Total>,
    /// Syscalls that the kernel did not run the dispatcher for: in no route's books.
    pub missed: u64,
}

/// The books of one route over the daemon's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    /// The route's syscall.
    pub slot: Slot,
    /// The route's handler.
    pub handler: String,
    /// Calls that reached the handler.
    pub seen: u64,
    /// Events written.
    pub written: u64,
    /// Events that are part of a record of many.
    pub aggregated: u64,
    /// Calls that no rule of the route wants, and events that were not wanted once their result was
    /// known.
    pub filtered: u64,
    /// Calls that were left out by chance, as the rule asks.
    pub sampled: u64,
    /// Calls and events beyond the limit of their rule or user.
    pub limited: u64,
    /// Calls of the daemon itself, of its output and of units that are excluded.
    pub excluded: u64,
    /// Calls that the handler only counted.
    pub counted: u64,
    /// Events lost, for all reasons.
    pub lost: u64,
}
