//! ABIs by which processes make syscalls.

/// Number of slots of one ABI; `ABI_SLOTS` in `bpf/event.h`.
pub(super) const ABI_SLOTS: u16 = 512;

/// ABI by which a process makes syscalls. Each has its own numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Abi {
    /// ABI of the kernel's own architecture: `x86_64`, `aarch64`.
    Native,
    /// 32-bit ABI of the same kernel: `i386`, `arm`.
    Compat,
}

impl Abi {
    /// Both ABIs, native first.
    pub const ALL: [Self; 2] = [Self::Native, Self::Compat];

    /// Returns the name on this architecture: `x86_64`, `i386`, `aarch64`, `arm`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native if cfg!(target_arch = "aarch64") => "aarch64",
            Self::Native => "x86_64",
            Self::Compat if cfg!(target_arch = "aarch64") => "arm",
            Self::Compat => "i386",
        }
    }

    /// Returns the name that is the same on every architecture: `native`, `compat`.
    pub const fn generic_name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Compat => "compat",
        }
    }
}
