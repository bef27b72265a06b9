//! Kernel time in, wall time out. Events carry `CLOCK_BOOTTIME`, which never jumps; people want the
//! time of day.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use nix::time::{ClockId, clock_gettime};

/// Time by which the kernel's `CLOCK_BOOTTIME` is ahead of the daemon's, in ns: not 0 in a time namespace.
static AHEAD_NS: AtomicI64 = AtomicI64::new(0);

/// Offset from boot time to wall time, in ns, when it was last set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    offset_ns: i64,
}

impl Clock {
    /// Reads both clocks. Cheap enough for every turn: neither call enters the kernel.
    pub fn now() -> Self {
        let boottime_ns = read_ns(ClockId::CLOCK_BOOTTIME) + AHEAD_NS.load(Relaxed);
        Self { offset_ns: read_ns(ClockId::CLOCK_REALTIME) - boottime_ns }
    }

    /// ns since 1970 UTC of a boot time in ns.
    pub fn real_ns(self, boottime_ns: u64) -> u64 {
        boottime_ns.wrapping_add_signed(self.offset_ns)
    }
}

/// ns since 1970 UTC, now.
pub fn real_now_ns() -> u64 {
    read_ns(ClockId::CLOCK_REALTIME).unsigned_abs()
}

/// `CLOCK_BOOTTIME` of the kernel in ns, now.
pub fn boot_now_ns() -> u64 {
    (read_ns(ClockId::CLOCK_BOOTTIME) + AHEAD_NS.load(Relaxed)).unsigned_abs()
}

/// Adjusts the daemon's boot time by a time of the kernel that was read between two of the daemon's. Without a
/// time namespace it lies between them, and nothing is adjusted.
pub fn compare(before_ns: u64, kernel_ns: u64, after_ns: u64) {
    AHEAD_NS.fetch_add(ahead_ns(before_ns, kernel_ns, after_ns), Relaxed);
}

fn ahead_ns(before_ns: u64, kernel_ns: u64, after_ns: u64) -> i64 {
    if (before_ns..=after_ns).contains(&kernel_ns) {
        return 0;
    }
    let middle_ns = before_ns + after_ns.saturating_sub(before_ns) / 2;
    kernel_ns.wrapping_sub(middle_ns) as i64
}

/// µs of `CLOCK_MONOTONIC`, which systemd compares with the time of its request.
pub fn monotonic_us() -> i64 {
    read_ns(ClockId::CLOCK_MONOTONIC) / 1000
}

fn read_ns(clock: ClockId) -> i64 {
    let time = clock_gettime(clock).expect("Linux has had these clocks since 2.6.39");
    time.tv_sec() * 1_000_000_000 + time.tv_nsec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ahead_is_difference_to_time_outside_of_interval() {
        assert_eq!(ahead_ns(10, 10, 20), 0);
        assert_eq!(ahead_ns(10, 20, 20), 0);
        assert_eq!(ahead_ns(10, 1_000, 20), 985);
        assert_eq!(ahead_ns(1_000_010, 15, 1_000_020), -1_000_000);
    }
}
