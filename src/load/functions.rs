//! Functions of the running kernel that serve syscalls and that a program can be attached to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context as _, Result};
use libbpf_rs::btf::Btf;
use libbpf_rs::btf::types::{Enum, Struct};
use syscalls::{self, Slot};

use super::kernel_types::KernelTypes;

/// Functions of syscalls that a program can be attached to.
#[derive(Debug, Clone, Default)]
pub struct Functions {
    names: BTreeSet<String>,
    all_return: bool,
    has_sessions: bool,
    /// Ids of the functions in the kernel's type information; of those for fentry only.
    ids: BTreeMap<String, u32>,
}

/// File of tracefs that lists the functions.
const LIST: &str = "/sys/kernel/tracing/available_filter_functions";

/// Function that each task calls at its end.
pub(super) const TASK_END: &str = "do_exit";

/// Function that a process calls with each task that it has created, before that runs.
pub(super) const TASK_START: &str = "wake_up_new_task";

/// Function that a task calls with the program that it has begun to execute (fs/exec.c).
pub(super) const EXECUTION: &str = "finalize_exec";

/// Functions that serve no syscall.
const OF_TASKS: [&str; 3] = [TASK_END, TASK_START, EXECUTION];

impl Functions {
    /// Reads the list of the kernel: a name a line, with the module behind it.
    ///
    /// # Errors
    /// Fails where tracefs is not mounted.
    pub fn read() -> Result<Self> {
        let types = Btf::from_path(KernelTypes::get()?.path());
        let types = types.context("failed to read the kernel's type information")?;
        let all_return = follows_all_returns(&types);
        let has_sessions = all_return && has_sessions(&types);
        Ok(Self { names: listed()?, all_return, has_sessions, ids: BTreeMap::new() })
    }

    /// Functions for fentry, with their ids. Their programs do not see returns.
    pub fn typed(functions: impl Iterator<Item = (String, u32)>) -> Self {
        let ids: BTreeMap<String, u32> = functions.collect();
        Self { names: ids.keys().cloned().collect(), all_return: false, has_sessions: false, ids }
    }

    /// Returns the function that serves a slot.
    pub fn of(&self, slot: Slot) -> Option<&str> {
        syscalls::functions(slot).find_map(|name| self.names.get(&name)).map(String::as_str)
    }

    /// Returns whether a program can be attached to a function.
    pub fn have(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Returns the id of a function in the kernel's type information.
    pub fn id(&self, name: &str) -> Option<u32> {
        self.ids.get(name).copied()
    }

    /// Returns whether a program sees the return of each call, however many calls are going on.
    pub fn all_return(&self) -> bool {
        self.all_return
    }

    /// Returns whether one link can serve entry and return, for those calls only that wait for it.
    pub fn has_sessions(&self) -> bool {
        self.has_sessions
    }

    #[cfg(test)]
    pub(super) fn with_sessions(self) -> Self {
        Self { has_sessions: true, ..self }
    }

    #[cfg(test)]
    pub(super) fn named(names: &[&str], all_return: bool) -> Self {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        Self { names, all_return, has_sessions: false, ids: BTreeMap::new() }
    }
}

/// Returns the functions in the kernel's list that serve syscalls, operations of `io_uring` and tasks.
///
/// # Errors
/// Fails where tracefs is not mounted.
pub(super) fn listed() -> Result<BTreeSet<String>> {
    let text = fs::read_to_string(LIST).with_context(|| format!("{LIST} cannot be read"))?;
    let is_used = |name: &&str| {
        name.contains("sys_")
            || name.starts_with("io_") && name.contains("prep")
            || OF_TASKS.contains(name)
    };
    Ok(text.lines().filter(is_used).map(str::to_owned).collect())
}

/// Up to Linux 6.13 the kernel keeps a few places for each function, for calls that have not returned;
/// blocked ones soon fill them (`rethook`, kernel/trace/fprobe.c). Later each task has its own.
fn follows_all_returns(types: &Btf<'_>) -> bool {
    let fprobe = types.type_by_name::<Struct<'_>>("fprobe");
    fprobe.is_some_and(|fprobe| {
        fprobe.iter().all(|member| member.name.is_none_or(|name| name != "rethook"))
    })
}

/// Since Linux 7.0, which also has `fsession`, `bpf_session_is_return` takes the context. Before, it is another
/// function, and the programs do not call it.
fn has_sessions(types: &Btf<'_>) -> bool {
    let kinds = types.type_by_name::<Enum<'_>>("bpf_attach_type");
    kinds.is_some_and(|kinds| {
        kinds.iter().any(|kind| kind.name.is_some_and(|name| name == "BPF_TRACE_FSESSION"))
    })
}
