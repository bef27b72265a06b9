//! The first steps of a daemon that goes on with the table, the ring and the counters of the previous one.

use std::fs;
use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use libbpf_rs::OpenObject;

use super::counters::CountersState;
use super::{Daemon, saved_calls};
use crate::fd_store::FdStore;
use crate::load::{self, Adoption, AttachMode, Bpf};
use crate::pipeline::EntryFile;
use crate::plan::Plan;
use crate::ring::Unread;
use crate::rpc::runtime_folder;
use crate::table::{SavedTables, TableFile, TableState};

/// Name of the file with the counters of the last reading.
const COUNTERS: &str = "counters";

/// Previous daemon, with which this one goes on.
#[derive(Debug)]
pub struct Previous {
    /// Version of the daemon.
    pub version: String,
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
    let bpf = load::load_kept(object, plan.ring_bytes, choice, store, state)?;
    let bank = bpf.shared.live_bank();
    let previous = saved.filter(|_| bpf.adoption == Adoption::Done).and_then(|saved| {
        Some(Previous { live: saved.live(bank)?.clone(), version: saved.version })
    });
    Ok((bpf, previous))
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
        self.table.adopt(&mut self.bpf, &previous.live)?;
        self.remember_table();
        let ring = self.bpf.kernel_state()?.ring;
        self.restore_counters(ring);
        let calls = saved_calls::take(&runtime_folder(), ring).unwrap_or_else(|error| {
            tracing::warn!("calls that waited for their results are lost: {error:#}");
            Vec::new()
        });
        let entries = EntryFile::open(&runtime_folder())?;
        self.pipeline.borrow_mut().adopt(self.bpf.ledger()?, entries, calls);
        let mut unread = Unread::begin(&self.bpf)?;
        unread.advance();
        self.adopted = Some((previous.version.clone(), unread.total()));
        let record = self.difference(&plan);
        if record.has_changes() {
            self.rewire(plan, record);
        } else {
            self.plan = plan;
        }
        Ok(())
    }

    /// Takes the counters as the previous daemon read them last, so that what was lost since then is reported.
    fn restore_counters(&mut self, ring: u32) {
        match read_counters(&counters_file()) {
            Ok(Some(state)) if state.ring == ring => self.counters.restore(state),
            // It ended before its first reading, and so has reported nothing.
            Ok(_) => {}
            Err(error) => {
                tracing::warn!("losses of the previous daemon are reported again: {error:#}")
            }
        }
        let mut pipeline = self.pipeline.borrow_mut();
        self.suppressed.skip_reported(&self.bpf, &mut pipeline.delivery.suppressed);
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
