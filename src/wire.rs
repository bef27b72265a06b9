//! Plan in, the kernel's table out. A reload fills the bank that is not live, reads it back, flips
//! one word, waits until nobody can still be reading the old bank, and empties it. A call is judged
//! by one bank or the other, never by a mixture; on any error the old bank stays live.

use std::collections::BTreeMap;
use std::mem::size_of;
use std::sync::atomic::Ordering::SeqCst;

use anyhow::{Context as _, Result, bail};
use libbpf_rs::MapFlags;

use crate::bpf::types;
use crate::load::{Bpf, Loaded};
use crate::plan::{Plan, Route};
use crate::syscalls::Slot;

const BANK_SLOTS: u32 = types::table_size::BANK_SLOTS.0;

/// The table in the kernel.
#[derive(Debug)]
pub struct Table {
    /// Of the live bank; 0 is the empty table, and the one that the self-test uses.
    generation: u32,
    /// What the live bank holds.
    live: BTreeMap<Slot, Loaded>,
}

impl Table {
    /// The table as it is after a load: empty.
    pub fn new() -> Self {
        Self { generation: 0, live: BTreeMap::new() }
    }

    /// Of the live bank.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Makes the plan the live table, as the next generation.
    ///
    /// # Errors
    /// When the kernel refuses a slot or shows another content than was written. The table that was
    /// live before still is.
    pub fn apply(&mut self, bpf: &Bpf<'_>, plan: &Plan) -> Result<()> {
        let programs: Result<BTreeMap<Slot, Loaded>> = plan
            .routes
            .iter()
            .map(|(slot, route)| {
                let program = bpf.program(route.handler);
                Ok((*slot, program.with_context(|| format!("{slot}: no such handler"))?))
            })
            .collect();
        self.switch(bpf, programs?, &plan.routes, self.generation + 1)
    }

    /// Makes a table live whose only slot answers our own test call.
    ///
    /// # Errors
    /// As `apply`.
    pub fn apply_selftest(&mut self, bpf: &Bpf<'_>, slot: Slot) -> Result<()> {
        let programs = BTreeMap::from([(slot, bpf.selftest_program()?)]);
        self.switch(bpf, programs, &BTreeMap::new(), 0)
    }

    fn switch(
        &mut self,
        bpf: &Bpf<'_>,
        programs: BTreeMap<Slot, Loaded>,
        routes: &BTreeMap<Slot, Route>,
        generation: u32,
    ) -> Result<()> {
        let live = bpf.shared.bank().load(SeqCst);
        let idle = BANK_SLOTS - live;
        if let Err(error) = fill(bpf, idle, &programs, routes, generation) {
            empty(bpf, idle, &programs)?;
            return Err(error);
        }
        bpf.shared.bank().store(idle, SeqCst);
        let old = std::mem::replace(&mut self.live, programs);
        self.generation = generation;
        bpf.wait_for_grace()?;
        empty(bpf, live, &old)
    }
}

impl Default for Table {
    fn default() -> Self {
        Self::new()
    }
}

fn fill(
    bpf: &Bpf<'_>,
    bank: u32,
    programs: &BTreeMap<Slot, Loaded>,
    routes: &BTreeMap<Slot, Route>,
    generation: u32,
) -> Result<()> {
    write_routes(bpf, bank, routes, generation)?;
    for (slot, program) in programs {
        let value = program.fd.to_ne_bytes();
        let updated = bpf.syscalls().update(&key(bank, *slot), &value, MapFlags::ANY);
        updated.with_context(|| format!("failed to wire {slot}"))?;
    }
    verify(bpf, bank, programs)
}

/// All settings of a bank in one call; a slot without a route gets zeroes.
fn write_routes(
    bpf: &Bpf<'_>,
    bank: u32,
    routes: &BTreeMap<Slot, Route>,
    generation: u32,
) -> Result<()> {
    let keys: Vec<u8> = (bank..bank + BANK_SLOTS).flat_map(u32::to_ne_bytes).collect();
    let values: Vec<u8> = slots()
        .flat_map(|slot| routes.get(&slot).map_or(UNROUTED, |route| encode(route, generation)))
        .collect();
    let flags = MapFlags::ANY;
    let updated = bpf.routes().update_batch(&keys, &values, BANK_SLOTS, flags, flags);
    updated.context("failed to write the settings of the routes")
}

const ROUTE_SIZE: usize = size_of::<types::route>();
const UNROUTED: [u8; ROUTE_SIZE] = [0; ROUTE_SIZE];

/// `struct route`.
fn encode(route: &Route, generation: u32) -> [u8; ROUTE_SIZE] {
    let wire = types::route {
        generation,
        handler: route.handler,
        priority: route.priority,
        variant: route.variant,
        argv_bytes: route.argv_bytes,
    };
    let mut bytes = UNROUTED;
    let parts: [(usize, &[u8]); 5] = [
        (std::mem::offset_of!(types::route, generation), &wire.generation.to_ne_bytes()),
        (std::mem::offset_of!(types::route, handler), &wire.handler.to_ne_bytes()),
        (std::mem::offset_of!(types::route, priority), &[wire.priority]),
        (std::mem::offset_of!(types::route, variant), &[wire.variant]),
        (std::mem::offset_of!(types::route, argv_bytes), &wire.argv_bytes.to_ne_bytes()),
    ];
    for (at, part) in parts {
        bytes[at..at + part.len()].copy_from_slice(part);
    }
    bytes
}

/// Reads every slot of the bank back: a table that is not what the plan says must not go live.
fn verify(bpf: &Bpf<'_>, bank: u32, programs: &BTreeMap<Slot, Loaded>) -> Result<()> {
    for slot in slots() {
        let found = bpf.syscalls().lookup(&key(bank, slot), MapFlags::ANY);
        let found = found.with_context(|| format!("failed to read the slot of {slot} back"))?;
        let found = found.and_then(|bytes| Some(u32::from_ne_bytes(bytes.try_into().ok()?)));
        let wanted = programs.get(&slot).map(|program| program.id);
        if found != wanted {
            bail!("the slot of {slot} holds {found:?} where {wanted:?} was written");
        }
    }
    Ok(())
}

fn empty(bpf: &Bpf<'_>, bank: u32, programs: &BTreeMap<Slot, Loaded>) -> Result<()> {
    for slot in programs.keys() {
        match bpf.syscalls().delete(&key(bank, *slot)) {
            Err(error) if error.kind() != libbpf_rs::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("failed to empty the slot of {slot}"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn slots() -> impl Iterator<Item = Slot> {
    (0..).map_while(Slot::from_index)
}

fn key(bank: u32, slot: Slot) -> [u8; 4] {
    (bank + u32::from(slot.index())).to_ne_bytes()
}
