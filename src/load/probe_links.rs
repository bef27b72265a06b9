//! Links of `probe`, the dispatcher of probes. Functions are attached to together, and each knows its slot by a cookie; at
//! a tracepoint, each probe has a copy of the program with its slot in it.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;

use anyhow::{Context as _, Result};
use libbpf_rs::{KprobeMultiOpts, ProgramMut};
use syscalls::{Abi, Slot};

use super::attach::Attach;
use super::attachment::LinkFunctions;
use super::dispatchers::PROBE;
use super::function_links::FunctionLink;
use super::kept_link::{self, KeptLink, LinkKeeper};
use crate::bpf::{ProgramCopy, TracepointKey};
use crate::probes;

/// Links of the program.
#[derive(Debug, Default)]
pub(super) struct ProbeLinks {
    /// Links with the keys of their probes.
    links: Vec<FunctionLink>,
    /// Misses of links that are gone.
    misses: u64,
}

/// Loads a copy of the program and attaches it, in whichever thread may. Returns both.
pub(super) type AttachCopy<'a> =
    &'a mut dyn FnMut(ProgramCopy, TracepointKey) -> Result<(OwnedFd, OwnedFd)>;

impl ProbeLinks {
    /// Takes the links of the previous daemon. One that is not among `functions` is of a table that never was live, and
    /// goes.
    pub fn adopt(&mut self, links: Vec<KeptLink>, functions: &LinkFunctions) {
        for link in links {
            let functions = functions.get(link.name()).cloned();
            let is_of_functions = functions.iter().flatten().any(|key| is_function(key));
            let link = if is_of_functions { link } else { link.with_copy() };
            self.links.extend(functions.map(|functions| FunctionLink { link, functions }));
        }
    }

    /// Returns the keys of the probes of each link, by its name.
    pub fn functions(&self) -> impl Iterator<Item = (String, BTreeSet<String>)> {
        self.links.iter().map(|link| (link.link.name().to_owned(), link.functions.clone()))
    }

    /// Returns the probes among the slots that have no link yet.
    pub fn unattached(&self, slots: &[Slot]) -> Vec<Slot> {
        let has = |slot: &Slot| {
            let key = probes::key(*slot);
            self.links.iter().any(|link| link.functions.contains(&key))
        };
        slots.iter().copied().filter(|slot| !has(slot)).collect()
    }

    /// Takes links of probes that had none.
    pub fn add(&mut self, links: Vec<FunctionLink>) {
        self.links.extend(links);
    }

    /// Detaches the program from all probes except these.
    pub fn detach_unused(&mut self, slots: &[Slot]) {
        let needed: BTreeSet<String> = slots.iter().map(|slot| probes::key(*slot)).collect();
        let unused = |link: &FunctionLink| link.functions.is_disjoint(&needed);
        let (gone, links): (Vec<_>, _) =
            std::mem::take(&mut self.links).into_iter().partition(unused);
        self.links = links;
        self.misses += gone.iter().map(|link| link.link.misses()).sum::<u64>();
        if !gone.is_empty() {
            // The kernel waits until no task can be in what it removes.
            let gone = gone.into_iter().map(|link| link.link).collect();
            let _ = std::thread::Builder::new().spawn(move || kept_link::detach(gone));
        }
    }

    /// Detaches the program from everything.
    pub fn detach_all(&mut self) {
        self.misses = self.misses();
        kept_link::detach(self.links.drain(..).map(|link| link.link).collect());
    }

    /// Returns the probes that the kernel skipped because it was in a program already.
    pub fn misses(&self) -> u64 {
        self.misses + self.links.iter().map(|link| link.link.misses()).sum::<u64>()
    }

    /// Returns those of links that are gone, which no later daemon can read.
    pub fn misses_of_gone(&self) -> u64 {
        self.misses
    }
}

/// Returns the hook whose programs have the type that probes of a kind take.
pub fn hook_of(kind: Abi) -> Option<Attach> {
    match kind {
        Abi::Kprobe => Some(Attach::Function),
        Abi::Tracepoint => Some(Attach::Tracepoint),
        Abi::RawTracepoint => Some(Attach::RawTracepoint),
        _ => None,
    }
}

fn is_function(key: &str) -> bool {
    matches!(probes::parse(key), Some((Abi::Kprobe, _)))
}

/// Attaches the program to these functions.
///
/// # Errors
/// Fails if the kernel refuses one; then none is attached.
pub(super) fn attach_functions(
    keeper: &LinkKeeper,
    program: &ProgramMut<'_>,
    slots: &[Slot],
) -> Result<Vec<FunctionLink>> {
    let options = KprobeMultiOpts {
        symbols: slots.iter().map(|slot| probes::symbol(*slot)).collect(),
        cookies: slots.iter().map(|slot| slot.index().into()).collect(),
        ..KprobeMultiOpts::default()
    };
    let functions: BTreeSet<String> = slots.iter().map(|slot| probes::key(*slot)).collect();
    let some: Vec<&str> = functions.iter().take(3).map(String::as_str).collect();
    let link = program.attach_kprobe_multi_with_opts(options);
    let link = link.with_context(|| {
        format!("failed to attach to {} functions ({}, ...)", functions.len(), some.join(", "))
    })?;
    Ok(vec![FunctionLink { link: keeper.keep(program, link), functions }])
}

/// Attaches copies of the program to these tracepoints.
///
/// # Errors
/// Fails if the kernel refuses one; then none is attached.
pub(super) fn attach_copies(
    keeper: &LinkKeeper,
    program: &ProgramMut<'_>,
    slots: &[Slot],
    attach: AttachCopy<'_>,
) -> Result<Vec<FunctionLink>> {
    let mut attach = |slot: Slot| {
        let at = tracepoint(slot)?;
        let copy = ProgramCopy::for_slot(program.insns(), slot.index(), &at)?;
        let (copy, link) = attach(copy, at)
            .with_context(|| format!("failed to attach to {}", probes::key(slot)))?;
        anyhow::Ok((slot, copy, link))
    };
    let made: Vec<_> = slots.iter().map(|&slot| attach(slot)).collect::<Result<_>>()?;
    let keep = |(slot, copy, link)| FunctionLink {
        link: keeper.keep_copy(PROBE, copy, link),
        functions: BTreeSet::from([probes::key(slot)]),
    };
    Ok(made.into_iter().map(keep).collect())
}

fn tracepoint(slot: Slot) -> Result<TracepointKey> {
    let name = slot.to_string();
    Ok(match slot.abi() {
        Abi::RawTracepoint => TracepointKey::Raw(name),
        _ => TracepointKey::Classic(probes::tracepoint_id(&name).map_err(anyhow::Error::msg)?),
    })
}
