//! Choice of the hooks for a table with probes. The programs of one program array must all be of one type, so where the
//! hook of a kind of probes is good for calls, too, they have one type, and are loaded once.

use syscalls::{Abi, Slot};

use super::AttachMode;
use super::served::all_served;
use crate::config::AttachTo;
use crate::error::Failure;
use crate::load::attach::Attach;
use crate::load::kernel_facts::{KernelFacts, REQUIREMENTS};
use crate::plan::{Routes, suits};

/// Returns the kind of probes whose hook is asked for calls as well; `None` without one.
pub(super) fn kind(wanted: AttachTo, routes: &Routes) -> Option<Abi> {
    let mut kinds = routes.keys().map(|slot: &Slot| slot.abi()).filter(|abi| abi.is_probe());
    kinds.find(|kind| suits(wanted, *kind))
}

/// Returns the setting whose facts a choice for probes needs.
pub(super) fn setting(kind: Abi) -> AttachTo {
    if kind == Abi::Kprobe { AttachTo::Function } else { AttachTo::Tracepoint }
}

/// Checks that this kernel has, and permits, programs at probes of a kind.
///
/// # Errors
/// `Failure` with what is missing.
pub(in crate::load) fn must_be_probed(kind: Abi) -> Result<(), Failure> {
    let facts = KernelFacts::read(setting(kind));
    let facts = if kind == Abi::Tracepoint { facts.with_perf_events() } else { facts };
    may_be_probed(kind, &facts)
}

fn may_be_probed(kind: Abi, facts: &KernelFacts) -> Result<(), Failure> {
    match (kind, &facts.functions, &facts.perf) {
        (Abi::Kprobe, Err(why), _) => Err(Failure::Unavailable(format!(
            "[probes] names a kprobe, but {why}: they need kprobe.multi ({REQUIREMENTS})"
        ))),
        (Abi::Tracepoint, _, Some(refusal)) => {
            Err(refusal.failure("attach to tracepoints", "remove \"tracepoint:\" below [probes]"))
        }
        (Abi::RawTracepoint, ..) if facts.preempts_raw => Err(Failure::Unavailable(
            "[probes] names a raw_tracepoint, but this kernel may preempt the programs of raw tracepoints, and then nothing \
             keeps two of them apart; use \"tracepoint:SUBSYSTEM:NAME\" or \"kprobe:FUNCTION\""
                .to_owned(),
        )),
        _ => Ok(()),
    }
}

impl AttachMode {
    /// Chooses the hooks whose programs have the type that probes of a kind take, if they serve all calls.
    pub(super) fn for_probes(
        kind: Abi,
        wanted: AttachTo,
        routes: &Routes,
        facts: &KernelFacts,
    ) -> Result<Self, Failure> {
        may_be_probed(kind, facts)?;
        let reason = format!("[probes] names a {}, whose programs are of that type", kind.name());
        match (kind, &facts.functions) {
            (Abi::Kprobe, Ok(functions)) if all_served(functions, routes).is_ok() => {
                Ok(Self::at_functions(functions, facts, &reason))
            }
            (Abi::Kprobe, _) => Self::for_calls(wanted, routes, facts),
            (Abi::Tracepoint, _) => Ok(Self {
                task_start: facts.task_start(),
                ..Self::with_tracepoint(Attach::Tracepoint, reason)
            }),
            _ => Self::at_tracepoint(facts, &reason),
        }
    }
}
