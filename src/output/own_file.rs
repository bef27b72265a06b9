//! The daemon's own entries that journald has not accepted, in a file of the runtime directory: a daemon that is killed
//! loses none of them. The number of those at the front that were accepted, in 8 bytes; then the entries, as they are
//! sent, each behind its length in 8 bytes. Little-endian.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, IoSlice};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use nix::sys::uio::pwritev;

/// Name of the file.
const NAME: &str = "waiting-records";

/// Bytes in front of the entries, and in front of each of them.
const WORD: usize = size_of::<u64>();

/// The file, open.
#[derive(Debug)]
pub struct OwnFile {
    file: File,
    /// Number of entries in the file.
    entries: u64,
    /// Number of entries at the front that were accepted.
    accepted: u64,
    /// Size of the file in bytes.
    end: u64,
}

impl OwnFile {
    /// Opens the file in a folder, creates it if there is none, and returns the entries that the output of the previous
    /// daemon did not accept, the oldest first.
    ///
    /// # Errors
    /// Fails if it cannot be read or written; then it is as it was.
    pub fn open(folder: &Path) -> Result<(Self, Vec<Vec<u8>>)> {
        let path = folder.join(NAME);
        let entries = read(&path)?;
        // Under another name until it is complete, so that an entry is in one file or the other at any time.
        let new = path.with_extension("new");
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&new);
        let file = file.with_context(|| format!("failed to create {}", new.display()))?;
        let mut own = Self { file, entries: 0, accepted: 0, end: 0 };
        entries.iter().try_for_each(|entry| own.write(entry))?;
        fs::rename(&new, &path).with_context(|| format!("failed to write {}", path.display()))?;
        Ok((own, entries))
    }

    /// Adds an entry. Returns whether the file has it; warns if not.
    pub fn add(&mut self, entry: &[u8]) -> bool {
        let written = self.write(entry);
        let warn = |error| tracing::warn!("{error:#}; it is lost if the daemon is killed now");
        written.map_err(warn).is_ok()
    }

    /// Removes the first entry.
    pub fn remove_first(&mut self) {
        self.accepted += 1;
        let removed = if self.accepted < self.entries {
            self.file.write_all_at(&self.accepted.to_le_bytes(), 0)
        } else {
            (self.entries, self.accepted, self.end) = (0, 0, 0);
            self.file.set_len(0)
        };
        if let Err(error) = removed {
            tracing::warn!("a record may come twice if the daemon is killed now: {error}");
        }
    }

    fn write(&mut self, entry: &[u8]) -> Result<()> {
        let length = (entry.len() as u64).to_le_bytes();
        let none = [0; WORD];
        let head = if self.end == 0 { none.as_slice() } else { &[] };
        let parts = [head, &length, entry];
        let size: usize = parts.iter().map(|part| part.len()).sum();
        let at = i64::try_from(self.end).unwrap_or(i64::MAX);
        let written = pwritev(&self.file, &parts.map(IoSlice::new), at);
        let written = written.context("failed to save a record that the output does not accept")?;
        // The next entry takes the place of one that is cut short.
        anyhow::ensure!(written == size, "no room to save a record of {size} bytes");
        self.end += size as u64;
        self.entries += 1;
        Ok(())
    }
}

/// Returns the entries in the file of another daemon that were not accepted, the oldest first.
///
/// # Errors
/// Fails if the file cannot be read.
pub fn entries(folder: &Path) -> Result<Vec<Vec<u8>>> {
    read(&folder.join(NAME))
}

fn read(path: &Path) -> Result<Vec<Vec<u8>>> {
    match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        result => result
            .map(|bytes| split(&bytes))
            .with_context(|| format!("failed to read {}", path.display())),
    }
}

/// Splits the bytes into entries. An entry that is cut short ends the list.
fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    let Some((accepted, mut bytes)) = bytes.split_first_chunk() else { return entries };
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let Some((entry, rest)) = rest.split_at_checked(length) else { break };
        entries.push(entry.to_vec());
        bytes = rest;
    }
    let accepted = usize::try_from(u64::from_le_bytes(*accepted)).unwrap_or(usize::MAX);
    entries.split_off(accepted.min(entries.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_returns_entries_that_were_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (mut file, left) = OwnFile::open(folder.path()).unwrap();
        assert!(left.is_empty());
        assert!(file.add(b"one") && file.add(b"") && file.add(b"three\n"));
        file.remove_first();
        let left = [b"".to_vec(), b"three\n".to_vec()];
        let (mut next, got) = OwnFile::open(folder.path()).unwrap();
        assert_eq!(got, left);
        assert!(next.add(b"four"));
        next.remove_first();
        let left = vec![b"three\n".to_vec(), b"four".to_vec()];
        assert_eq!(OwnFile::open(folder.path()).unwrap().1, left);
        assert_eq!(entries(folder.path()).unwrap(), left);
    }

    #[test]
    fn remove_first_of_last_entry_empties_file() {
        let folder = tempfile::tempdir().unwrap();
        let (mut file, _) = OwnFile::open(folder.path()).unwrap();
        for entry in [b"one", b"two"] {
            assert!(file.add(entry));
            file.remove_first();
            assert_eq!(fs::metadata(folder.path().join(NAME)).unwrap().len(), 0);
        }
        assert!(file.add(b"three"));
        assert_eq!(entries(folder.path()).unwrap(), [b"three".to_vec()]);
    }

    #[test]
    fn split_ends_at_entry_that_is_cut_short() {
        let mut bytes = vec![0; WORD];
        bytes.extend(3_u64.to_le_bytes());
        bytes.extend(b"one");
        let whole = bytes.len();
        bytes.extend(u64::MAX.to_le_bytes());
        bytes.extend(b"cut");
        assert_eq!(split(&bytes), [b"one".to_vec()]);
        for length in 0..whole {
            assert_eq!(split(&bytes[..length]), Vec::<Vec<u8>>::new());
        }
        bytes[0] = 9;
        assert_eq!(split(&bytes), Vec::<Vec<u8>>::new());
    }
}
