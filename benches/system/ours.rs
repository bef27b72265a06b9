//! The real table in the kernel, loaded by this process, without a consumer: for routes that give
//! no events. Detached when dropped.

use std::collections::BTreeMap;
use std::mem::MaybeUninit;

use anyhow::{Context as _, Result};
use syscalls::{Abi, Slot, number};
use tailcalld::config::AttachTo;
use tailcalld::handlers::Handlers;
use tailcalld::load::{self, AttachMode, Bpf, Rings, Wanted};
use tailcalld::plan::{Plan, Route, Routes, Rule};
use tailcalld::table::Table;

/// The object, its table, and the dispatcher attached.
pub struct Ours {
    pub bpf: Bpf<'static>,
    pub table: Table,
}

impl Ours {
    pub fn attach(plan: impl FnOnce(&Handlers) -> Result<Plan>) -> Result<Self> {
        let choice = AttachMode::choose(AttachTo::Tracepoint, &Routes::new())?;
        Self::attach_in_that_way(choice, plan)
    }

    pub fn attach_in_that_way(
        choice: AttachMode,
        plan: impl FnOnce(&Handlers) -> Result<Plan>,
    ) -> Result<Self> {
        // Some kilobytes for as long as this process lives: no frame outlives what it borrows.
        let object = Box::leak(Box::new(MaybeUninit::uninit()));
        let plan = plan(&load::handlers()?)?;
        let mut bpf =
            load::load(object, Rings::one(RING_BYTES), choice, Wanted::OnDemand(&[&plan]))?;
        let mut table = Table::new();
        table.apply(&mut bpf, &plan)?;
        Ok(Self { bpf, table })
    }
}

/// Room for a batch of events where somebody reads them.
const RING_BYTES: u32 = 4 * 1024 * 1024;

/// A native syscall.
pub fn slot(name: &str) -> Result<Slot> {
    let slot = number(Abi::Native, name).and_then(|nr| Slot::new(Abi::Native, nr));
    slot.with_context(|| format!("no syscall {name}"))
}

/// The first `count` native numbers but `left_out`, to a handler that takes any syscall.
pub fn routes(handlers: &Handlers, handler: &str, count: usize, left_out: &str) -> Result<Plan> {
    let handler = handlers.named(handler).with_context(|| format!("no handler {handler}"))?.id;
    let rule = Rule { handler, priority: 6, buffer_bytes: 32, ..Rule::nothing() };
    let route = Route::from(rule);
    let slots = (0..).map_while(|nr| Slot::new(Abi::Native, nr));
    let wanted = slots.filter(|slot| slot.nr().to_string() != left_out).take(count);
    let routes: BTreeMap<_, _> = wanted.map(|slot| (slot, route.clone())).collect();
    Ok(Plan { routes, ..Plan::default() })
}
