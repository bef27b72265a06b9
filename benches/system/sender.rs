//! The bare sender: recorded entries to journald, over and over, with nothing between them. A
//! process of its own, so that its CPU time is known.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Sends until it is ended.
pub fn send(entries: &Path, socket: &Path) -> Result<()> {
    let entries = read(entries)?;
    let to = UnixDatagram::unbound()?;
    to.connect(socket)?;
    for entry in entries.iter().cycle() {
        to.send(entry)?;
    }
    Ok(())
}

/// Entries in a file, each behind its length.
pub fn write(path: &Path, entries: &[Vec<u8>]) -> Result<()> {
    let mut bytes = Vec::new();
    for entry in entries {
        bytes.extend_from_slice(&u64::try_from(entry.len())?.to_ne_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(fs::write(path, bytes)?)
}

fn read(path: &Path) -> Result<Vec<Vec<u8>>> {
    let bytes = fs::read(path).with_context(|| format!("failed to read {}", path.display()))?;
    let (mut entries, mut rest) = (Vec::new(), bytes.as_slice());
    while let Some((length, more)) = rest.split_first_chunk() {
        let length = usize::try_from(u64::from_ne_bytes(*length))?;
        let (entry, more) = more.split_at_checked(length).context("a damaged file of entries")?;
        entries.push(entry.to_vec());
        rest = more;
    }
    Ok(entries)
}
