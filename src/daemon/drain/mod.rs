//! Takeover from a daemon whose object has other types. Only its own executable understands its ring, so the service
//! manager keeps that as well, and it reads the ring to the end in a process of its own.

mod channel;
mod child;
mod kept_set;
mod process;
mod takeover;

pub use child::run;
pub use process::SameOutput;
pub use takeover::{Drains, REPLACED};
