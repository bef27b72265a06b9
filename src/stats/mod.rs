//! Counters of what became of every call and every event: the kernel's, the daemon's, and the equations that
//! both have to meet.

mod kernel;
mod ledger;
mod settled;
mod sums;
mod table;
mod user;

/// Runs of the programs that the kernel skipped since the daemon started, by program.
pub type Misses = std::collections::BTreeMap<&'static str, u64>;

pub use kernel::*;
#[cfg(test)]
pub(crate) use ledger::steps as ledger_steps;
pub use ledger::{EventId, Ledger, LedgerRow, LedgerState};
pub use settled::{Cell, settled};
pub use sums::Sums;
pub use table::{Column, Counted, Reason};
pub use user::{EventOutcomes, Portion, UserCounters};
