//! First times: a subject's call of a kind is told once and counted from then on, also after a restart. The daemon
//! decides, one event after the other, so that threads that do the same at once have one record.
//!
//! A key is in the file before its record is written, as open, and settled when nothing can take that record back. A
//! daemon that is killed leaves one open key at most; the ledger says what became of its record.

mod file;
mod key;
mod line;
mod told;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use anyhow::Result;

use self::file::KeyFile;
pub use self::key::key;
use self::line::{KeyLine, KeyStatus};
pub(super) use self::line::{Proof, Receipt};
pub use self::told::{ToldKey, told_keys};
use super::room::Room;
use crate::clock;

/// Keys that are known at a time.
pub const KEYS_MAX: usize = 65_536;
/// Limit of their memory in bytes.
const BYTES_MAX: usize = 16 << 20;
/// Memory that a key takes beside its text.
const OVERHEAD: usize = 128;
/// Users whose want of room is told, each once.
const TOLD_MAX: usize = 64;

/// Keys that are known.
#[derive(Debug)]
pub struct FirstTimes {
    /// Folder of the file; `None` to keep nothing over a restart.
    folder: Option<PathBuf>,
    /// Fate of the record of an open key, if the previous daemon left a ledger.
    proof: Option<Proof>,
    is_open: bool,
    file: Option<KeyFile>,
    keys: HashMap<Box<[u8]>, KnownKey>,
    /// User to whom a key is charged.
    room: Room<u32>,
    /// Keys whose records may still be taken back.
    open: Vec<OpenKey>,
    told: HashSet<u32>,
}

/// A key that is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownKey {
    /// User to whom the key is charged.
    pub owner: u32,
    /// Time of the first event, s since 1970 UTC.
    pub time_s: u64,
    /// Place of its line in the file.
    pub offset: Option<u64>,
}

/// A key whose record may still be taken back.
#[derive(Debug)]
struct OpenKey {
    key: Box<[u8]>,
    receipt: Receipt,
    is_lost: bool,
}

/// Standing of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    /// The subject did this never before.
    First,
    /// The subject did this before.
    Known,
    /// The subject did this never before, as far as is known, and there is no room to remember it.
    NoRoom,
}

impl Default for FirstTimes {
    fn default() -> Self {
        Self::bounded(KEYS_MAX, BYTES_MAX)
    }
}

impl FirstTimes {
    /// Makes room for `keys_max` keys in `bytes_max` bytes.
    fn bounded(keys_max: usize, bytes_max: usize) -> Self {
        Self {
            folder: None,
            proof: None,
            is_open: false,
            file: None,
            keys: HashMap::new(),
            room: Room::new(keys_max, bytes_max),
            open: Vec::new(),
            told: HashSet::new(),
        }
    }

    /// Keeps the keys in a file of that folder, which is read when the first event comes.
    pub fn keep_in(&mut self, folder: PathBuf) {
        self.folder = Some(folder);
    }

    /// Takes what the ledger says about the last record of the previous daemon, and reads the file, because the ledger of
    /// the next daemon will say something else.
    pub(super) fn prove(&mut self, proof: Option<Proof>) {
        self.proof = proof;
        if self.folder.as_ref().is_some_and(|folder| file::is_there(folder)) {
            // If a daemon of another version still writes it, the first event reads it.
            self.is_open = self.try_read().is_ok();
        }
    }

    /// Returns the number of keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Returns whether no key is known.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Decides about an event of that key, charged to that user. Changes nothing.
    pub fn judge(&mut self, key: &[u8], owner: u32) -> Novelty {
        self.read();
        if self.keys.contains_key(key) {
            return Novelty::Known;
        }
        if self.room.has_room(&owner, key.len() + OVERHEAD) {
            return Novelty::First;
        }
        if self.told.len() < TOLD_MAX && self.told.insert(owner) {
            tracing::warn!(
                "no room for more first times of user {owner}: {} are known of all users, {KEYS_MAX} at most; from now on \
                 aggregates have what this user does for the first time",
                self.keys.len()
            );
        }
        Novelty::NoRoom
    }

    /// Returns whether a key is in the file, and its record cannot be taken back.
    pub(super) fn is_kept(&self, key: &[u8]) -> bool {
        let is_in_file = self.keys.get(key).is_some_and(|known| known.offset.is_some());
        self.file.is_some() && is_in_file && self.open.iter().all(|open| *open.key != *key)
    }

    /// Notes a key before the record of its first event is written.
    pub(super) fn note(&mut self, key: Vec<u8>, owner: u32, receipt: Receipt) {
        let key = key.into_boxed_slice();
        self.room.add(owner, key.len() + OVERHEAD);
        let time_s = clock::real_now_ns() / 1_000_000_000;
        let offset = self.append(&key, KnownKey { owner, time_s, offset: None }, receipt);
        self.keys.insert(key.clone(), KnownKey { owner, time_s, offset });
        self.open.push(OpenKey { key, receipt, is_lost: false });
    }

    fn append(&mut self, key: &[u8], known: KnownKey, receipt: Receipt) -> Option<u64> {
        let KnownKey { owner, time_s, .. } = known;
        let line = KeyLine { status: KeyStatus::Open, receipt, owner, time_s, key };
        self.file.as_mut()?.append(&line)
    }

    /// Notes that the record of the key that was noted last waits, and is saved under that number.
    pub(super) fn wait(&mut self, number: u64) {
        let Some(open) = self.open.last_mut() else { return };
        if !matches!(open.receipt, Receipt::Ring(_)) {
            return;
        }
        open.receipt = Receipt::Saved(number);
        let key = open.key.clone();
        let Some(known) = self.keys.get(&key).copied() else { return };
        let offset = self.append(&key, known, Receipt::Saved(number));
        self.mark(&key, KeyStatus::Revoked);
        self.keys.insert(key, KnownKey { offset, ..known });
    }

    /// Notes that the record of the key that was noted last is lost. The ledger has to know that before the file does: the
    /// next daemon may still write a record that was saved.
    pub(super) fn fail(&mut self) {
        if let Some(open) = self.open.last_mut() {
            open.is_lost = true;
        }
    }

    /// Settles the keys that are open: their records are written, or lost; then the next such event is the first.
    pub(super) fn settle(&mut self) {
        for OpenKey { key, is_lost, .. } in std::mem::take(&mut self.open) {
            if is_lost {
                self.revoke(&key);
            } else {
                self.mark(&key, KeyStatus::Known);
            }
        }
    }

    fn revoke(&mut self, key: &[u8]) {
        self.mark(key, KeyStatus::Revoked);
        if let Some(known) = self.keys.remove(key) {
            self.room.give_back(known.owner, key.len() + OVERHEAD);
        }
        if self.file.as_ref().is_some_and(KeyFile::is_worn) {
            self.rewrite();
        }
    }

    /// Returns whether a record may still be taken back.
    pub(super) fn has_open(&self) -> bool {
        !self.open.is_empty()
    }

    fn mark(&mut self, key: &[u8], status: KeyStatus) {
        let (Some(file), Some(known)) = (&mut self.file, self.keys.get_mut(key)) else { return };
        known.offset = known.offset.filter(|offset| file.mark(*offset, status));
    }

    /// Reads the file, once: a daemon of another version may have written it until the first event came.
    fn read(&mut self) {
        if std::mem::replace(&mut self.is_open, true) {
            return;
        }
        if let Err(error) = self.try_read() {
            tracing::warn!(
                "{error:#}; what is recorded as a first time is recorded again after a restart"
            );
        }
    }

    fn try_read(&mut self) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let (mut file, text) = KeyFile::open(folder)?;
        let left_out = self.take(&mut file, &text);
        let is_clean = left_out == 0 && file.is_clean();
        self.file = Some(file);
        if !is_clean {
            self.rewrite();
        }
        Ok(())
    }

    /// Takes the keys of the file; returns the number of lines that are left out, with a warning.
    fn take(&mut self, file: &mut KeyFile, text: &[u8]) -> u64 {
        let (mut damaged, mut surplus) = (0, 0);
        for (offset, line) in line::lines(text) {
            let Some(line) = KeyLine::parse(line) else {
                damaged += 1;
                continue;
            };
            if !line.is_told(self.proof.as_ref()) || self.keys.contains_key(line.key) {
                file.count_dead();
            } else if self.room.fits(line.key.len() + OVERHEAD) {
                self.add(&line, offset);
                if line.status == KeyStatus::Open {
                    file.mark(offset, KeyStatus::Known);
                }
            } else {
                surplus += 1;
            }
        }
        if damaged + surplus > 0 {
            let path = file.path().display();
            tracing::warn!(
                "{path}: {damaged} lines are damaged and {surplus} are too many; what they say is recorded again"
            );
        }
        damaged + surplus
    }

    fn add(&mut self, line: &KeyLine<'_>, offset: u64) {
        let KeyLine { owner, time_s, key, .. } = *line;
        self.room.add(owner, key.len() + OVERHEAD);
        self.keys.insert(key.into(), KnownKey { owner, time_s, offset: Some(offset) });
    }

    /// Writes the file anew, with the keys that are known.
    fn rewrite(&mut self) {
        let Some(file) = &mut self.file else { return };
        let mut all: Vec<_> = self.keys.iter_mut().collect();
        all.sort_by_key(|(_, known)| known.offset);
        let open = &self.open;
        let lines = all.into_iter().map(|(key, known)| {
            let is_open = open.iter().any(|open| open.key == *key);
            let status = if is_open { KeyStatus::Open } else { KeyStatus::Known };
            let KnownKey { owner, time_s, .. } = *known;
            let line = KeyLine { status, receipt: Receipt::Unsure, owner, time_s, key };
            (line, &mut known.offset)
        });
        if let Err(error) = file.rewrite(lines) {
            tracing::warn!("{error:#}; first times are recorded again after a restart");
            self.file = None;
        }
    }
}

#[cfg(test)]
mod tests;
