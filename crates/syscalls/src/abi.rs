//! ABIs by which processes make syscalls.

/// Number of slots of an ABI of the processor; `ABI_SLOTS` in `bpf/event.h`.
pub(super) const ABI_SLOTS: u16 = 512;

/// Number of slots of operations of `io_uring`; `URING_SLOTS` in `bpf/event.h`.
const URING_SLOTS: u16 = 128;

/// Numbers of slots of probes: functions, tracepoints, and raw tracepoints; `enum table_size` in `bpf/event.h`.
const KPROBE_SLOTS: u16 = 256;
const TRACEPOINT_SLOTS: u16 = 64;
const RAW_TRACEPOINT_SLOTS: u16 = 64;

/// ABI by which a process asks the kernel for something. Each has its own numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Abi {
    /// ABI of the kernel's own architecture: `x86_64`, `aarch64`.
    Native,
    /// 32-bit ABI of the same kernel: `i386`, `arm`.
    Compat,
    /// Submission queues of `io_uring`: the numbers are those of operations.
    IoUring,
    /// Functions of the kernel: a number belongs to one as long as a process runs.
    Kprobe,
    /// Tracepoints of the kernel, with the fields of their records.
    Tracepoint,
    /// Tracepoints of the kernel, with the arguments of their calls.
    RawTracepoint,
}

impl Abi {
    /// ABIs of syscalls, native first.
    pub const BOTH: [Self; 2] = [Self::Native, Self::Compat];

    /// Kinds of probes.
    pub const PROBES: [Self; 3] = [Self::Kprobe, Self::Tracepoint, Self::RawTracepoint];

    /// ABIs whose numbers are known without the running kernel: those of syscalls, and that of operations of `io_uring`.
    pub const ALL: [Self; 3] = [Self::Native, Self::Compat, Self::IoUring];

    /// Returns the name on this architecture: `x86_64`, `i386`, `aarch64`, `arm`, `io_uring`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native if cfg!(target_arch = "aarch64") => "aarch64",
            Self::Native => "x86_64",
            Self::Compat if cfg!(target_arch = "aarch64") => "arm",
            Self::Compat => "i386",
            Self::IoUring => "io_uring",
            Self::Kprobe => "kprobe",
            Self::Tracepoint => "tracepoint",
            Self::RawTracepoint => "raw_tracepoint",
        }
    }

    /// Returns the name that is the same on every architecture: `native`, `compat`, `io_uring`.
    pub const fn generic_name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Compat => "compat",
            other => other.name(),
        }
    }

    /// Returns whether the slots are those of probes.
    pub const fn is_probe(self) -> bool {
        matches!(self, Self::Kprobe | Self::Tracepoint | Self::RawTracepoint)
    }

    /// Number of slots of all probes.
    pub(super) const PROBE_SLOTS: usize = (Self::SLOTS - Self::Kprobe.first()) as usize;

    /// Number of all slots.
    pub(super) const SLOTS: u16 = Self::RawTracepoint.first() + Self::RawTracepoint.slots();

    /// Returns the ABI whose widths, structures and constants the arguments have.
    pub const fn layout(self) -> Self {
        match self {
            Self::Compat => Self::Compat,
            _ => Self::Native,
        }
    }

    /// Returns the number of slots.
    pub(super) const fn slots(self) -> u16 {
        match self {
            Self::Native | Self::Compat => ABI_SLOTS,
            Self::IoUring => URING_SLOTS,
            Self::Kprobe => KPROBE_SLOTS,
            Self::Tracepoint => TRACEPOINT_SLOTS,
            Self::RawTracepoint => RAW_TRACEPOINT_SLOTS,
        }
    }

    /// Returns the index of the first slot.
    pub(super) const fn first(self) -> u16 {
        match self {
            Self::Native => 0,
            Self::Compat => ABI_SLOTS,
            Self::IoUring => 2 * ABI_SLOTS,
            Self::Kprobe => Self::IoUring.first() + URING_SLOTS,
            Self::Tracepoint => Self::Kprobe.first() + KPROBE_SLOTS,
            Self::RawTracepoint => Self::Tracepoint.first() + TRACEPOINT_SLOTS,
        }
    }
}
