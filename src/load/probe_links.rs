//! Links of `probe`, the dispatcher of probes. Functions are attached to together, and each knows its slot by a cookie; at
//! a tracepoint, each probe has a copy of the program with its slot in it. The programs of one table are of one type, so
//! there are probes of one kind at a time.

use std::collections::BTreeSet;
use std::os::fd::{AsFd as _, OwnedFd};

use anyhow::{Context as _, Result, bail};
use libbpf_rs::{KprobeMultiOpts, ProgramMut};
use syscalls::{Abi, Slot};

use super::attach::Attach;
use super::attachment::LinkFunctions;
use super::function_links::FunctionLink;
use super::kept_link::{self, KeptLink, LinkKeeper};
use crate::bpf::{self, ProgramCopy};
use crate::probes;

/// Name of the program, and of its copies.
pub(super) const PROBE: &str = "probe";

/// Links of the program.
#[derive(Debug)]
pub(super) struct ProbeLinks {
    attach: Attach,
    /// Links with the keys of their probes.
    links: Vec<FunctionLink>,
    /// Misses of links that are gone.
    misses: u64,
}

/// Loads a copy of the program, in whichever thread may.
pub(super) type LoadCopy<'a> = &'a mut dyn FnMut(ProgramCopy) -> Result<OwnedFd>;

impl ProbeLinks {
    /// Creates an attachment without links.
    pub fn new(attach: Attach) -> Self {
        Self { attach, links: Vec::new(), misses: 0 }
    }

    /// Takes the links of the previous daemon. One that is not among `functions` is of a table that never was live, and
    /// goes.
    pub fn adopt(&mut self, links: Vec<KeptLink>, functions: &LinkFunctions) {
        let is_copied = self.attach != Attach::Function;
        for link in links {
            let functions = functions.get(link.name()).cloned();
            let link = if is_copied { link.with_copy() } else { link };
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

    /// Attaches the program to these probes.
    ///
    /// # Errors
    /// Fails if the kernel refuses one; then none is attached.
    pub fn attach(
        &mut self,
        keeper: &LinkKeeper,
        program: &ProgramMut<'_>,
        slots: &[Slot],
        load: LoadCopy<'_>,
    ) -> Result<()> {
        if let Some(other) = slots.iter().find(|slot| !self.is_of_type(slot.abi())) {
            bail!("{}", misfit(*other, self.attach));
        }
        let links = if self.attach == Attach::Function {
            attach_functions(keeper, program, slots)?
        } else {
            self.attach_copies(keeper, program, slots, load)?
        };
        self.links.extend(links);
        Ok(())
    }

    fn attach_copies(
        &self,
        keeper: &LinkKeeper,
        program: &ProgramMut<'_>,
        slots: &[Slot],
        load: LoadCopy<'_>,
    ) -> Result<Vec<FunctionLink>> {
        let is_raw = self.attach == Attach::RawTracepoint;
        let mut attach = |slot: Slot| {
            let copy = ProgramCopy::for_slot(program.insns(), slot.index(), is_raw)?;
            let copy = load(copy)?;
            let link = attach_copy(&copy, slot, is_raw)
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

    fn is_of_type(&self, kind: Abi) -> bool {
        hook_of(kind) == Some(self.attach)
    }
}

/// Returns the hook whose programs have the type that probes of a kind take.
pub(super) fn hook_of(kind: Abi) -> Option<Attach> {
    match kind {
        Abi::Kprobe => Some(Attach::Function),
        Abi::Tracepoint => Some(Attach::Tracepoint),
        Abi::RawTracepoint => Some(Attach::RawTracepoint),
        _ => None,
    }
}

fn misfit(slot: Slot, attach: Attach) -> String {
    format!(
        "{} cannot be added to this table: the programs of one program array must all be of one type, and those of this \
         table were loaded for {attach}; restart tailcalld, which then chooses a type for all",
        probes::key(slot)
    )
}

fn attach_functions(
    keeper: &LinkKeeper,
    program: &ProgramMut<'_>,
    slots: &[Slot],
) -> Result<Vec<FunctionLink>> {
    let options = KprobeMultiOpts {
        symbols: slots.iter().map(Slot::to_string).collect(),
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

fn attach_copy(copy: &OwnedFd, slot: Slot, is_raw: bool) -> Result<OwnedFd> {
    let name = slot.to_string();
    if is_raw {
        return Ok(bpf::attach_raw_tracepoint(copy.as_fd(), &name)?);
    }
    let id = probes::tracepoint_id(&name).map_err(anyhow::Error::msg)?;
    Ok(bpf::attach_tracepoint(copy.as_fd(), id)?)
}
