//! Calls that are known already, of rules that record first times: the kernel counts them from the second one on.

use super::Daemon;

impl Daemon<'_> {
    /// Notes the known calls of this turn in the kernel's table.
    pub(super) fn note_known_calls(&self) {
        let known = self.pipeline.borrow_mut().delivery.take_known_calls();
        known.into_iter().for_each(|call| self.table.note_known(&self.bpf, call));
    }
}
