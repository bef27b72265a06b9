//! Counter outside of the daemon: another BPF object, with a table of its own, counts the same calls.

use std::fs;
use std::mem::MaybeUninit;

use syscalls::{Abi, Slot};
use tailcalld::config::AttachTo;
use tailcalld::load::{self, AttachMode, Bpf, Rings, Wanted};
use tailcalld::plan::{self, Routes};
use tailcalld::table::Table;

/// The counter, detached when dropped.
pub struct Outside {
    bpf: Bpf<'static>,
    _table: Table,
}

impl Outside {
    /// Counts the calls of these numbers from now on.
    pub fn new(numbers: impl Iterator<Item = u64>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outside.toml");
        let routes: String = numbers.map(|number| format!("{number} = \"count\"\n")).collect();
        fs::write(&path, format!("[routes]\n{routes}")).unwrap();
        let plan = plan::read(&path, &load::handlers().unwrap());
        let plan = plan.unwrap_or_else(|faults| panic!("{faults}"));
        let attach = AttachMode::choose(AttachTo::Tracepoint, &Routes::new()).unwrap();
        // `Bpf` borrows the object, which lives as long as the process.
        let object = Box::leak(Box::new(MaybeUninit::uninit()));
        let mut bpf =
            load::load(object, Rings::one(64 * 1024), attach, Wanted::OnDemand(&[&plan])).unwrap();
        let mut table = Table::new();
        table.apply(&mut bpf, &plan).unwrap();
        Self { bpf, _table: table }
    }

    /// Returns the number of calls of a number so far.
    pub fn calls(&self, number: u64) -> u64 {
        let slot = Slot::new(Abi::Native, u16::try_from(number).unwrap()).unwrap();
        self.bpf.counters.of(slot).counted
    }
}
