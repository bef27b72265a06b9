//! Functions and tracepoints that the running kernel has, of one kind.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::ErrorKind;

use syscalls::Abi;

use super::arguments::ProbeArguments;
use super::pattern::matches;
use super::record;
use super::{NotFound, plural};
use crate::btf::{TypeId, Types, joined, kinds};

/// Files with the types of the kernel and of its modules.
const FOLDER: &str = "/sys/kernel/btf";
/// File with the kernel's types.
const SOURCE: &str = "/sys/kernel/btf/vmlinux";

/// Prefix of the functions that call the programs of a tracepoint.
const ITERATOR: &str = "__traceiter_";

/// Names of a kind, and what their arguments are read from.
pub(super) struct Candidates {
    kind: Abi,
    types: Vec<u8>,
    /// Module whose functions these are, and the number of its first type.
    module: Option<(String, TypeId)>,
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
            prototypes(&types, kind, 1).map_err(|error| unreadable(&format!("{error:#}")))?
        };
        let listed = if kind == Abi::Kprobe { record::functions(None) } else { None };
        Ok(Self { kind, types, module: None, prototypes, listed })
    }

    /// Reads the names that a name or a pattern may stand for: those of a module, if it names one.
    ///
    /// # Errors
    /// Fails if the types of the kernel or of the module cannot be read.
    pub fn of(kind: Abi, pattern: &str) -> Result<Self, NotFound> {
        match pattern.split_once(':') {
            Some((module, _)) if kind == Abi::Kprobe => Self::of_module(module),
            _ => Self::read(kind),
        }
    }

    fn of_module(module: &str) -> Result<Self, NotFound> {
        let types = fs::read(SOURCE).map_err(|error| unreadable(&error.to_string()))?;
        let more = types_of_module(module)?;
        let failed = |error: anyhow::Error| unreadable(&format!("{module}: {error:#}"));
        let (types, first) = joined(&types, &more).map_err(failed)?;
        let named = prototypes(&types, Abi::Kprobe, first).map_err(failed)?;
        let full = |name: String| format!("{module}:{name}");
        let prototypes = named.into_iter().map(|(name, id)| (full(name), id)).collect();
        let listed = record::functions(Some(module));
        let listed = listed.map(|names| names.into_iter().map(full).collect());
        let module = Some((module.to_owned(), first));
        Ok(Self { kind: Abi::Kprobe, types, module, prototypes, listed })
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
            if let Some(module) = self.module_with(pattern) {
                return Err(format!(
                    "is a function of the module {module}: write \"kprobe:{module}:{pattern}\""
                )
                .into());
            }
            let reason = match self.kind {
                Abi::Kprobe if self.module.is_some() => {
                    "is no function of this module that its type information has"
                }
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
        let types = match &self.module {
            Some((name, first)) => types.with_module(name, *first),
            None => types,
        };
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

    /// Returns the module that has a function of that name, which the kernel itself does not have.
    fn module_with(&self, name: &str) -> Option<String> {
        let is_of_kernel = self.kind == Abi::Kprobe && self.module.is_none();
        record::module_with(name).filter(|_| is_of_kernel)
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

/// Returns the prototypes of functions by name, from a number on.
fn prototypes(bytes: &[u8], kind: Abi, first: TypeId) -> anyhow::Result<HashMap<String, TypeId>> {
    let types = Types::read(bytes)?;
    let functions = types.all().skip(first.saturating_sub(1) as usize);
    let functions = functions.filter(|(_, one)| one.number() == kinds::FUNCTION);
    let named = functions.filter_map(|(_, one)| {
        let name = std::str::from_utf8(types.text(one.name)).ok()?;
        let name = if kind == Abi::RawTracepoint { name.strip_prefix(ITERATOR)? } else { name };
        Some((name.to_owned(), one.size_or_type))
    });
    Ok(named.collect())
}

/// Reads the types of a module.
fn types_of_module(module: &str) -> Result<Vec<u8>, NotFound> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if module.is_empty() || !module.chars().all(is_word) || module == "vmlinux" {
        return Err(
            "names no module, which consists of letters, digits and _: kprobe:MODULE:FUNCTION"
                .to_owned()
                .into(),
        );
    }
    fs::read(format!("{FOLDER}/{module}")).map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!(
            "names the module {module}, which is not loaded, or has no type information ({FOLDER}/{module}): load it \
             first, then reload or start tailcalld"
        )
        .into(),
        _ => unreadable(&format!("{module}: {error}")),
    })
}

fn unreadable(why: &str) -> NotFound {
    format!("cannot be looked up in the kernel's type information, {SOURCE}: {why}").into()
}

impl std::fmt::Debug for Candidates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.prototypes.len(), plural(self.kind))
    }
}
