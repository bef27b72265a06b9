//! Probes of the running kernel: functions and tracepoints by name, and the arguments that its type information has for
//! them. Each gets a slot behind those of syscalls, in which everything else treats it like a syscall.

mod arguments;
mod candidates;
mod pattern;
mod record;
mod structures;
mod symbols;
mod types_of_kernel;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use syscalls::{Abi, Slot};

use crate::bpf::types;
use arguments::ProbeArguments;
use candidates::Candidates;

/// Most probes that one pattern may stand for.
pub const MATCHES_MAX: usize = 128;

/// Prefixes of the keys that name a probe.
pub const PREFIXES: [(&str, Abi); 3] = [
    ("kprobe:", Abi::Kprobe),
    ("tracepoint:", Abi::Tracepoint),
    ("raw_tracepoint:", Abi::RawTracepoint),
];

/// Places of the arguments of probes that were found, for the programs.
static LAYOUTS: Mutex<BTreeMap<Slot, types::probe>> = Mutex::new(BTreeMap::new());

/// Failure to find what a key names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotFound {
    /// Reason, as a clause about the key.
    pub reason: String,
    /// Names of which one may be meant.
    pub names: Vec<String>,
}

impl From<String> for NotFound {
    fn from(reason: String) -> Self {
        Self { reason, names: Vec::new() }
    }
}

/// Returns the kind and the name, or the pattern of names, in a key such as `kprobe:vfs_*`.
pub fn parse(key: &str) -> Option<(Abi, &str)> {
    PREFIXES.iter().find_map(|(prefix, kind)| Some((*kind, key.strip_prefix(prefix)?)))
}

/// Returns the key of a probe.
pub fn key(slot: Slot) -> String {
    format!("{}:{slot}", slot.abi().name())
}

/// Returns the name by which the kernel attaches to the function of a slot: without the module.
pub fn symbol(slot: Slot) -> String {
    let name = slot.to_string();
    name.split_once(':').map_or(name.clone(), |(_, function)| function.to_owned())
}

/// Returns the slots of the probes that a name or a pattern stands for; `*` stands for any text.
///
/// # Errors
/// Fails if the kernel has none, if there are too many, or if one cannot be probed.
pub fn find(kind: Abi, pattern: &str) -> Result<Vec<Slot>, NotFound> {
    if let Some(slot) = syscalls::probe_slot(kind, pattern).filter(|slot| layout(*slot).is_some()) {
        return Ok(vec![slot]);
    }
    let candidates = Candidates::of(kind, pattern)?;
    let names = candidates.matching(pattern)?;
    if names.len() > MATCHES_MAX {
        let (count, first) = (names.len(), names.first().cloned().unwrap_or_default());
        return Err(format!(
            "stands for {count} {}, at most {MATCHES_MAX} may one entry name; the first is {first}",
            plural(kind)
        )
        .into());
    }
    let give = |name: &String| {
        let found = candidates.arguments(name)?;
        let slot = syscalls::give_slot(kind, name, found.parameters.clone());
        let slot = slot.ok_or_else(|| no_slots(kind))?;
        remember(slot, &found);
        Ok(slot)
    };
    names.iter().map(give).collect()
}

/// Gives probes the slots that they have in the tables of a previous daemon. Returns false if that is impossible.
pub fn restore(probes: &BTreeMap<Slot, String>) -> bool {
    let mut are_restored = true;
    for (slot, name) in probes {
        let found = Candidates::of(slot.abi(), name).and_then(|all| all.arguments(name));
        let found = found.unwrap_or_default();
        are_restored &= syscalls::restore_slot(*slot, name, found.parameters.clone());
        remember(*slot, &found);
    }
    are_restored
}

/// Returns the places of the arguments of a probe in the context of its program.
pub fn layout(slot: Slot) -> Option<types::probe> {
    LAYOUTS.lock().unwrap_or_else(PoisonError::into_inner).get(&slot).copied()
}

fn remember(slot: Slot, found: &ProbeArguments) {
    LAYOUTS.lock().unwrap_or_else(PoisonError::into_inner).insert(slot, found.layout());
}

/// Returns the id by which the kernel opens a tracepoint: of its name with the subsystem.
///
/// # Errors
/// Fails if tracefs cannot be read, or lacks it.
pub fn tracepoint_id(name: &str) -> Result<u64, String> {
    record::read(name, "id")?
        .trim()
        .parse()
        .map_err(|_| format!("the id of the tracepoint {name} is no number"))
}

fn plural(kind: Abi) -> &'static str {
    if kind == Abi::Kprobe { "functions" } else { "tracepoints" }
}

fn no_slots(kind: Abi) -> NotFound {
    NotFound::from(format!(
        "has no place in the table: more {} were named since the daemon started than it has room for; restart it, \
         or name fewer",
        plural(kind)
    ))
}

#[cfg(test)]
mod tests;
