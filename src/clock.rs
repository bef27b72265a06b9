//! Kernel time in, wall time out. Events carry `CLOCK_BOOTTIME`, which never jumps; people want the
//! time of day.

use nix::time::{ClockId, clock_gettime};

/// Offset from boot time to wall time, in ns, when it was last set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    offset_ns: i64,
}

impl Clock {
    /// Reads both clocks. Cheap enough for every turn: neither call enters the kernel.
    pub fn now() -> Self {
        Self { offset_ns: read_ns(ClockId::CLOCK_REALTIME) - read_ns(ClockId::CLOCK_BOOTTIME) }
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

/// `CLOCK_BOOTTIME` in ns, now.
pub fn boot_now_ns() -> u64 {
    read_ns(ClockId::CLOCK_BOOTTIME).unsigned_abs()
}

/// µs of `CLOCK_MONOTONIC`, which systemd compares with the time of its request.
pub fn monotonic_us() -> i64 {
    read_ns(ClockId::CLOCK_MONOTONIC) / 1000
}

fn read_ns(clock: ClockId) -> i64 {
    let time = clock_gettime(clock).expect("Linux has had these clocks since 2.6.39");
    time.tv_sec() * 1_000_000_000 + time.tv_nsec()
}
