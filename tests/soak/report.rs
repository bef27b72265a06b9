//! Figures of the whole soak.

use tailcalld::output::record::{
    Adopted, Lost, RecordBody as _, RecordingGap, ReloadRefused, Reloaded, TracingOff,
};

use crate::books::Books;
use crate::figures::Figures;
use crate::run::Run;

/// Datagrams that wait in journald's socket die with the process that holds it: as many as the queue takes
/// (net.unix.max_dgram_qlen of the rig), one beyond by the kernel's reckoning, and one that journald has in its hands.
const IN_FLIGHT: u64 = 512 + 1 + 1;

impl Run {
    /// Stops the daemon and returns the figures.
    pub fn end(mut self) -> Figures {
        let books = self.accounts.books(&self.service);
        self.service.stop(&mut self.accounts.entries);
        let mut figures = std::mem::take(&mut self.figures);
        self.add_calls(&books, &mut figures);
        self.add_journal(&mut figures);
        self.add_faults(&mut figures);
        figures
    }

    fn add_calls(&self, books: &Books, figures: &mut Figures) {
        let (accounts, total, made) = (&self.accounts, books.sum(), self.accounts.made());
        let outcomes = total.written + total.lost + total.left_out;
        figures.note("calls that the load made", made);
        figures.exact("calls that another BPF object counted", accounts.counted_outside(), made);
        figures.exact("calls that the daemon counted, over all lives", total.seen, made);
        figures.note("events written", total.written);
        figures.note("events lost", total.lost);
        figures.note("calls filtered, sampled out, limited or only counted", total.left_out);
        figures.exact("written + lost + left out", outcomes, total.seen);
        figures.exact("routes that differ", accounts.differing(books), 0);
        figures.exact("quiet times out of balance", accounts.unbalanced, 0);
    }

    fn add_journal(&self, figures: &mut Figures) {
        let (accounts, entries) = (&self.accounts, &self.accounts.entries);
        figures.note("records in the journal", entries.all());
        figures.note("records `lost`", entries.of(&Lost::KIND));
        figures.exact("events missing or too many without a reason", accounts.unexplained, 0);
        figures.note("kills of journald", self.kills_of_journald);
        figures.note("events in its socket, which it did not store", accounts.in_flight);
        figures.at_most("most of one kill", accounts.most_in_flight, IN_FLIGHT);
    }

    fn add_faults(&self, figures: &mut Figures) {
        let (accounts, entries) = (&self.accounts, &self.accounts.entries);
        figures.note("kills of the daemon", self.kills);
        let slowest = self.service.slowest_start.as_secs_f64();
        figures.note("slowest start, s", format!("{slowest:.2}"));
        figures.exact("records `adopted`", entries.of(&Adopted::KIND), self.kills);
        figures.exact("records `gap`", entries.of(&RecordingGap::KIND), 0);
        figures.note("events that are there twice", entries.duplicates);
        figures.exact("events that are there twice without a mark", entries.unmarked_duplicates, 0);
        let marked = accounts.entries.marked_records;
        figures.at_most("records with a mark that they may be there twice", marked, self.kills);
        figures.note("reloads", self.reloads);
        figures.at_least("records `reloaded`", entries.of(&Reloaded::KIND), self.reloads);
        figures.exact("records `reload_refused`", entries.of(&ReloadRefused::KIND), 0);
        figures.exact("records `tracing_off`", entries.of(&TracingOff::KIND), 0);
        figures.note("cgroups created and removed", self.cgroups);
        figures.exact("descriptors more or less than at first", self.descriptors.off, 0);
    }
}
