//! Question to the kernel whether a process has a file of the journal open. The daemon may not look into
//! `/proc/PID/fd` of other users' processes, so a BPF program visits the open files.

use std::io::Read as _;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::{Context as _, Result};
use libbpf_rs::Iter;

use super::Bpf;

const FAILED: &str = "failed to visit the open files of a process";

impl Bpf<'_> {
    /// Returns whether a process has a regular file open whose name ends in `.journal`. A process outside
    /// of the daemon's pid namespace is never found.
    ///
    /// The kernel visits the files of all processes, some 100 ns each: nothing to do for every event.
    ///
    /// # Errors
    /// Fails if the kernel refuses to run the program.
    pub fn has_journal_open(&self, tgid: u32, start_ns: u64) -> Result<bool> {
        let query = self.shared.journal_query();
        query.start_ns.store(start_ns, Relaxed);
        query.tgid.store(tgid, Relaxed);
        query.is_open.store(0, Relaxed);
        let program = self.programs.get(&self.skeleton, |programs| &programs.journal_open)?;
        let link = program.attach().context(FAILED)?;
        let mut visit = Iter::new(&link).context(FAILED)?;
        visit.read_to_end(&mut Vec::new()).context(FAILED)?;
        Ok(query.is_open.load(Relaxed) != 0)
    }
}
