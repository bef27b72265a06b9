//! The first steps of a daemon that goes on with the table, the ring and the counters of the previous one.

use std::fs;
use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use libbpf_rs::OpenObject;

use super::counters::CountersState;
use super::{Daemon, output, saved_calls};
use crate::fd_store::FdStore;
use crate::load::{
    self, Adoption, AttachMode, Boxes, Bpf, KernelState, Predecessor, Rings, Wanted,
};
use crate::pipeline::{EntryFile, WaitingCalls};
use crate::plan::Plan;
use crate::ring::{Leftover, Unread};
use crate::rpc::runtime_folder;
use crate::table::{SavedTables, TableFile, TableState};

/// Name of the file with the counters of the last reading.
const COUNTERS: &str = "counters";

/// Previous daemon, with which this one goes on.
#[derive(Debug)]
pub struct Previous {
    /// Description that the daemon wrote down.
    pub saved: SavedTables,
    /// Live table.
    pub live: TableState,
}

/// Loads the BPF object, on the maps of the previous daemon if that is possible.
pub fn load<'obj>(
    object: &'obj mut MaybeUninit<OpenObject>,
    plan: &Plan,
    choice: AttachMode,
    store: &FdStore,
    tables: &TableFile,
) -> Result<(Bpf<'obj>, Option<Previous>)> {
    let saved = read(tables, store);
    let state = saved.as_ref().map(|saved| &saved.kernel);
    let older = saved.as_ref().map(older_states).unwrap_or_default();
    let kept = load::KeptSide { store: store.clone(), state, unfinished: older };
    let wanted = Wanted::Table(plan);
    let boxes = if plan.fills_boxes() {
        Boxes { units: plan.box_units, calls: plan.box_calls }
    } else {
        Boxes::default()
    };
    let rings = Rings::of_groups(plan.ring_bytes, plan.ring_cpus)?.with_boxes(boxes);
    let bpf = load::load_kept(object, rings, choice, wanted, &kept)?;
    let bank = match (&bpf.adoption, bpf.predecessors.last()) {
        (Adoption::Replaced(_), Some(predecessor)) => predecessor.live_bank(),
        _ => bpf.shared.live_bank(),
    };
    let is_used = matches!(bpf.adoption, Adoption::Done | Adoption::Replaced(_));
    let previous = saved
        .filter(|_| is_used)
        .and_then(|saved| Some(Previous { live: saved.live(bank)?.clone(), saved }));
    Ok((bpf, previous))
}

/// Returns the states of predecessors from which the daemon had not taken over completely, the oldest first.
pub fn older_states(saved: &SavedTables) -> Vec<&KernelState> {
    let mut older: Vec<_> = saved.older().map(|old| &old.kernel).collect();
    older.reverse();
    older
}

/// Reads what the previous daemon wrote down, if the service manager kept anything of it.
fn read(tables: &TableFile, store: &FdStore) -> Option<SavedTables> {
    if store.is_empty() {
        return None;
    }
    tables.read().unwrap_or_else(|error| {
        tracing::warn!("what the previous daemon left in the kernel cannot be adopted: {error:#}");
        None
    })
}

impl Daemon<'_> {
    /// Goes on with the live table of the previous daemon and makes `plan` the next one, if it is another.
    pub(super) fn adopt(&mut self, previous: &Previous, plan: Plan) -> Result<()> {
        self.pipeline.borrow_mut().delivery.units.read();
        self.remember_older(previous);
        self.table.adopt(&mut self.bpf, &previous.live, previous.saved.previous.clone())?;
        self.remember_table();
        self.restore(previous)?;
        self.adopted = Some((previous.saved.version.clone(), self.unread_by_counters()));
        let record = self.difference(&plan, &self.bpf.handlers);
        if record.has_changes() {
            self.complete()?;
            self.rewire(plan, record);
        } else {
            self.plan = plan;
        }
        self.silence_predecessor()
    }

    /// Goes on with the tables, counters and calls of a daemon that is gone, to end its recording.
    pub(super) fn resume(&mut self, previous: &Previous) -> Result<()> {
        self.pipeline.borrow_mut().delivery.units.read();
        self.remember_older(previous);
        self.table.resume(&previous.saved, &previous.live);
        self.remember_table();
        self.restore(previous)?;
        self.silence_predecessor()
    }

    /// Makes sure that the predecessor decides about no call, and opens what is left in its ring.
    fn silence_predecessor(&mut self) -> Result<()> {
        let Some(last) = self.bpf.predecessors.last() else { return Ok(()) };
        for predecessor in &self.bpf.predecessors {
            if predecessor.silenced_ns().is_none() {
                predecessor.prepare()?;
                predecessor.silence();
            }
        }
        self.bpf.wait_for_grace()?;
        let silenced_ns = last.silenced_ns().unwrap_or_default();
        self.pipeline.borrow_mut().begin_handover(silenced_ns);
        self.open_leftover()
    }

    fn open_leftover(&mut self) -> Result<()> {
        let interrupted = self.pipeline.borrow().interrupted();
        let first = self.bpf.predecessors.first();
        self.leftover = first.map(|first| Leftover::open(first, interrupted)).transpose()?;
        Ok(())
    }

    /// Makes the tables known by which older events in the rings were decided.
    fn remember_older(&mut self, previous: &Previous) {
        let older: Vec<_> = previous.saved.older().flat_map(|old| &old.tables).collect();
        for table in older.iter().rev() {
            self.pipeline.borrow_mut().begin(table.generation, &table.plan);
        }
        // The daemon may have ended right after a flip: events of the table before it may be in the ring.
        let flipped = previous.saved.tables.iter();
        for table in flipped.filter(|table| table.generation < previous.live.generation) {
            self.pipeline.borrow_mut().begin(table.generation, &table.plan);
            self.counters.add_routes(&table.plan, &self.bpf.handlers);
        }
    }

    /// Attaches a table of its own beside that of the predecessor, and takes over from it.
    pub(super) fn take_over(&mut self, previous: Previous, plan: Plan) -> Result<()> {
        let Previous { saved, live } = &previous;
        self.remember_older(&previous);
        self.pipeline.borrow_mut().begin(live.generation, &live.plan);
        self.restore(&previous)?;
        self.bpf.predecessors.iter().try_for_each(Predecessor::prepare)?;
        self.plan = plan;
        let version = saved.version.clone();
        self.table.take_over(previous.saved);
        self.attach()?;
        self.silence_predecessor()?;
        let (previous, own) = (self.misses_of_predecessor(), self.bpf.recursion_misses()?);
        self.counters.take_over_missed(previous, own);
        let unread = self.unread_leftover()?.iter().map(Unread::total).sum();
        self.adopted = Some((version, unread));
        Ok(())
    }

    /// Returns the number of events that wait in the rings, as the counters of kernel and ledger have it: to look at
    /// 800,000 of them takes as long as the rest of the start.
    fn unread_by_counters(&self) -> u64 {
        let pipeline = self.pipeline.borrow();
        let unread = |(slot, _)| {
            let submitted = self.bpf.counters.of(slot).submitted;
            submitted.saturating_sub(pipeline.received_of(slot))
        };
        let unread: u64 = self.counters.slots().map(unread).sum();
        unread.saturating_sub(pipeline.delivery.tally.undecodable)
    }

    /// Counts the events in the rings of predecessors.
    pub(super) fn unread_leftover(&self) -> Result<Vec<Unread>> {
        let unread = |predecessor| {
            let mut unread = Unread::begin_leftover(predecessor)?;
            unread.advance();
            Ok(unread)
        };
        self.bpf.predecessors.iter().map(unread).collect()
    }

    /// Reads what is left in the ring of the predecessor. Returns whether there is more.
    pub(super) fn read_leftover(&mut self) -> Result<bool> {
        let Some(leftover) = &mut self.leftover else { return Ok(false) };
        let mut pipeline = self.pipeline.borrow_mut();
        let is_empty = leftover.turn(|bytes| pipeline.receive(bytes));
        pipeline.end_turn(false);
        if !is_empty {
            return Ok(true);
        }
        // Nothing newer was read yet: all calls that wait are the predecessor's, and their results would come there.
        pipeline.abandon(|_| true);
        drop(pipeline);
        self.bpf.predecessors.remove(0).remove();
        self.open_leftover()?;
        if self.leftover.is_none() {
            self.pipeline.borrow_mut().end_leftover();
            self.table.forget_predecessor(&self.bpf)?;
        }
        Ok(self.leftover.is_some())
    }

    /// Goes on with the counters of the previous daemon, and with the calls and the event that it saved.
    fn restore(&mut self, previous: &Previous) -> Result<()> {
        let ring = previous.saved.kernel.ring;
        let older = previous.saved.older().map(|old| old.kernel.ring);
        self.restore_counters(&std::iter::once(ring).chain(older).collect::<Vec<_>>());
        let folder = runtime_folder();
        let calls = saved_calls::take(&folder, ring).and_then(|saved| {
            let waiting = WaitingCalls::take(&folder, ring)?;
            Ok([saved, waiting].concat())
        });
        let calls = calls.unwrap_or_else(|error| {
            tracing::warn!("calls that waited for their results are lost: {error:#}");
            Vec::new()
        });
        let entries = EntryFile::open(&folder)?;
        let waiting = self.waiting_calls()?;
        let is_journal = self.pipeline.borrow().delivery.output().is_journal();
        let journal = if is_journal { None } else { output::journal_of(&previous.live.plan) };
        self.pipeline.borrow_mut().adopt(self.bpf.ledger()?, entries, calls, waiting, journal);
        if let Some(event) = self.pipeline.borrow().interrupted() {
            self.consumer.begin_with(event);
        }
        Ok(())
    }

    /// Makes the file of the calls that wait; `None` with a warning if there is no room for it.
    pub(super) fn waiting_calls(&self) -> Result<Option<WaitingCalls>> {
        let file = WaitingCalls::open(&runtime_folder(), self.bpf.kernel_state()?.ring);
        Ok(file.map_or_else(
            |error| {
                tracing::warn!(
                    "calls that wait for their results would be lost in a crash: {error:#}"
                );
                None
            },
            Some,
        ))
    }

    /// Takes the counters as the previous daemon read them last, so that what was lost since then is reported.
    fn restore_counters(&mut self, rings: &[u32]) {
        match read_counters(&counters_file()) {
            Ok(Some(state)) if rings.contains(&state.ring) => {
                // A daemon that took over, and was killed before its first reading, has saved none of its own.
                let is_predecessors =
                    self.bpf.kernel_state().is_ok_and(|own| own.ring != state.ring);
                self.counters.restore(state);
                if is_predecessors {
                    self.counters.take_over_missed(self.misses_of_predecessor(), 0);
                }
            }
            // It ended before its first reading, and so has reported nothing.
            Ok(_) => {}
            Err(error) => {
                tracing::warn!("losses of the previous daemon are reported again: {error:#}")
            }
        }
        let mut pipeline = self.pipeline.borrow_mut();
        self.suppressed.skip_reported(&self.bpf, &mut pipeline.delivery.suppressed);
    }

    fn misses_of_predecessor(&self) -> u64 {
        self.bpf.predecessors.last().map_or(0, Predecessor::misses)
    }

    /// Saves the counters of the last reading for the next daemon.
    pub(super) fn save_counters(&self) {
        let saved = self.bpf.kernel_state().and_then(|kernel| {
            let (path, state) = (counters_file(), self.counters.state(kernel.ring));
            let new = path.with_extension("new");
            fs::write(&new, serde_json::to_vec(&state)?)?;
            fs::rename(&new, &path).with_context(|| format!("failed to write {}", path.display()))
        });
        if let Err(error) = saved {
            tracing::debug!("{error:#}");
        }
    }
}

fn counters_file() -> PathBuf {
    runtime_folder().join(COUNTERS)
}

fn read_counters(path: &Path) -> Result<Option<CountersState>> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        result => result.with_context(|| format!("failed to read {}", path.display()))?,
    };
    let state = serde_json::from_slice(&bytes);
    state.map(Some).with_context(|| format!("{} is damaged", path.display()))
}
