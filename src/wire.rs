//! Plan in, the kernel's table out. A reload writes every slot of the bank that is not live, flips one
//! word, and waits until nobody can still be reading the old bank. A call is judged by one bank or the
//! other, never by a mixture; on any error the old bank stays live. None of the bpf(2) calls here
//! makes the kernel skip programs, see `books` in bpf/maps.h.

mod env;

use std::collections::{BTreeMap, BTreeSet};
use std::mem::size_of;
use std::os::fd::RawFd;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use anyhow::{Context as _, Result};
use libbpf_rs::{ErrorKind, MapFlags};

use crate::bpf::types::{self, call_flag};
use crate::config::{Paths, Results};
use crate::load::Bpf;
use crate::plan::{Plan, Route, env_names};
use crate::syscalls::{Abi, Slot, number};

const BANK_SLOTS: u32 = types::table_size::BANK_SLOTS.0;

/// The table in the kernel.
#[derive(Debug, Default)]
pub struct Table {
    /// Of the live bank; 0 is the empty table, and the one that the self-test uses.
    generation: u32,
    /// What the live bank routes.
    slots: BTreeSet<Slot>,
    /// Whose results it asks for.
    results: BTreeSet<Slot>,
    /// Whose returns are looked at: for those, and for calls that the table before judged.
    returns: BTreeSet<Slot>,
    /// Programs may still be reading the bank that is not live.
    overlaps: bool,
}

impl Table {
    /// The table as it is after a load: empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of the live bank.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Whether the results of calls of that slot come; for a while also those of calls that the table
    /// before judged.
    pub fn awaits(&self, slot: Slot) -> bool {
        self.returns.contains(&slot)
    }

    /// Looks no longer for results that only the table before asked for. `false` if there are none.
    pub fn forget_old_results(&mut self, bpf: &mut Bpf<'_>) -> bool {
        if self.returns == self.results {
            return false;
        }
        self.returns.clone_from(&self.results);
        bpf.leave_other_returns(&self.returns);
        true
    }

    /// Makes the plan the live table, as the next generation, and waits until no call is judged by
    /// the one before.
    ///
    /// # Errors
    /// When the kernel refuses a slot; the table that was live before still is.
    pub fn apply(&mut self, bpf: &mut Bpf<'_>, plan: &Plan) -> Result<()> {
        self.go_live(bpf, plan)?;
        self.wait(bpf)?;
        self.leave_others(bpf);
        Ok(())
    }

    /// As `apply`, but whoever changes the table next waits: at a start nobody asks what the table
    /// before judged.
    ///
    /// # Errors
    /// As `apply`.
    pub fn apply_at_once(&mut self, bpf: &mut Bpf<'_>, plan: &Plan) -> Result<()> {
        self.go_live(bpf, plan)?;
        self.leave_others(bpf);
        Ok(())
    }

    fn go_live(&mut self, bpf: &mut Bpf<'_>, plan: &Plan) -> Result<()> {
        let programs: Result<BTreeMap<Slot, RawFd>> = plan
            .routes
            .iter()
            .map(|(slot, route)| {
                let program = bpf.program(route.handler);
                Ok((*slot, program.with_context(|| format!("{slot}: no such handler"))?))
            })
            .collect();
        self.switch(bpf, &programs?, &plan.routes, self.generation + 1)?;
        self.overlaps = true;
        Ok(())
    }

    /// Makes a table live whose only slot answers our own test call. Only as the first one: then
    /// nobody is in a table.
    ///
    /// # Errors
    /// As `apply`.
    pub fn apply_selftest(&mut self, bpf: &mut Bpf<'_>, slot: Slot) -> Result<()> {
        let programs = BTreeMap::from([(slot, bpf.selftest_program())]);
        self.switch(bpf, &programs, &BTreeMap::new(), 0)
    }

    /// The calls that the new table routes come to the dispatcher before it is live.
    fn switch(
        &mut self,
        bpf: &mut Bpf<'_>,
        programs: &BTreeMap<Slot, RawFd>,
        routes: &BTreeMap<Slot, Route>,
        generation: u32,
    ) -> Result<()> {
        self.wait(bpf)?;
        let idle = BANK_SLOTS - bpf.shared.bank().load(SeqCst);
        let env_names = env_names(routes);
        let routes = Wanted { routes, env_names, returns_are_free: bpf.are_returns_free() };
        let results = routes.returns();
        let returns = results.union(&self.results).copied().collect();
        let prepared = bpf
            .reach(programs.keys())
            .and_then(|()| bpf.reach_returns(&returns))
            .and_then(|()| fill(bpf, idle, programs, &routes, &returns, generation));
        if prepared.is_err() {
            self.leave_others(bpf);
            return prepared;
        }
        bpf.shared.bank().store(idle, SeqCst);
        self.results = results;
        self.returns = returns;
        self.generation = generation;
        self.slots = programs.keys().copied().collect();
        Ok(())
    }

    fn leave_others(&self, bpf: &mut Bpf<'_>) {
        bpf.leave_others(self.slots.iter());
        bpf.leave_other_returns(&self.returns);
    }

    fn wait(&mut self, bpf: &Bpf<'_>) -> Result<()> {
        if self.overlaps {
            bpf.wait_for_grace()?;
            self.overlaps = false;
        }
        Ok(())
    }
}

/// Writes the bank that begins there, whatever it held.
fn fill(
    bpf: &Bpf<'_>,
    bank: u32,
    programs: &BTreeMap<Slot, RawFd>,
    routes: &Wanted<'_>,
    returns: &BTreeSet<Slot>,
    generation: u32,
) -> Result<()> {
    env::write(bpf, bank, &routes.env_names);
    for slot in slots() {
        let index = bank + u32::from(slot.index());
        write_program(bpf, index, programs.get(&slot))
            .with_context(|| format!("failed to wire {slot}"))?;
        write_route(bpf, index, &routes.settings(slot, returns.contains(&slot), generation));
    }
    Ok(())
}

/// Whatever the slot held before, it holds that program now, or none.
fn write_program(bpf: &Bpf<'_>, index: u32, program: Option<&RawFd>) -> libbpf_rs::Result<()> {
    let key = index.to_ne_bytes();
    let Some(program) = program else {
        return match bpf.syscalls().delete(&key) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            result => result,
        };
    };
    bpf.syscalls().update(&key, &program.to_ne_bytes(), MapFlags::ANY)
}

fn write_route(bpf: &Bpf<'_>, index: u32, wire: &types::route) {
    let bytes = encode(wire);
    let words = bpf.shared.route(index).into_iter().flatten();
    for (word, bytes) in words.zip(bytes.chunks_exact(size_of::<u32>())) {
        word.store(bytes.try_into().map_or(0, u32::from_ne_bytes), Relaxed);
    }
}

const ROUTE_SIZE: usize = size_of::<types::route>();
const UNROUTED: types::route = types::route {
    generation: 0,
    handler: 0,
    priority: 0,
    variant: 0,
    argv_bytes: 0,
    env: 0,
    buffer_bytes: 0,
    flags: 0,
};

/// The routes, and what the kernel is to do for them.
struct Wanted<'a> {
    routes: &'a BTreeMap<Slot, Route>,
    /// The environment variables that they ask for.
    env_names: BTreeSet<&'a str>,
    /// Returns can be awaited at no cost to other syscalls.
    returns_are_free: bool,
}

impl Wanted<'_> {
    /// What a slot of the bank that is written holds, routed or not. `at_exit`: its returns are looked at.
    fn settings(&self, slot: Slot, at_exit: bool, generation: u32) -> types::route {
        let routed = self.routes.get(&slot).map(|route| types::route {
            generation,
            handler: route.handler,
            priority: route.priority,
            variant: route.variant,
            // The configuration refuses what has no room there.
            argv_bytes: u16::try_from(route.argv_bytes).unwrap_or(u16::MAX),
            env: env::bits(route, &self.env_names),
            buffer_bytes: route.buffer_bytes,
            flags: self.flags(route),
        });
        let mut wire = routed.unwrap_or(UNROUTED);
        wire.flags |= if at_exit { call_flag::CALL_AT_EXIT.0 } else { 0 };
        wire
    }

    /// `enum call_flag`.
    fn flags(&self, route: &Route) -> u32 {
        let result = call_flag::CALL_RESULT.0;
        let results = match route.results {
            Results::None => 0,
            Results::All => result,
            Results::Failed => result | call_flag::CALL_ONLY_FAILED.0,
        };
        let is_exact = match route.paths {
            Paths::Auto => self.returns_are_free,
            Paths::Entry => false,
            Paths::Exact => true,
        };
        results | if is_exact { call_flag::CALL_MEMORY.0 } else { 0 }
    }

    /// The slots whose calls' ends are asked for. A program that was executed returns from `execve`, by
    /// the ABI of the new program, whichever way it was executed (arch/x86/kernel/process_64.c,
    /// set_personality_64bit).
    fn returns(&self) -> BTreeSet<Slot> {
        let asked = self.routes.iter().filter(|(_, route)| self.flags(route) != 0);
        let mut slots: BTreeSet<Slot> = asked.map(|(&slot, _)| slot).collect();
        let execve = Abi::ALL.into_iter().filter_map(|abi| Slot::new(abi, number(abi, "execve")?));
        if slots.iter().any(|slot| matches!(slot.name(), Some("execve" | "execveat"))) {
            slots.extend(execve);
        }
        slots
    }
}

/// `struct route`.
fn encode(wire: &types::route) -> [u8; ROUTE_SIZE] {
    let mut bytes = [0; ROUTE_SIZE];
    let parts: [(usize, &[u8]); 8] = [
        (std::mem::offset_of!(types::route, generation), &wire.generation.to_ne_bytes()),
        (std::mem::offset_of!(types::route, handler), &wire.handler.to_ne_bytes()),
        (std::mem::offset_of!(types::route, priority), &[wire.priority]),
        (std::mem::offset_of!(types::route, variant), &[wire.variant]),
        (std::mem::offset_of!(types::route, argv_bytes), &wire.argv_bytes.to_ne_bytes()),
        (std::mem::offset_of!(types::route, env), &wire.env.to_ne_bytes()),
        (std::mem::offset_of!(types::route, buffer_bytes), &wire.buffer_bytes.to_ne_bytes()),
        (std::mem::offset_of!(types::route, flags), &wire.flags.to_ne_bytes()),
    ];
    for (at, part) in parts {
        bytes[at..at + part.len()].copy_from_slice(part);
    }
    bytes
}

fn slots() -> impl Iterator<Item = Slot> {
    (0..).map_while(Slot::from_index)
}
