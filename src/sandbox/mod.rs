//! Least privilege after the start: the daemon reads bytes that any process chooses, so whoever gets to run code in it
//! should find nothing to do with it. It keeps the capabilities that this kernel requires for what it does later, and a
//! seccomp filter refuses the calls that it does not make. Neither can be undone. Both are those of the one thread that reads
//! such bytes: the thread that loads programs at the start has its own, and ends when they are loaded.

mod calls;
mod capabilities;
mod filter;

use anyhow::{Context as _, Result};
use nix::sys::prctl::set_dumpable;
use rustix::thread::set_no_new_privs;

pub use calls::MODE_OF_METRICS;
pub use capabilities::{Needs, Operation, drop_capabilities};
pub use filter::LaterAttachments;
pub use rustix::thread::CapabilitySet;

/// Makes no program that this process executes gain privileges, and closes the process to others of its user: without
/// capabilities of its own, any other process of root could trace it and take its descriptors.
///
/// # Errors
/// Fails if the kernel refuses.
pub fn close_process() -> Result<()> {
    set_no_new_privs(true).context("failed to set no_new_privs")?;
    set_dumpable(false).context("failed to close the process to others")
}

/// Refuses all calls from now on that the daemon does not make.
///
/// # Errors
/// Fails if the kernel has no filters, or `close_process` was not called before.
pub fn filter_calls(attachments: LaterAttachments) -> Result<()> {
    filter::install(attachments).context("failed to install the seccomp filter")
}
