//! Calls that wait for their end, in a file that outlives a daemon that is killed. The file is mapped, so a call is
//! written without a syscall: the id of the ring in one word, then places of one size, each with the length of the
//! record in one word, 0 if it is empty, and the record. Words of 8 bytes, little-endian.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Release;

use anyhow::{Context as _, Result};
use nix::fcntl::posix_fallocate;

use crate::bpf::WritableMapping;

/// Name of the file in the runtime directory.
const NAME: &str = "waiting-calls";

/// Calls that the file has room for. Those beyond it count as lost in a crash.
const PLACES: usize = 64;

/// Words of a place: with the record of an `exec` event whose arguments have the default length at most.
const PLACE_WORDS: usize = 2048;

const WORD: usize = size_of::<u64>();
const BYTES: NonZeroUsize =
    NonZeroUsize::MIN.saturating_add(WORD + PLACES * PLACE_WORDS * WORD - 1);

/// A call that the daemon hands to the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedCall {
    /// Record of the event in the ring.
    pub bytes: Box<[u8]>,
    /// The event is recorded; only the end of its call is to come.
    pub is_recorded: bool,
}

/// The file, mapped.
#[derive(Debug)]
pub struct WaitingCalls {
    path: PathBuf,
    words: WritableMapping,
    /// Places by thread: a thread is in one call at a time.
    used: BTreeMap<u32, usize>,
    free: Vec<usize>,
}

impl WaitingCalls {
    /// Makes an empty file for calls of that ring, in place of any that is there.
    ///
    /// # Errors
    /// Fails if there is no room for it, or it cannot be mapped.
    pub fn open(folder: &Path, ring: u32) -> Result<Self> {
        let path = folder.join(NAME);
        let failed = || format!("failed to write {}", path.display());
        remove(&path)?;
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).mode(0o600).open(&path);
        let file = file.with_context(failed)?;
        // Memory without a page behind it would end the daemon with SIGBUS when it is written.
        posix_fallocate(&file, 0, i64::try_from(BYTES.get())?).with_context(failed)?;
        let words = WritableMapping::open(file.as_fd(), BYTES).with_context(failed)?;
        let calls = Self { path, words, used: BTreeMap::new(), free: (0..PLACES).rev().collect() };
        calls.store(0, ring.into());
        Ok(calls)
    }

    /// Removes the file and returns the calls that waited when the daemon that wrote it ended, if they are of that ring.
    ///
    /// # Errors
    /// Fails if the file cannot be read or removed.
    pub fn take(folder: &Path, ring: u32) -> Result<Vec<SavedCall>> {
        let path = folder.join(NAME);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            result => result.with_context(|| format!("failed to read {}", path.display()))?,
        };
        remove(&path)?;
        match bytes.split_first_chunk() {
            Some((id, places)) if u64::from_le_bytes(*id) == u64::from(ring) => {
                Ok(places.chunks(PLACE_WORDS * WORD).filter_map(call).collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Writes the record of a call of a thread, if there is room for it.
    pub fn put(&mut self, tid: u32, record: &[u8]) {
        self.remove(tid);
        if record.len() > (PLACE_WORDS - 1) * WORD {
            return;
        }
        let Some(place) = self.free.pop() else { return };
        for (at, bytes) in (first(place) + 1..).zip(record.chunks(WORD)) {
            let mut word = [0; WORD];
            word.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            self.store(at, u64::from_le_bytes(word));
        }
        // Last, so that a place with a length is whole.
        self.store(first(place), record.len() as u64);
        self.used.insert(tid, place);
    }

    /// Forgets the call of a thread.
    pub fn remove(&mut self, tid: u32) {
        if let Some(place) = self.used.remove(&tid) {
            self.store(first(place), 0);
            self.free.push(place);
        }
    }

    fn store(&self, index: usize, value: u64) {
        if let Some(word) = self.words.word(index) {
            word.store(value.to_le(), Release);
        }
    }
}

/// A daemon that ends in order leaves no file.
impl Drop for WaitingCalls {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.path) {
            tracing::debug!("{error:#}");
        }
    }
}

/// Returns the index of the first word of a place.
fn first(place: usize) -> usize {
    1 + place * PLACE_WORDS
}

/// Reads a place; `None` if it is empty.
fn call(place: &[u8]) -> Option<SavedCall> {
    let (length, record) = place.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok().filter(|&length| length > 0)?;
    Some(SavedCall { bytes: record.get(..length)?.into(), is_recorded: false })
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result.with_context(|| format!("failed to remove {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(record: &[u8]) -> SavedCall {
        SavedCall { bytes: record.into(), is_recorded: false }
    }

    #[test]
    fn take_returns_calls_that_were_not_removed_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(WaitingCalls::take(folder.path(), 7).unwrap().is_empty());
        let mut calls = WaitingCalls::open(folder.path(), 7).unwrap();
        calls.put(1, b"first of thread 1");
        calls.put(2, b"of thread 2");
        calls.put(3, b"of thread 3");
        calls.remove(2);
        calls.put(1, b"second");
        let mut taken = WaitingCalls::take(folder.path(), 7).unwrap();
        taken.sort_by(|a, b| a.bytes.cmp(&b.bytes));
        assert_eq!(taken, [saved(b"of thread 3"), saved(b"second")]);
        assert!(WaitingCalls::take(folder.path(), 7).unwrap().is_empty());
    }

    #[test]
    fn take_forgets_calls_of_another_ring_and_of_daemon_that_ended_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let mut calls = WaitingCalls::open(folder.path(), 7).unwrap();
        calls.put(1, b"one");
        assert!(WaitingCalls::take(folder.path(), 8).unwrap().is_empty());
        drop(calls);
        let mut calls = WaitingCalls::open(folder.path(), 7).unwrap();
        calls.put(1, b"one");
        drop(calls);
        assert!(WaitingCalls::take(folder.path(), 7).unwrap().is_empty());
    }

    #[test]
    fn put_without_room_keeps_the_calls_before() {
        let folder = tempfile::tempdir().unwrap();
        let mut calls = WaitingCalls::open(folder.path(), 7).unwrap();
        let longest = [7; (PLACE_WORDS - 1) * WORD];
        calls.put(0, &longest);
        calls.put(1, &[&longest[..], b"x"].concat());
        (2..100).for_each(|tid| calls.put(tid, b"x"));
        let taken = WaitingCalls::take(folder.path(), 7).unwrap();
        assert_eq!(taken.len(), PLACES);
        assert!(taken.contains(&saved(&longest)));
    }
}
