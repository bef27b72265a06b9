//! The seccomp filter, made from the table of calls. A call that is not in the table fails with EPERM and is in the
//! kernel's log: to kill the daemon for a call that a new libc makes would end the recording at night, and what the
//! call would have done does not happen either way.

use std::collections::BTreeMap;
use std::env::consts::ARCH;

use anyhow::{Context as _, Result};
use nix::libc::{self, sock_filter};
use seccompiler::SeccompAction::{Allow, Errno};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};
use syscalls::{Abi, number};

use super::calls::{ALWAYS, BY_ARGUMENT, Check, OBJECT_LOADS, PERF_EVENTS, PROGRAM_LOADS};
use crate::bpf::install_seccomp;

/// Needs of the attachments that a reload adds, or that are made anew.
#[derive(Debug, Clone, Copy, Default)]
pub struct LaterAttachments {
    /// They open perf events.
    pub open_perf_events: bool,
    /// They load programs.
    pub load_programs: bool,
    /// They load objects with maps of their own.
    pub load_objects: bool,
}

/// Rules by the number of the call; a call without rules is meant whatever its arguments.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Installs the filter for this thread and those that it starts.
///
/// # Errors
/// Fails if the kernel refuses.
pub fn install(attachments: LaterAttachments) -> Result<()> {
    // The second filter refuses the call that installs filters.
    install_program(&without_clone3()?, false)?;
    install_program(&allow_list(attachments)?, true)
}

fn install_program(program: &BpfProgram, is_logged: bool) -> Result<()> {
    let instruction = |insn: &seccompiler::sock_filter| sock_filter {
        code: insn.code,
        jt: insn.jt,
        jf: insn.jf,
        k: insn.k,
    };
    let mut filter: Vec<_> = program.iter().map(instruction).collect();
    Ok(install_seccomp(&mut filter, is_logged)?)
}

fn allow_list(attachments: LaterAttachments) -> Result<BpfProgram> {
    let always = ALWAYS.iter().map(|&name| (name, None));
    let by_argument = BY_ARGUMENT.iter().map(|(name, check)| (*name, Some(check)));
    let perf = PERF_EVENTS.iter().filter(|_| attachments.open_perf_events);
    let loads = PROGRAM_LOADS.iter().filter(|_| attachments.load_programs);
    let objects = OBJECT_LOADS.iter().filter(|_| attachments.load_objects);
    let some = perf.chain(loads).chain(objects).map(|(name, check)| (*name, check.as_ref()));
    let mut rules = Rules::new();
    for (name, check) in always.chain(by_argument).chain(some) {
        // Another architecture, or ABI, has it.
        let Some(nr) = number(Abi::Native, name) else { continue };
        let rules = rules.entry(nr.into()).or_default();
        if let Some(check) = check {
            rules.extend(conditions(check)?);
        }
    }
    compile(rules, Errno(libc::EPERM.unsigned_abs()), Allow)
}

/// A filter cannot see the flags of clone3, so there must be none: libc then makes its threads by clone.
fn without_clone3() -> Result<BpfProgram> {
    let clone3 = number(Abi::Native, "clone3").context("clone3 has no number")?;
    let rules = Rules::from([(clone3.into(), Vec::new())]);
    compile(rules, Allow, Errno(libc::ENOSYS.unsigned_abs()))
}

fn compile(rules: Rules, others: SeccompAction, these: SeccompAction) -> Result<BpfProgram> {
    let filter = SeccompFilter::new(rules, others, these, ARCH.try_into()?)?;
    Ok(filter.try_into()?)
}

/// Returns the rules of a call: one of them has to apply.
fn conditions(check: &Check) -> Result<Vec<SeccompRule>> {
    let rule = |argument, operator, value| -> Result<SeccompRule> {
        let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)?;
        Ok(SeccompRule::new(vec![condition])?)
    };
    match *check {
        Check::OneOf(argument, values) => {
            values.iter().map(|&value| rule(argument, SeccompCmpOp::Eq, value.into())).collect()
        }
        Check::Bits(argument, mask, bits) => {
            Ok(vec![rule(argument, SeccompCmpOp::MaskedEq(mask.into()), bits.into())?])
        }
    }
}
