//! The record that the output may not have, in a file that outlives the daemon: its number in 8 bytes, its length in
//! 8 bytes, and its encoded entry. Little-endian.

use std::fs::{File, OpenOptions};
use std::io::IoSlice;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use nix::fcntl::posix_fallocate;
use nix::libc::off_t;
use nix::sys::uio::pwritev;

/// Name of the file in the runtime directory.
const NAME: &str = "waiting-event";

/// Bytes in front of the entry.
const HEADER: usize = 2 * size_of::<u64>();

/// Bytes that the file has from the beginning, so that an entry finds room where the file system is full. A record of a call
/// takes some 1,000; one with all that can be captured fits.
const ROOM: off_t = 256 << 10;

/// The file, open.
#[derive(Debug)]
pub struct EntryFile {
    file: File,
    /// Number of the entry that was written last, or that could not be written.
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
        if let Err(errno) = posix_fallocate(&file, 0, ROOM) {
            tracing::warn!(
                "failed to reserve room in {}: {errno}; an event that waits is lost if the daemon is killed while the \
                 file system is full",
                path.display()
            );
        }
        Ok(Self { file, number })
    }

    /// Returns the number of the last entry, whether or not it could be written.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Goes on with numbers behind `number`.
    pub fn skip(&mut self, number: u64) {
        self.number = self.number.max(number);
    }

    /// Writes an entry in place of the one before and returns its number. A daemon that is killed in between has told
    /// nobody that number. An entry that cannot be written has one, too, under which nothing is read.
    ///
    /// # Errors
    /// Fails if the file cannot be written.
    pub fn write(&mut self, entry: &[u8]) -> Result<u64> {
        self.number += 1;
        let number = self.number;
        let [head, tail] = [number, entry.len() as u64].map(u64::to_le_bytes);
        let parts = [head.as_slice(), &tail, entry].map(IoSlice::new);
        let written = pwritev(&self.file, &parts, 0).map(|bytes| bytes == HEADER + entry.len());
        match written {
            Ok(true) => Ok(number),
            Ok(false) => bail!("failed to save an event: no room for {} bytes", entry.len()),
            Err(errno) => Err(errno).context("failed to save an event"),
        }
    }

    /// Returns the entry of that number, if it is the last one.
    pub fn read(&self, number: u64) -> Option<Vec<u8>> {
        let mut header = [0; HEADER];
        self.file.read_exact_at(&mut header, 0).ok()?;
        let (last, length) = split(header);
        let size = self.file.metadata().ok()?.len().checked_sub(HEADER as u64)?;
        let is_whole = number > 0 && number == last && length <= size;
        let mut entry = vec![0; usize::try_from(length).ok().filter(|_| is_whole)?];
        self.file.read_exact_at(&mut entry, HEADER as u64).ok()?;
        Some(entry)
    }
}

#[cfg(test)]
impl EntryFile {
    /// Makes each further write fail.
    pub(super) fn fill(&mut self) {
        use std::os::fd::AsRawFd as _;
        let path = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        self.file = File::open(path).expect("the file");
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
    use nix::fcntl::{FcntlArg, SealFlag, fcntl};
    use nix::sys::memfd::{MFdFlags, memfd_create};

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

    /// A file that cannot grow, as in a file system that is full.
    #[test]
    fn entry_has_room_in_full_file_system() {
        let folder = tempfile::tempdir().unwrap();
        let file = EntryFile::open(folder.path()).unwrap();
        let size = file.file.metadata().unwrap().len();
        let full = memfd_create(c"full", MFdFlags::MFD_ALLOW_SEALING).map(File::from).unwrap();
        full.set_len(size).unwrap();
        fcntl(&full, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_GROW)).unwrap();
        let mut file = EntryFile { file: full, number: 0 };
        let entry = vec![b'x'; ROOM as usize - HEADER];
        let number = file.write(&entry).unwrap();
        assert_eq!(file.read(number), Some(entry));
        assert!(file.write(&vec![b'x'; ROOM as usize - HEADER + 1]).is_err());
    }

    #[test]
    fn entry_that_was_not_written_has_number_of_its_own_under_which_nothing_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = EntryFile::open(folder.path()).unwrap();
        let first = file.write(b"a").unwrap();
        file.fill();
        assert!(file.write(b"b").is_err());
        assert!(file.number() > first);
        assert_eq!((file.read(first), file.read(file.number())), (Some(b"a".to_vec()), None));
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
