//! Records that the output did not accept before the daemon stopped, kept in the runtime directory until the next
//! start: entries as they are sent to journald, each behind its length in 8 bytes, little-endian.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Name of the file.
const NAME: &str = "last-records";

/// Saves the entries, if there are any.
///
/// # Errors
/// Fails if the file cannot be written.
pub fn save(folder: &Path, entries: &[Vec<u8>]) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let path = folder.join(NAME);
    let mut bytes = Vec::new();
    for entry in entries {
        bytes.extend((entry.len() as u64).to_le_bytes());
        bytes.extend(entry);
    }
    // A file that is there was left by a run whose records nobody has read: they are older, but not less.
    let mut options = OpenOptions::new();
    let file = options.append(true).create(true).mode(0o600).open(&path);
    let written = file.and_then(|mut file| file.write_all(&bytes));
    written.with_context(|| format!("failed to save them in {}", path.display()))
}

/// Removes and returns the saved entries, the oldest first.
///
/// # Errors
/// Fails if the file cannot be read or removed.
pub fn take(folder: &Path) -> Result<Vec<Vec<u8>>> {
    let path = folder.join(NAME);
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        result => result.with_context(|| format!("failed to read {}", path.display()))?,
    };
    fs::remove_file(&path).with_context(|| format!("failed to remove {}", path.display()))?;
    Ok(split(&bytes))
}

/// Splits the bytes into entries. An entry that is cut short ends the list.
fn split(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let Some((entry, rest)) = rest.split_at_checked(length) else { break };
        entries.push(entry.to_vec());
        bytes = rest;
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn take_returns_saved_entries_of_all_runs_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(take(folder.path()).unwrap().is_empty());
        save(folder.path(), &[b"one".to_vec(), b"".to_vec()]).unwrap();
        save(folder.path(), &[]).unwrap();
        save(folder.path(), &[b"two\n".to_vec()]).unwrap();
        let entries = [b"one".to_vec(), b"".to_vec(), b"two\n".to_vec()];
        assert_eq!(take(folder.path()).unwrap(), entries);
        assert!(take(folder.path()).unwrap().is_empty());
    }

    #[test]
    fn split_ends_at_entry_that_is_cut_short() {
        let mut bytes = Vec::from(3_u64.to_le_bytes());
        bytes.extend(b"one");
        let whole = bytes.clone();
        bytes.extend(u64::MAX.to_le_bytes());
        bytes.extend(b"cut");
        assert_eq!(split(&bytes), [b"one".to_vec()]);
        assert_eq!(split(whole.get(..9).unwrap()), Vec::<Vec<u8>>::new());
    }
}
