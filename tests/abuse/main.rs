//! Attacks by unprivileged processes, one file each: to go unrecorded, to make others go unrecorded, to keep the
//! service from starting. docs/security.md names them.

#[macro_use]
#[path = "../common/root.rs"]
mod root;
#[macro_use]
#[path = "../kernel/rig.rs"]
#[allow(dead_code, unused_imports, unused_macros)] // the tests of the kernel use all of it
mod rig;

#[path = "../common/journald.rs"]
#[allow(dead_code, clippy::unwrap_used)] // the tests of the journal use all of it
mod journald;

mod borrowed_exclusion;
mod cgroups;
mod forged;
mod shared_limit;
mod unreadable;
