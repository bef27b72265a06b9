//! Resolution of a configuration to the rules of each slot, and differences between tables.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

#[path = "../common/config.rs"]
mod config;
mod difference;
#[path = "../fixtures/handlers.rs"]
mod fixture;
mod handlers;
mod options;
mod probes;
mod routes;
mod shipped;
mod uring;

use syscalls::Slot;
use tailcalld::plan::{Route, Rule};

/// Numbers of the handlers in the fixture.
const ARGS: u16 = 2;
const EXEC: u16 = 3;
const TIMER: u16 = 4;

/// Returns `kill/x86_64` for a slot.
fn slot_name(slot: Slot) -> String {
    format!("{slot}/{}", slot.abi().name())
}

/// Returns a route with one rule for all calls, of a handler that records them.
fn route(handler: u16, priority: u8, argv_bytes: u32) -> Route {
    let (buffer_bytes, records) = (32, true);
    Route::from(Rule { handler, priority, argv_bytes, buffer_bytes, records, ..Rule::nothing() })
}

/// Returns the route of a syscall that takes a path.
fn named(mut route: Route) -> Route {
    route.rules.iter_mut().for_each(|rule| rule.names = true);
    route
}
