//! Configuration in, the whole table out: what each slot does. Pure.

use std::collections::BTreeMap;

use crate::syscalls::Slot;

/// What one slot does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Number of the handler.
    pub handler: u16,
    /// Which of the handler's syscalls this is; 0 if the handler names none.
    pub variant: u8,
    /// Syslog level of its records, 3 to 7.
    pub priority: u8,
    /// How many bytes of argv an `exec` event may carry.
    pub argv_bytes: u32,
}

/// The resolved table. A slot that is absent does nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// By slot: native numbers first, then those of the 32-bit ABI.
    pub routes: BTreeMap<Slot, Route>,
}
