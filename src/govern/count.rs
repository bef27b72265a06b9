//! How many events each process has.

use std::collections::BTreeMap;

use super::{Name, Process};

/// Processes that are counted one by one.
const MOST: usize = 1024;

/// By process, with the name that one of its events tells.
#[derive(Debug, Default)]
pub(super) struct Counts {
    numbers: BTreeMap<Process, (u64, Name)>,
    total: u64,
}

impl Counts {
    /// One event more. Of too many processes at once none has nearly all events.
    pub fn add(&mut self, process: Process, name: impl FnOnce() -> Name) {
        self.total += 1;
        if let Some((count, _)) = self.numbers.get_mut(&process) {
            *count += 1;
        } else if self.numbers.len() < MOST {
            self.numbers.insert(process, (1, name()));
        }
    }

    /// Events of all.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Those with most events first.
    pub fn busiest(&self) -> impl Iterator<Item = (Process, u64, &Name)> {
        let mut all: Vec<_> =
            self.numbers.iter().map(|(process, (count, name))| (*process, *count, name)).collect();
        all.sort_by_key(|(_, count, _)| std::cmp::Reverse(*count));
        all.into_iter()
    }
}
