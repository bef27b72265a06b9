//! Calls that wait for their result when the daemon is restarted, kept in the runtime directory for the next one: the
//! id of the ring in 4 bytes, then for each call a byte that is 1 if its event is recorded, the length of the event's
//! record in 4 bytes, and the record. Little-endian.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::pipeline::SavedCall;

/// Name of the file.
const NAME: &str = "pending-calls";

/// Saves the calls.
///
/// # Errors
/// Fails if the file cannot be written.
pub fn save(folder: &Path, ring: u32, calls: &[SavedCall]) -> Result<()> {
    let path = folder.join(NAME);
    let mut bytes = Vec::from(ring.to_le_bytes());
    for call in calls {
        let length = u32::try_from(call.bytes.len()).context("a record is too long")?;
        bytes.push(u8::from(call.is_recorded));
        bytes.extend(length.to_le_bytes());
        bytes.extend(&*call.bytes);
    }
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(&path);
    let written = file.and_then(|mut file| file.write_all(&bytes));
    written.with_context(|| format!("failed to save them in {}", path.display()))
}

/// Removes and returns the calls that were saved with that ring.
///
/// # Errors
/// Fails if the file cannot be read or removed.
pub fn take(folder: &Path, ring: u32) -> Result<Vec<SavedCall>> {
    let path = folder.join(NAME);
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        result => result.with_context(|| format!("failed to read {}", path.display()))?,
    };
    fs::remove_file(&path).with_context(|| format!("failed to remove {}", path.display()))?;
    match bytes.split_first_chunk() {
        Some((id, calls)) if u32::from_le_bytes(*id) == ring => Ok(split(calls)),
        _ => Ok(Vec::new()),
    }
}

/// Splits the bytes into calls. A call that is cut short ends the list.
fn split(mut bytes: &[u8]) -> Vec<SavedCall> {
    let mut calls = Vec::new();
    while let Some((&is_recorded, rest)) = bytes.split_first() {
        let Some((length, rest)) = rest.split_first_chunk() else { break };
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let Some((record, rest)) = rest.split_at_checked(length) else { break };
        calls.push(SavedCall { bytes: record.into(), is_recorded: is_recorded == 1 });
        bytes = rest;
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls() -> Vec<SavedCall> {
        let call = |bytes: &[u8], is_recorded| SavedCall { bytes: bytes.into(), is_recorded };
        vec![call(b"one", false), call(b"", true), call(&[0; 300], true)]
    }

    #[test]
    fn take_returns_saved_calls_of_the_ring_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(take(folder.path(), 7).unwrap().is_empty());
        save(folder.path(), 7, &calls()).unwrap();
        assert_eq!(take(folder.path(), 7).unwrap(), calls());
        assert!(take(folder.path(), 7).unwrap().is_empty());
    }

    #[test]
    fn take_forgets_calls_of_another_ring() {
        let folder = tempfile::tempdir().unwrap();
        save(folder.path(), 7, &calls()).unwrap();
        assert!(take(folder.path(), 8).unwrap().is_empty());
        assert!(take(folder.path(), 7).unwrap().is_empty());
    }

    #[test]
    fn split_ends_at_call_that_is_cut_short() {
        assert_eq!(
            split(&[0, 1, 0, 0, 0, 9, 1, 2, 0]),
            [SavedCall { bytes: [9].into(), is_recorded: false }]
        );
        assert!(split(&[0, 255, 255, 255, 255, 1]).is_empty());
    }
}
