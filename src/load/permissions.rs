//! Permissions of this process to use the loaded object.

use std::fs;

use nix::errno::Errno;
use syscalls::Abi;

use super::perf::PerfRefusal;
use super::{Attach, Bpf};
use crate::bpf;
use crate::bpf::types::table_size;
use crate::sandbox::CapabilitySet;

/// Capability for perf events in Debian's and Ubuntu's kernels, see `perf.rs`.
pub const PERF: [CapabilitySet; 1] = [CapabilitySet::SYS_ADMIN];

/// Sysctl that restricts bpf(2) to processes with a capability, unless it is 0.
const UNPRIVILEGED: &str = "/proc/sys/kernel/unprivileged_bpf_disabled";

/// Returns whether bpf(2) is open to all processes, or may be.
pub fn is_bpf_unrestricted() -> bool {
    !fs::read_to_string(UNPRIVILEGED).is_ok_and(|value| ["1", "2"].contains(&value.trim()))
}

/// Returns whether this process may open perf events.
pub fn may_open_perf_events() -> bool {
    PerfRefusal::probe().is_none()
}

impl Bpf<'_> {
    /// Returns whether a reload or the self-test may have to open a perf event.
    pub fn opens_perf_events(&self) -> bool {
        let hooks = [self.dispatcher.attach(), self.returns.attach()];
        let of_tasks = [self.task_end.hook(), self.execution.hook()].into_iter().flatten();
        hooks.into_iter().chain(of_tasks).any(|hook| hook == Attach::Tracepoint)
    }

    /// Returns whether the thread that loads objects may have to open a perf event: for probes at classic tracepoints.
    pub(super) fn opens_perf_events_for_probes(&self) -> bool {
        self.dispatcher.attach() == Attach::Tracepoint || self.kinds.contains_key(&Abi::Tracepoint)
    }

    /// Returns whether a reload or the self-test may have to load a program: fentry takes one for each function.
    pub fn loads_programs(&self) -> bool {
        self.dispatcher.attach() == Attach::Fentry
    }

    /// Returns whether this process may read and change the table. Nothing changes: a slot is emptied that never has a
    /// program. An update of an array of maps would take a grace period, 16 ms of each start.
    pub fn may_change(&self) -> bool {
        let unused = table_size::SLOTS.0;
        let emptied = bpf::delete_element(self.syscalls().as_fd(), unused);
        let is_permitted = matches!(emptied, Ok(()) | Err(Errno::ENOENT));
        is_permitted && self.identify(None).is_ok() && self.misses().is_ok()
    }
}
