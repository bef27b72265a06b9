//! Programs that a route needs, and what the kernel knows about them: their cost to the verifier.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use syscalls::{Abi, Slot};

use super::needed_programs::of_route;
use super::{Bpf, DISPATCHER};
use crate::bpf::{ProgramFacts, program_facts};
use crate::plan::Route;

impl Bpf<'_> {
    /// Returns the names of the programs that a route needs: the one that takes its calls to the table, and those that
    /// run for them at the entry, at the return, and to know what its filters ask for.
    pub fn programs_of_route(&self, slot: Slot, route: &Route) -> BTreeSet<String> {
        let mut names = of_route(slot, route, &self.handlers, self.are_returns_free());
        if slot.abi() != Abi::IoUring && !slot.abi().is_probe() {
            names.insert(DISPATCHER.to_owned());
        }
        let chains = route.rules.iter().flat_map(|rule| &rule.chain);
        names.extend(chains.map(|object| object_file(&object.handler.name)));
        names
    }

    /// Returns what the kernel knows about a program; `None` if it is not loaded yet.
    ///
    /// # Errors
    /// Fails if the kernel does not report it.
    pub fn program_facts(&self, name: &str) -> Result<Option<ProgramFacts>> {
        let program = match name.strip_suffix(OBJECT) {
            Some(handler) => self.chained_program(handler),
            None => self.programs.loaded_by_name(&self.skeleton, name),
        };
        let facts = program.map(program_facts).transpose();
        facts.with_context(|| format!("failed to ask the kernel about the program {name}"))
    }
}

/// End of the name of a program that is an object of its own, behind the name of its handler.
const OBJECT: &str = ".bpf.o";

fn object_file(handler: &str) -> String {
    format!("{handler}{OBJECT}")
}
