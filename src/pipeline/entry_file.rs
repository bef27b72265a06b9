//! The record that the output may not have, in a file that outlives the daemon: its number in 8 bytes, its length in
//! 8 bytes, and its encoded entry. Little-endian.

use std::fs::{File, OpenOptions};
use std::io::IoSlice;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use nix::sys::uio::pwritev;

/// Name of the file in the runtime directory.
const NAME: &str = "waiting-event";

/// Bytes in front of the entry.
const HEADER: usize = 2 * size_of::<u64>();

/// The file, open.
#[derive(Debug)]
pub struct EntryFile {
    file: File,
    /// Number of the entry that was written last.
    number: u64,
}

impl EntryFile {
    /// Opens the file; creates it if there is none.
    ///
    /// # Errors
    /// Fails if it cannot be opened.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file =
            file.open(&path).with_context(|| format!("failed to open {}", path.display()))?;
        let mut header = [0; HEADER];
        let is_written = file.read_exact_at(&mut header, 0).is_ok();
        let number = if is_written { split(header).0 } else { 0 };
        Ok(Self { file, number })
    }

    /// Writes an entry in place of the one before and returns its number. A daemon that is killed in between has told
    /// nobody that number.
    ///
    /// # Errors
    /// Fails if the file cannot be written.
    pub fn write(&mut self, entry: &[u8]) -> Result<u64> {
        let number = self.number + 1;
        let [head, tail] = [number, entry.len() as u64].map(u64::to_le_bytes);
        let parts = [head.as_slice(), &tail, entry].map(IoSlice::new);
        let written = pwritev(&self.file, &parts, 0).map(|bytes| bytes == HEADER + entry.len());
        match written {
            Ok(true) => {}
            Ok(false) => bail!("failed to save an event: no room for {} bytes", entry.len()),
            Err(errno) => return Err(errno).context("failed to save an event"),
        }
        self.number = number;
        Ok(number)
    }

    /// Returns the entry of that number, if it is the last one.
    pub fn read(&self, number: u64) -> Option<Vec<u8>> {
        let mut header = [0; HEADER];
        self.file.read_exact_at(&mut header, 0).ok()?;
        let (last, length) = split(header);
        let size = self.file.metadata().ok()?.len().checked_sub(HEADER as u64)?;
        let is_whole = number == last && length <= size;
        let mut entry = vec![0; usize::try_from(length).ok().filter(|_| is_whole)?];
        self.file.read_exact_at(&mut entry, HEADER as u64).ok()?;
        Some(entry)
    }
}

/// Splits the header into number and length.
fn split(header: [u8; HEADER]) -> (u64, u64) {
    let word = |at| {
        let bytes = header.get(at..).and_then(<[u8]>::first_chunk);
        u64::from_le_bytes(bytes.copied().unwrap_or_default())
    };
    (word(0), word(size_of::<u64>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_returns_last_entry_by_its_number_only() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = EntryFile::open(folder.path()).unwrap();
        assert_eq!(file.read(0), None);
        let first = file.write(b"a long entry").unwrap();
        let second = file.write(b"entry").unwrap();
        let next = EntryFile::open(folder.path()).unwrap();
        assert_eq!((next.read(first), next.read(second)), (None, Some(b"entry".to_vec())));
        assert_eq!(next.read(second + 1), None);
    }

    #[test]
    fn number_goes_on_with_the_next_daemon() {
        let folder = tempfile::tempdir().unwrap();
        let first = EntryFile::open(folder.path()).unwrap().write(b"a").unwrap();
        let mut next = EntryFile::open(folder.path()).unwrap();
        assert_eq!(next.write(b"b").unwrap(), first + 1);
        assert_eq!(next.read(first), None);
    }

    #[test]
    fn read_of_entry_that_is_cut_short_returns_none() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = EntryFile::open(folder.path()).unwrap();
        let number = file.write(b"entry").unwrap();
        file.file.set_len(HEADER as u64 + 4).unwrap();
        assert_eq!(file.read(number), None);
    }
}
