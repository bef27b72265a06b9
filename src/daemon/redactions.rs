//! Which secrets are hidden in the events of a slot: as the table says that judged the call.

use std::collections::BTreeMap;

use crate::config::Redact;
use crate::decode::Event;
use crate::plan::Routes;
use crate::syscalls::Slot;

/// By generation what differs from the default. Events of older tables may still be in the ring, or wait
/// for their result.
#[derive(Debug, Default)]
pub struct Redactions {
    tables: Vec<(u32, BTreeMap<Slot, Redact>)>,
}

/// While the output stands still, nobody reloads more often than that.
const TABLES: usize = 64;

/// What holds where nothing is known.
static OBVIOUS: Redact = Redact::Obvious;

impl Redactions {
    /// That table judges from now on.
    pub fn begin(&mut self, generation: u32, routes: &Routes) {
        let special = routes.iter().filter(|(_, route)| route.redact != OBVIOUS);
        let special = special.map(|(&slot, route)| (slot, route.redact.clone())).collect();
        self.tables.insert(0, (generation, special));
        self.tables.truncate(TABLES);
    }

    /// Of that event.
    pub fn of(&self, event: &Event<'_>) -> &Redact {
        let table = self.tables.iter().find(|(generation, _)| *generation == event.generation);
        table.and_then(|(_, table)| table.get(&event.slot)).unwrap_or(&OBVIOUS)
    }
}
