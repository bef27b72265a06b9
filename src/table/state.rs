//! The table as the next daemon finds it written down: the numbers that the kernel's copy refers to, and the plan that
//! it was made of. The kernel alone says which of two tables is live, because the flip is one store.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use syscalls::Slot;

use super::limits::LimitKey;
use crate::bpf::Bank;
use crate::filter::NameKind;
use crate::handlers::ProgramKey;
use crate::load::KernelState;
use crate::plan::{Awaited, Plan};
use crate::probes;

/// Name of the file.
const NAME: &str = "table";

/// One table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableState {
    /// Index of the first slot of its bank.
    pub base: u32,
    /// Generation.
    pub generation: u32,
    /// Plan that it was made of.
    pub plan: Plan,
    pub(super) selftest: Option<Slot>,
    pub(super) results: Awaited,
    pub(super) returns: Awaited,
    pub(super) limits: Vec<(LimitKey, u8)>,
    pub(super) names: Vec<((NameKind, String), u8)>,
    pub(super) trees: Vec<(u32, u8)>,
    #[serde(default)]
    pub(super) chained: Vec<(ProgramKey, u8)>,
}

/// Everything that the next daemon has to know to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedTables {
    /// Version of the daemon.
    pub version: String,
    /// Description of the kernel's side of the daemon.
    pub kernel: KernelState,
    /// The live table and the one that is about to be.
    pub tables: Vec<TableState>,
    /// Predecessor that this daemon takes over from.
    pub previous: Option<Box<Self>>,
}

impl SavedTables {
    /// Returns the predecessors, the newest first.
    pub fn older(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(self.previous.as_deref(), |old| old.previous.as_deref())
    }

    /// Gives the probes of all tables the slots that they have there.
    fn restore_probes(&self) -> bool {
        let tables = std::iter::once(self).chain(self.older()).flat_map(|old| &old.tables);
        tables.map(|table| probes::restore(&table.plan.probes)).fold(true, |all, one| all & one)
    }

    /// Returns the highest generation, of the predecessors too.
    pub fn last_generation(&self) -> u32 {
        let tables = std::iter::once(self).chain(self.older()).flat_map(|old| &old.tables);
        tables.map(|table| table.generation).max().unwrap_or_default()
    }

    /// Returns the table whose bank is live.
    pub fn live(&self, bank: Bank) -> Option<&TableState> {
        self.tables.iter().find(|table| table.base == bank.base())
    }
}

/// File in the runtime directory.
#[derive(Debug)]
pub struct TableFile {
    path: PathBuf,
}

impl TableFile {
    /// Names the file; it need not exist.
    pub fn new(folder: &Path) -> Self {
        Self { path: folder.join(NAME) }
    }

    /// Reads the file; `None` if there is none.
    ///
    /// # Errors
    /// Fails if it cannot be read, or was written by a version with other tables.
    pub fn read(&self) -> Result<Option<SavedTables>> {
        let bytes = match fs::read(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            result => result.with_context(|| format!("failed to read {}", self.path.display()))?,
        };
        let saved = serde_json::from_slice(&bytes);
        let saved: SavedTables =
            saved.with_context(|| format!("{} is damaged", self.path.display()))?;
        // The slots in it are those of that daemon.
        ensure!(saved.restore_probes(), "its probes have other slots here");
        Ok(Some(saved))
    }

    /// Replaces the file as a whole: a daemon that is killed in between leaves the old one.
    ///
    /// # Errors
    /// Fails if it cannot be written.
    pub fn write(&self, saved: &SavedTables) -> Result<()> {
        let new = self.path.with_extension("new");
        let written = serde_json::to_vec(saved)
            .map_err(std::io::Error::from)
            .and_then(|bytes| fs::write(&new, bytes))
            .and_then(|()| fs::rename(&new, &self.path));
        written.with_context(|| format!("failed to write {}", self.path.display()))
    }
}
