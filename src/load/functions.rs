//! Which functions of the running kernel a program can be attached to.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result};

use crate::syscalls::{self, Slot};

/// The functions of syscalls that this kernel has and lets itself be attached to.
#[derive(Debug, Clone, Default)]
pub struct Functions(BTreeSet<String>);

/// Where tracefs is mounted, and where it was before it had a place of its own (Linux 4.1).
const LISTS: [&str; 2] = [
    "/sys/kernel/tracing/available_filter_functions",
    "/sys/kernel/debug/tracing/available_filter_functions",
];

impl Functions {
    /// Asks the kernel: a name a line, with that of its module behind it.
    ///
    /// # Errors
    /// Where tracefs is not mounted.
    pub fn read() -> Result<Self> {
        let [list, old] = LISTS;
        let text = fs::read_to_string(list).or_else(|error| fs::read_to_string(old).or(Err(error)));
        let text = text.with_context(|| format!("{list} cannot be read"))?;
        let serves_syscalls = |name: &&str| name.contains("sys_");
        Ok(Self(text.lines().filter(serves_syscalls).map(str::to_owned).collect()))
    }

    /// The function that serves a slot.
    pub fn of(&self, slot: Slot) -> Option<&str> {
        syscalls::functions(slot).find_map(|name| self.0.get(&name)).map(String::as_str)
    }
}
