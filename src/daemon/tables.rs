//! What the rule of an event says: of the table that judged its call, which may be an older one than is
//! live. Events wait in the ring and for their results.

use std::collections::VecDeque;

use crate::decode::Event;
use crate::plan::{Routes, Rule};

/// The tables by generation, newest first.
#[derive(Debug, Default)]
pub struct Tables {
    tables: VecDeque<(u32, Routes)>,
}

/// While the output stands still, nobody reloads more often than that.
const TABLES: usize = 64;

impl Tables {
    /// That table judges from now on.
    pub fn begin(&mut self, generation: u32, routes: &Routes) {
        self.tables.push_front((generation, routes.clone()));
        self.tables.truncate(TABLES);
    }

    /// The rule that the event is of; `None` if its table is forgotten.
    pub fn rule(&self, event: &Event<'_>) -> Option<&Rule> {
        let (_, routes) =
            self.tables.iter().find(|(generation, _)| *generation == event.generation)?;
        routes.get(&event.slot)?.rules.get(usize::from(event.rule))
    }
}
