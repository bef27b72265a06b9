//! Attacks by unprivileged processes, one file each: to go unrecorded, to make others go unrecorded, to keep the
//! service from starting. docs/security.md names them.

#[macro_use]
#[path = "../common/root.rs"]
mod root;
#[macro_use]
#[path = "../kernel/rig.rs"]
#[allow(dead_code, unused_imports, unused_macros)] // the tests of the kernel use all of it
mod rig;

#[path = "../kernel/counts.rs"]
mod counts;
#[path = "../kernel/filtered_call.rs"]
#[allow(dead_code)] // the tests of filters use all of it
mod filtered_call;
#[path = "../common/journald.rs"]
#[allow(dead_code, clippy::unwrap_used)] // the tests of the journal use all of it
mod journald;
#[path = "../kernel/shell.rs"]
mod shell;

#[path = "../daemon/rig.rs"]
#[allow(dead_code, clippy::unwrap_used)] // the tests of the daemon use all of it
mod daemon;
#[path = "../daemon/process.rs"]
#[allow(dead_code, clippy::unwrap_used)]
mod process;
#[path = "../daemon/records.rs"]
#[allow(dead_code, clippy::unwrap_used)]
mod records;

mod borrowed_exclusion;
mod cgroups;
mod claimed_container;
mod equal_inodes;
mod forged;
mod held_open;
mod missed_children;
mod returned_at_once;
mod set_exe;
mod shared_limit;
mod unreadable;
