//! Syscall names, numbers and groups: data, per architecture.

mod slot;

pub use slot::{Abi, Slot};

/// The number of a syscall in that ABI.
pub fn number(_abi: Abi, _name: &str) -> Option<u16> {
    None
}

/// The name of a number in that ABI.
pub fn name(_abi: Abi, _nr: u16) -> Option<&'static str> {
    None
}
