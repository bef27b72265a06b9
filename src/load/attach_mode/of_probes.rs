//! Choice of the hooks for a table with probes: their kind decides the type of all programs of the table.

use syscalls::{Abi, Slot};

use super::AttachMode;
use super::served::all_served;
use crate::config::AttachTo;
use crate::error::Failure;
use crate::load::attach::Attach;
use crate::load::kernel_facts::{KernelFacts, REQUIREMENTS};
use crate::plan::{Routes, suits};

/// Returns the kind of the probes of a table; `None` without probes.
pub(super) fn kind(routes: &Routes) -> Option<Abi> {
    routes.keys().map(|slot: &Slot| slot.abi()).find(|abi| abi.is_probe())
}

/// Returns the setting whose facts a choice for probes needs.
pub(super) fn setting(kind: Abi) -> AttachTo {
    if kind == Abi::Kprobe { AttachTo::Function } else { AttachTo::Tracepoint }
}

impl AttachMode {
    /// Chooses the hooks whose programs have the type that probes of a kind take.
    pub(super) fn for_probes(
        kind: Abi,
        wanted: AttachTo,
        routes: &Routes,
        facts: &KernelFacts,
    ) -> Result<Self, Failure> {
        let of = kind.name();
        if !suits(wanted, kind) {
            let wanted = wanted.name();
            return Err(Failure::Unavailable(format!(
                "[probes] names a {of}, which does not go with attach = \"{wanted}\": {RULE}; use attach = \"auto\""
            )));
        }
        let reason = format!("[probes] names a {of}, and {RULE}");
        match kind {
            Abi::Kprobe => Self::at_kprobes(&reason, routes, facts),
            Abi::Tracepoint => Self::at_classic(&reason, facts),
            _ if facts.preempts_raw => Err(Failure::Unavailable(format!(
                "[probes] names a {of}, but this kernel may preempt the programs of raw tracepoints, and then nothing \
                 keeps two of them apart; use \"tracepoint:SUBSYSTEM:NAME\" or \"kprobe:FUNCTION\""
            ))),
            _ => Self::at_tracepoint(facts, &reason),
        }
    }

    fn at_kprobes(reason: &str, routes: &Routes, facts: &KernelFacts) -> Result<Self, Failure> {
        let functions = facts.functions.as_ref().map_err(|why| {
            Failure::Unavailable(format!(
                "[probes] names a kprobe, but {why}: they need kprobe.multi ({REQUIREMENTS})"
            ))
        })?;
        let mut mode = Self::at_functions(functions, facts, reason);
        if let Err(unserved) = all_served(functions, routes) {
            mode.limitations
                .push(format!("{unserved}, and the tracepoint cannot be used beside a kprobe"));
        }
        Ok(mode)
    }

    fn at_classic(reason: &str, facts: &KernelFacts) -> Result<Self, Failure> {
        if let Some(refusal) = &facts.perf {
            return Err(
                refusal.failure("attach to tracepoints", "remove \"tracepoint:\" below [probes]")
            );
        }
        Ok(Self {
            task_start: facts.task_start(),
            ..Self::with_tracepoint(Attach::Tracepoint, reason.to_owned())
        })
    }
}

const RULE: &str = "the programs of one program array must all be of one type";
