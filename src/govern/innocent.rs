//! Who was tried and found innocent: a busy process is not tried over and over.

use std::collections::BTreeMap;

use super::{LONGEST_PEACE, PEACE, Process, ns};

/// Processes that are kept in mind.
const MOST: usize = 1024;

/// Until when each is left alone, ns since boot, and for how long that was, ns.
#[derive(Debug, Default)]
pub(super) struct Innocent {
    processes: BTreeMap<Process, (u64, u64)>,
}

impl Innocent {
    /// It was found innocent at that time.
    pub fn remember(&mut self, process: Process, now_ns: u64) {
        // Who has not been tried for long may be another kind of process by now.
        self.processes.retain(|_, (until_ns, peace_ns)| *until_ns + *peace_ns > now_ns);
        let before = self.processes.get(&process).map(|(_, peace_ns)| *peace_ns);
        let peace_ns = before.map_or(ns(PEACE), |peace_ns| (peace_ns * 2).min(ns(LONGEST_PEACE)));
        if self.processes.len() < MOST {
            self.processes.insert(process, (now_ns.saturating_add(peace_ns), peace_ns));
        }
    }

    /// Whether it is not to be tried at that time.
    pub fn is_left_alone(&self, process: Process, now_ns: u64) -> bool {
        self.processes.get(&process).is_some_and(|(until_ns, _)| *until_ns > now_ns)
    }
}
