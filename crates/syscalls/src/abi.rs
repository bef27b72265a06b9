//! ABIs by which processes make syscalls.

/// Number of slots of an ABI of the processor; `ABI_SLOTS` in `bpf/event.h`.
pub(super) const ABI_SLOTS: u16 = 512;

/// Number of slots of operations of `io_uring`; `URING_SLOTS` in `bpf/event.h`.
const URING_SLOTS: u16 = 128;

/// ABI by which a process asks the kernel for something. Each has its own numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Abi {
    /// ABI of the kernel's own architecture: `x86_64`, `aarch64`.
    Native,
    /// 32-bit ABI of the same kernel: `i386`, `arm`.
    Compat,
    /// Submission queues of `io_uring`: the numbers are those of operations.
    IoUring,
}

impl Abi {
    /// ABIs of syscalls, native first.
    pub const BOTH: [Self; 2] = [Self::Native, Self::Compat];

    /// ABIs of syscalls, and that of operations of `io_uring`.
    pub const ALL: [Self; 3] = [Self::Native, Self::Compat, Self::IoUring];

    /// Returns the name on this architecture: `x86_64`, `i386`, `aarch64`, `arm`, `io_uring`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native if cfg!(target_arch = "aarch64") => "aarch64",
            Self::Native => "x86_64",
            Self::Compat if cfg!(target_arch = "aarch64") => "arm",
            Self::Compat => "i386",
            Self::IoUring => "io_uring",
        }
    }

    /// Returns the name that is the same on every architecture: `native`, `compat`, `io_uring`.
    pub const fn generic_name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Compat => "compat",
            Self::IoUring => "io_uring",
        }
    }

    /// Returns the ABI whose widths, structures and constants the arguments have.
    pub const fn layout(self) -> Self {
        match self {
            Self::IoUring => Self::Native,
            abi => abi,
        }
    }

    /// Returns the number of slots.
    pub(super) const fn slots(self) -> u16 {
        match self {
            Self::Native | Self::Compat => ABI_SLOTS,
            Self::IoUring => URING_SLOTS,
        }
    }
}
