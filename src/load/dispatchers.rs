//! Names of the programs that tail-call the table.

/// Program at the entry of calls.
pub const DISPATCHER: &str = "sys_enter";
/// Program at the submission of operations of `io_uring`.
pub(super) const SUBMISSION: &str = "uring_submit";
/// Program at functions and tracepoints of the kernel.
pub(super) const PROBE: &str = "probe";
/// All of them: a skipped run of one is a missed call.
pub(super) const DISPATCHERS: [&str; 3] = [DISPATCHER, SUBMISSION, PROBE];
