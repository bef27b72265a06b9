//! Functions and tracepoints that the running kernel has, of one kind.

use std::collections::{BTreeSet, HashMap};
use std::fs;

use syscalls::Abi;

use super::arguments::ProbeArguments;
use super::pattern::matches;
use super::record;
use super::{NotFound, plural};
use crate::btf::{TypeId, Types, kinds};

/// File with the kernel's types.
const SOURCE: &str = "/sys/kernel/btf/vmlinux";

/// Prefix of the functions that call the programs of a tracepoint.
const ITERATOR: &str = "__traceiter_";

/// Names of a kind, and what their arguments are read from.
pub(super) struct Candidates {
    kind: Abi,
    types: Vec<u8>,
    /// Prototypes of functions by name; of tracepoints, that of their iterator.
    prototypes: HashMap<String, TypeId>,
    /// Functions that can be probed; `None` where the kernel's list cannot be read.
    listed: Option<BTreeSet<String>>,
}

impl Candidates {
    /// Reads the names that the kernel has.
    ///
    /// # Errors
    /// Fails if the kernel's types cannot be read.
    pub fn read(kind: Abi) -> Result<Self, NotFound> {
        let types = fs::read(SOURCE).map_err(|error| unreadable(&error.to_string()))?;
        let prototypes = if kind == Abi::Tracepoint {
            HashMap::new()
        } else {
            prototypes(&types, kind).map_err(|error| unreadable(&format!("{error:#}")))?
        };
        let listed = if kind == Abi::Kprobe { record::functions() } else { None };
        Ok(Self { kind, types, prototypes, listed })
    }

    /// Returns the names that a name or a pattern stands for, sorted; at least one.
    ///
    /// # Errors
    /// Fails if there is none, or if the only one cannot be probed.
    pub fn matching(&self, pattern: &str) -> Result<Vec<String>, NotFound> {
        let all = self.names(pattern)?;
        let mut names: Vec<String> =
            all.iter().filter(|name| matches(pattern, name)).cloned().collect();
        names.sort_unstable();
        if let [only] = names.as_slice() {
            self.must_be_probed(only)?;
        }
        names.retain(|name| self.must_be_probed(name).is_ok());
        if names.is_empty() {
            let (kind, names) =
                (self.kind.name(), if pattern.contains('*') { vec![] } else { all });
            let reason = match self.kind {
                Abi::Kprobe => "is no function of this kernel that its type information has",
                Abi::Tracepoint => {
                    "is no tracepoint of this kernel, whose names are a subsystem and an event: sched:sched_switch"
                }
                _ => "is no tracepoint of this kernel itself, as opposed to its modules",
            };
            let names = names.into_iter().map(|name| format!("{kind}:{name}")).collect();
            return Err(NotFound { reason: reason.to_owned(), names });
        }
        Ok(names)
    }

    /// Returns the arguments of a probe.
    ///
    /// # Errors
    /// Fails if the kernel does not describe it.
    pub fn arguments(&self, name: &str) -> Result<ProbeArguments, NotFound> {
        let types = Types::read(&self.types).map_err(|error| unreadable(&format!("{error:#}")))?;
        if self.kind == Abi::Tracepoint {
            return Ok(record::arguments(&types, &record::read(name, "format")?));
        }
        let prototype = self.prototypes.get(name).and_then(|id| types.get(*id));
        let prototype = prototype.ok_or_else(|| unreadable("it lacks a prototype"))?;
        Ok(ProbeArguments::of_prototype(&types, prototype, self.kind))
    }

    /// Returns all names; of tracepoints those only whose subsystem may be meant.
    fn names(&self, pattern: &str) -> Result<Vec<String>, NotFound> {
        if self.kind == Abi::Tracepoint {
            return Ok(record::names(pattern)?);
        }
        Ok(self.prototypes.keys().cloned().collect())
    }

    fn must_be_probed(&self, name: &str) -> Result<(), NotFound> {
        if let Some(reason) = refused(self.kind, name) {
            return Err(reason.to_owned().into());
        }
        match &self.listed {
            Some(listed) if !listed.contains(name) => Err(
                "cannot be probed: the kernel does not list it (it is inlined everywhere, or marked notrace)"
                    .to_owned()
                    .into(),
            ),
            _ => Ok(()),
        }
    }
}

/// Beginnings of the names of raw tracepoints that our own programs may pass: when they read memory that is not there,
/// allocate some, which may wake a task that frees more, wait for a lock or wake the daemon. A handler would run in the middle of another one.
const WITHIN_PROGRAMS: [&str; 21] = [
    "bpf_",
    "contention_",
    "error_report",
    "ipi_",
    "irq_disable",
    "irq_enable",
    "irq_work_",
    "kfree",
    "kmalloc",
    "kmem_",
    "local_timer_",
    "lock_",
    "mm_",
    "page_fault_",
    "percpu_",
    "preempt_",
    "rcu_",
    "rdpmc",
    "read_msr",
    "sched_wak",
    "write_msr",
];

/// Returns the reason why a tracepoint is refused.
fn refused(kind: Abi, name: &str) -> Option<&'static str> {
    let is_of_calls = match kind {
        Abi::RawTracepoint => matches!(name, "sys_enter" | "sys_exit"),
        Abi::Tracepoint => name.starts_with("raw_syscalls:") || name.starts_with("syscalls:"),
        _ => false,
    };
    if is_of_calls {
        return Some("is passed by system calls, which [routes] records");
    }
    let is_within =
        kind == Abi::RawTracepoint && WITHIN_PROGRAMS.iter().any(|begin| name.starts_with(begin));
    is_within.then_some(
        "is passed by the programs of tailcalld themselves, which at a raw tracepoint nothing keeps from running into \
         one another; \"tracepoint:SUBSYSTEM:NAME\" is kept from that",
    )
}

fn prototypes(bytes: &[u8], kind: Abi) -> anyhow::Result<HashMap<String, TypeId>> {
    let types = Types::read(bytes)?;
    let functions = types.all().filter(|(_, one)| one.number() == kinds::FUNCTION);
    let named = functions.filter_map(|(_, one)| {
        let name = std::str::from_utf8(types.text(one.name)).ok()?;
        let name = if kind == Abi::RawTracepoint { name.strip_prefix(ITERATOR)? } else { name };
        Some((name.to_owned(), one.size_or_type))
    });
    Ok(named.collect())
}

fn unreadable(why: &str) -> NotFound {
    format!("cannot be looked up in the kernel's type information, {SOURCE}: {why}").into()
}

impl std::fmt::Debug for Candidates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.prototypes.len(), plural(self.kind))
    }
}
