//! The option `abi`: by which ABIs the calls of a route are made.

use syscalls::Abi;

/// A set of ABIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abis {
    native: bool,
    compat: bool,
    io_uring: bool,
}

impl Abis {
    /// Returns whether the set contains `abi`.
    pub fn contains(self, abi: Abi) -> bool {
        match abi {
            Abi::Native => self.native,
            Abi::Compat => self.compat,
            Abi::IoUring => self.io_uring,
            // The key of a probe says what it is.
            Abi::Kprobe | Abi::Tracepoint | Abi::RawTracepoint => true,
        }
    }
}

impl Default for Abis {
    /// Returns the set of all ABIs: a route of `execve` should include 32-bit programs,
    /// and one of `openat` files that are opened through a ring.
    fn default() -> Self {
        Abi::ALL.into_iter().collect()
    }
}

impl FromIterator<Abi> for Abis {
    fn from_iter<I: IntoIterator<Item = Abi>>(abis: I) -> Self {
        let mut set = Self { native: false, compat: false, io_uring: false };
        for abi in abis {
            match abi {
                Abi::Native => set.native = true,
                Abi::Compat => set.compat = true,
                Abi::IoUring => set.io_uring = true,
                Abi::Kprobe | Abi::Tracepoint | Abi::RawTracepoint => {}
            }
        }
        set
    }
}
