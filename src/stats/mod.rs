//! Counters of what became of every call and every event: the kernel's, the daemon's, and the equations that
//! both have to meet.

mod kernel;
mod settled;
mod table;
mod user;

pub use kernel::*;
pub use settled::{Cell, settled};
pub use table::{Column, Counted, Reason, Sums};
pub use user::{EventOutcomes, Portion, UserCounters};
