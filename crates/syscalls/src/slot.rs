//! A slot of the table: which syscall, by which ABI.

use std::fmt;

/// Numbers per ABI; `ABI_SLOTS` in `bpf/event.h`.
pub(super) const ABI_SLOTS: u16 = 512;

/// By which ABI a syscall is made. Each has numbers of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Abi {
    /// The kernel's own: `x86_64`, `aarch64`.
    Native,
    /// The 32-bit one beside it: `i386`, `arm`.
    Compat,
}

/// One entry of the table: a number of one ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u16);

impl Abi {
    /// Both, native first.
    pub const ALL: [Self; 2] = [Self::Native, Self::Compat];

    /// As in `SYSCALL_ABI=`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native if cfg!(target_arch = "aarch64") => "aarch64",
            Self::Native => "x86_64",
            Self::Compat if cfg!(target_arch = "aarch64") => "arm",
            Self::Compat => "i386",
        }
    }

    /// As in the configuration, on every machine.
    pub const fn part(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Compat => "compat",
        }
    }
}

impl Slot {
    /// `None` for a number that no table has.
    pub fn new(abi: Abi, nr: u16) -> Option<Self> {
        let half = if abi == Abi::Compat { ABI_SLOTS } else { 0 };
        (nr < ABI_SLOTS).then_some(Self(half + nr))
    }

    /// From the wire; `None` beyond the table.
    pub fn from_index(index: u16) -> Option<Self> {
        (index < 2 * ABI_SLOTS).then_some(Self(index))
    }

    /// Position within a bank.
    pub fn index(self) -> u16 {
        self.0
    }

    /// By which ABI.
    pub fn abi(self) -> Abi {
        if self.0 < ABI_SLOTS { Abi::Native } else { Abi::Compat }
    }

    /// The syscall's number.
    pub fn nr(self) -> u16 {
        self.0 % ABI_SLOTS
    }

    /// For people: `execve (i386)`.
    pub fn with_abi(self) -> String {
        format!("{self} ({})", self.abi().name())
    }

    /// The syscall's name in its ABI, where it is known.
    pub fn name(self) -> Option<&'static str> {
        super::name(self.abi(), self.nr())
    }
}

impl fmt::Display for Slot {
    /// `execve`, or `#511` where the number has no name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => f.pad(&format!("#{}", self.nr())),
        }
    }
}
