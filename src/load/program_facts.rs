//! Programs that a route needs, and what the kernel knows about them: their cost to the verifier.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use syscalls::{Abi, Slot};

use super::kind_arrays::{kind_of, name_of};
use super::needed_programs::of_route;
use super::object::shares_the_table;
use super::{Bpf, DISPATCHER};
use crate::bpf::{ProgramFacts, program_facts};
use crate::plan::Route;

impl Bpf<'_> {
    /// Returns the names of the programs that a route needs: the one that takes its calls to the table, and those that
    /// run for them at the entry, at the return, and to know what its filters ask for. The programs of a probe whose kind
    /// has a type of its own have the kind at the end of their names.
    pub fn programs_of_route(&self, slot: Slot, route: &Route) -> BTreeSet<String> {
        let mut names = of_route(slot, route, &self.handlers, self.are_returns_free());
        if slot.abi() != Abi::IoUring && !slot.abi().is_probe() {
            names.insert(DISPATCHER.to_owned());
        }
        let chains = route.rules.iter().flat_map(|rule| &rule.chain);
        names.extend(chains.map(|object| object_file(&object.handler.name)));
        match self.own_kind(slot) {
            Some(kind) => names.into_iter().map(|name| name_in(kind, name)).collect(),
            None => names,
        }
    }

    /// Returns what the kernel knows about a program; `None` if it is not loaded yet.
    ///
    /// # Errors
    /// Fails if the kernel does not report it.
    pub fn program_facts(&self, name: &str) -> Result<Option<ProgramFacts>> {
        let (kind, own_name) = kind_of(name);
        let program = match (kind, own_name.strip_suffix(OBJECT)) {
            (_, Some(handler)) => self.chained_program(kind, handler),
            (Some(kind), None) => self.kinds.get(&kind).and_then(|kind| kind.by_name(own_name)),
            (None, None) => self.programs.loaded_by_name(&self.skeleton, own_name),
        };
        let facts = program.map(program_facts).transpose();
        facts.with_context(|| format!("failed to ask the kernel about the program {name}"))
    }
}

/// End of the name of a program that is an object of its own, behind the name of its handler.
const OBJECT: &str = ".bpf.o";

/// Returns the name of a program that a kind of probes has a copy of.
fn name_in(kind: Abi, name: String) -> String {
    if shares_the_table(&name) || name.ends_with(OBJECT) { name_of(&name, kind) } else { name }
}

fn object_file(handler: &str) -> String {
    format!("{handler}{OBJECT}")
}
