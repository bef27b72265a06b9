//! Tasks that are throttled, whatever their routes say: next to nothing is left to them, so that it can be
//! told that they go on.

use std::sync::atomic::Ordering::Relaxed;

use super::Bpf;
use crate::bpf::GOVERNED;
use crate::bpf::types::{limit, limit_per, limit_size};

/// What is left to each of them, events a second.
pub const LEFT: u64 = 10;

const SECOND_NS: u64 = 1_000_000_000;

impl Bpf<'_> {
    /// Throttles these processes, by their numbers in the initial pid namespace, and no others; the newest
    /// stand first, and of more than the programs can tell the rest is left alone.
    pub fn govern(&self, processes: &[u32]) {
        let interval_ns = SECOND_NS / LEFT;
        let per = limit_per::PER_PID.0;
        let limit = limit { interval_ns, burst_ns: SECOND_NS, per, reserved: 0 };
        self.shared.set_limit(limit_size::LIMIT_GOVERNOR.0 as u8, &limit);
        let mut processes = processes.iter().take(GOVERNED);
        let count = processes.len();
        for place in (0..).map_while(|index| self.shared.governed(index)) {
            place.store(processes.next().copied().unwrap_or_default(), Relaxed);
        }
        self.shared.governed_count().store(u32::try_from(count).unwrap_or_default(), Relaxed);
    }
}
