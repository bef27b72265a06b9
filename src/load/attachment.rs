//! Links of a program. A tracepoint is attached to for all syscalls, as long as any is routed; a function while
//! its own syscall is routed.
//!
//! No function is ever in two links: both would call the program, and around a flip of the table it
//! could not tell which of the two is meant. So a reload attaches one link to what it adds, and a link
//! goes when none of its functions is routed any more; until then, those that are not find an empty
//! slot. One link a function would be exact, but 300 of them took 7 s to attach and 41 s to go (6.12,
//! emulated), against 46 and 89 ms for one link with all. At fentry there is no other way: 8 functions
//! took 0.1 s to attach and 0.2 to 1 s to go, 32 took 0.35 and 0.8 to 4.3 s (5.10, 6.1, emulated).

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use anyhow::Result;
use libbpf_rs::ProgramMut;
use syscalls::Slot;

use super::attach::{Attach, Side};
use super::function_links::{self, FunctionLink};
use super::functions::Functions;
use super::kept_link::{self, KeptLink, LinkKeeper};

/// Links of one program: the dispatcher at the entry of calls, or another one at their return.
#[derive(Debug)]
pub(super) struct Attachment {
    side: Side,
    attach: Attach,
    functions: Functions,
    tracepoint: Option<KeptLink>,
    links: Vec<FunctionLink>,
    /// Misses of links that are gone.
    misses: u64,
}

/// Functions of links, by the name of the link.
pub type LinkFunctions = BTreeMap<String, BTreeSet<String>>;

impl Attachment {
    /// Creates an attachment without links.
    pub fn new(side: Side, attach: Attach, functions: Functions) -> Self {
        Self { side, attach, functions, tracepoint: None, links: Vec::new(), misses: 0 }
    }

    /// Takes the links of the previous daemon. `functions` are those that each link to functions had, by its name; a
    /// link that is not among them is of a table that never was live, and goes.
    pub fn adopt(&mut self, links: Vec<KeptLink>, functions: &LinkFunctions) {
        for link in links {
            match (self.attach, functions.get(link.name()).cloned()) {
                (Attach::Function | Attach::Session, Some(functions)) => {
                    self.links.push(FunctionLink { link, functions });
                }
                (Attach::Fentry, Some(functions)) => {
                    self.links.push(FunctionLink { link: link.with_copy(), functions });
                }
                (Attach::Fentry, None) => drop(link.with_copy()),
                (Attach::Function | Attach::Session, None) => {}
                _ => self.tracepoint = Some(link),
            }
        }
    }

    /// Returns the functions of each link, by its name.
    pub fn functions(&self) -> impl Iterator<Item = (String, BTreeSet<String>)> {
        self.links.iter().map(|link| (link.link.name().to_owned(), link.functions.clone()))
    }

    /// Attaches the program to calls of these slots, beside those that it is attached to.
    ///
    /// # Errors
    /// Fails if the kernel refuses; then nothing has changed.
    pub fn attach_slots<'a, 'p>(
        &mut self,
        keeper: &LinkKeeper,
        program: impl Fn() -> Result<&'p ProgramMut<'p>>,
        slots: impl Iterator<Item = &'a Slot>,
    ) -> Result<()> {
        let slots: Vec<&Slot> = slots.collect();
        if self.tracepoint.is_none() && !slots.is_empty() {
            let program = program()?;
            let link = self.attach.attach_to_all(program, self.side)?;
            self.tracepoint = link.map(|link| keeper.keep(program, link));
        }
        let reached = |name: &String| self.links.iter().any(|link| link.functions.contains(name));
        let functions: BTreeSet<String> = self
            .functions_of(slots.into_iter())
            .into_iter()
            .filter(|name| !reached(name))
            .collect();
        if !functions.is_empty() {
            let program = program()?;
            let kind = (self.attach, self.side);
            let links = function_links::attach(kind, keeper, program, &self.functions, functions)?;
            self.links.extend(links);
        }
        Ok(())
    }

    /// Detaches the program from all slots except these.
    pub fn detach_unused<'a>(&mut self, slots: impl Iterator<Item = &'a Slot>) {
        let slots: Vec<&Slot> = slots.collect();
        if slots.is_empty() {
            self.tracepoint = None;
        }
        let needed = self.functions_of(slots.into_iter());
        let unused = |link: &FunctionLink| link.functions.is_disjoint(&needed);
        let (gone, links) = std::mem::take(&mut self.links).into_iter().partition(unused);
        self.links = links;
        self.go(gone);
    }

    /// Detaches the program from everything.
    pub fn detach_all(&mut self) {
        self.misses = self.misses();
        let links = self.links.drain(..).map(|link| link.link);
        kept_link::detach(links.chain(self.tracepoint.take()).collect());
    }

    /// Drops links. The kernel waits until no task can be in the code that it removes, 89 ms and more, so they
    /// are dropped in a thread; at once where none can be had.
    fn go(&mut self, gone: Vec<FunctionLink>) {
        self.misses += gone.iter().map(|link| link.link.misses()).sum::<u64>();
        if !gone.is_empty() {
            let gone = gone.into_iter().map(|link| link.link).collect();
            let _ = thread::Builder::new().spawn(move || kept_link::detach(gone));
        }
    }

    /// Returns the calls that the kernel missed because it was in a program of the same task already.
    pub fn misses(&self) -> u64 {
        self.misses + self.links.iter().map(|link| link.link.misses()).sum::<u64>()
    }

    /// Returns those of links that are gone, which no later daemon can read.
    pub fn misses_of_gone(&self) -> u64 {
        self.misses
    }

    /// Returns the slots that have no function to attach to.
    pub fn unattachable<'a>(&self, slots: impl Iterator<Item = &'a Slot>) -> Vec<Slot> {
        let hidden =
            |slot: &Slot| self.attach.is_at_functions() && self.functions.of(*slot).is_none();
        slots.copied().filter(hidden).collect()
    }

    /// Returns the kind of hook.
    pub fn attach(&self) -> Attach {
        self.attach
    }

    fn functions_of<'a>(&self, slots: impl Iterator<Item = &'a Slot>) -> BTreeSet<String> {
        if !self.attach.is_at_functions() {
            return BTreeSet::new();
        }
        slots.filter_map(|&slot| self.functions.of(slot)).map(str::to_owned).collect()
    }
}
