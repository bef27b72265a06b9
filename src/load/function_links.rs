//! Links of a program to functions: one to all of them, or, at fentry, one to each.

use std::collections::BTreeSet;
use std::os::fd::{AsFd as _, OwnedFd};

use anyhow::{Context as _, Result};
use libbpf_rs::ProgramMut;

use super::attach::{Attach, Side};
use super::functions::Functions;
use super::kept_link::{KeptLink, LinkKeeper};
use crate::bpf;

/// Link to functions.
#[derive(Debug)]
pub(super) struct FunctionLink {
    /// The link.
    pub link: KeptLink,
    /// Functions that it attaches a program to.
    pub functions: BTreeSet<String>,
}

/// Attaches a program to functions.
///
/// # Errors
/// Fails if the kernel refuses one; then none is attached.
pub(super) fn attach(
    (attach, side): (Attach, Side),
    keeper: &LinkKeeper,
    program: &ProgramMut<'_>,
    known: &Functions,
    functions: BTreeSet<String>,
) -> Result<Vec<FunctionLink>> {
    if attach == Attach::Fentry {
        return attach_copies(keeper, program, known, functions);
    }
    if attach == Attach::Session {
        return attach_session(side, keeper, program, functions);
    }
    let link = program.attach_kprobe_multi(side == Side::Return, functions.iter().collect());
    let link = keeper.keep(program, link.with_context(|| refused(&functions))?);
    Ok(vec![FunctionLink { link, functions }])
}

/// Attaches the program at the entry of the functions; it is called at their return by the same link.
fn attach_session(
    side: Side,
    keeper: &LinkKeeper,
    program: &ProgramMut<'_>,
    functions: BTreeSet<String>,
) -> Result<Vec<FunctionLink>> {
    if side == Side::Return {
        return Ok(Vec::new());
    }
    let link = bpf::attach_session(program.as_fd(), functions.iter().map(String::as_str));
    let link = keeper.keep_bare(program, link.with_context(|| refused(&functions))?);
    Ok(vec![FunctionLink { link, functions }])
}

/// Attaches a copy of the program to each function: at fentry, the function is part of the program.
fn attach_copies(
    keeper: &LinkKeeper,
    program: &ProgramMut<'_>,
    known: &Functions,
    functions: BTreeSet<String>,
) -> Result<Vec<FunctionLink>> {
    let name = program.name().to_string_lossy().into_owned();
    let copies: Result<Vec<_>> = functions
        .into_iter()
        .map(|function| {
            let attached = attach_copy(&name, program, known.id(&function));
            let refused = || refused(&BTreeSet::from([function.clone()]));
            Ok((attached.with_context(refused)?, BTreeSet::from([function])))
        })
        .collect();
    let kept = copies?.into_iter().map(|((copy, link), functions)| FunctionLink {
        link: keeper.keep_copy(&name, copy, link),
        functions,
    });
    Ok(kept.collect())
}

fn attach_copy(
    name: &str,
    program: &ProgramMut<'_>,
    function: Option<u32>,
) -> Result<(OwnedFd, OwnedFd)> {
    let function = function.context("the kernel has no type of it")?;
    let copy = bpf::load_fentry(name, program.insns(), function)?;
    let link = bpf::attach_fentry(copy.as_fd())?;
    Ok((copy, link))
}

fn refused(functions: &BTreeSet<String>) -> String {
    let some: Vec<&str> = functions.iter().take(3).map(String::as_str).collect();
    let more = if functions.len() > some.len() { ", ..." } else { "" };
    let plural = if functions.len() == 1 { "" } else { "s" };
    format!("failed to attach to {} function{plural} ({}{more})", functions.len(), some.join(", "))
}
