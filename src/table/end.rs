//! End of a table whose daemon is gone: an empty one follows it, and none after that.

use anyhow::{Context as _, Result};
use nix::errno::Errno;

use super::state::{SavedTables, TableState};
use super::{BANK_SLOTS, Table};
use crate::bpf::{Bank, delete_element};
use crate::load::Bpf;
use crate::plan::Plan;

impl Table {
    /// Takes the live table of a daemon that is gone, without a program to write into it.
    pub fn resume(&mut self, saved: &SavedTables, live: &TableState) {
        // The empty table that follows has a generation too, but decides about no call.
        let generations = saved.tables.iter().filter(|table| !table.plan.routes.is_empty());
        self.generation = generations.map(|table| table.generation).max().unwrap_or_default();
        self.limits.begin(live.limits.iter().cloned().collect());
        self.state = live.clone();
        self.previous.clone_from(&saved.previous);
    }

    /// Empties the other bank, and returns the one that decides about no call once it is live. Whoever follows finds both
    /// written down, and that does not change any more.
    ///
    /// # Errors
    /// Fails if the kernel refuses, or the file cannot be written.
    pub fn prepare_end(&mut self, bpf: &Bpf<'_>) -> Result<Bank> {
        let live = bpf.shared.live_bank();
        if self.state.plan.routes.is_empty() {
            self.file = None;
            return Ok(live);
        }
        // The daemon may have ended right after a flip, and calls of the other bank may go on.
        bpf.wait_for_grace()?;
        let empty = live.other();
        let slots = empty.base()..empty.base() + u32::try_from(BANK_SLOTS)?;
        for (table, slot) in
            bpf.tables().flat_map(|table| slots.clone().map(move |slot| (table, slot)))
        {
            match delete_element(table, slot) {
                Ok(()) | Err(Errno::ENOENT) => {}
                result => result.context("failed to empty the other bank")?,
            }
        }
        let (base, generation) = (empty.base(), self.generation + 1);
        let state = TableState { base, generation, plan: Plan::default(), ..TableState::default() };
        self.save(bpf, Some(&state))?;
        self.file = None;
        Ok(empty)
    }
}
