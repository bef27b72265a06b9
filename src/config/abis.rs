//! The option `abi`: by which ABIs the calls of a route are made.

use syscalls::Abi;

/// A set of ABIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abis {
    native: bool,
    compat: bool,
}

impl Abis {
    /// Returns whether the set contains `abi`.
    pub fn contains(self, abi: Abi) -> bool {
        match abi {
            Abi::Native => self.native,
            Abi::Compat => self.compat,
        }
    }
}

impl Default for Abis {
    /// Returns the set of all ABIs: a route of `execve` should include 32-bit programs.
    fn default() -> Self {
        Abi::ALL.into_iter().collect()
    }
}

impl FromIterator<Abi> for Abis {
    fn from_iter<I: IntoIterator<Item = Abi>>(abis: I) -> Self {
        let mut set = Self { native: false, compat: false };
        for abi in abis {
            match abi {
                Abi::Native => set.native = true,
                Abi::Compat => set.compat = true,
            }
        }
        set
    }
}
