//! Ancestors of a process, out of the capture that holds them.

use std::mem::{offset_of, size_of};

use super::KernelPath;
use super::reader::Reader;
use crate::bpf::types;

const SIZE: usize = size_of::<types::ancestor>();
const COMM_SIZE: usize = types::wire_size::COMM_SIZE.0 as usize;

/// A process above the one that made a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ancestor<'a> {
    /// Thread group in the initial pid namespace.
    pub pid: u32,
    /// Start time, `CLOCK_BOOTTIME` in ns.
    pub start_ns: u64,
    /// Name of its first thread: any bytes but NUL, 15 at most.
    pub comm: &'a [u8],
}

/// Returns the ancestors in the bytes of a capture, the parent first. A rest that is too short for one is skipped.
pub fn ancestors(bytes: &[u8]) -> impl DoubleEndedIterator<Item = Ancestor<'_>> + Clone {
    bytes.chunks_exact(SIZE).filter_map(ancestor)
}

fn ancestor(bytes: &[u8]) -> Option<Ancestor<'_>> {
    let bytes: &[u8; SIZE] = bytes.first_chunk()?;
    let reader = Reader(bytes);
    Some(Ancestor {
        pid: reader.u32(offset_of!(types::ancestor, pid)).ok()?,
        start_ns: reader.u64(offset_of!(types::ancestor, start_ns)).ok()?,
        comm: reader.until_nul(offset_of!(types::ancestor, comm), COMM_SIZE).ok()?,
    })
}

/// Executables of ancestors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AncestorExes<'a>(Vec<(u8, KernelPath<'a>)>);

impl<'a> AncestorExes<'a> {
    /// Adds the path of the ancestor at a place.
    pub(super) fn add(&mut self, place: u8, path: KernelPath<'a>) {
        self.0.push((place, path));
    }

    /// Returns that of the ancestor at a place, 0 for the parent.
    pub fn of(&self, place: usize) -> Option<&KernelPath<'a>> {
        self.0.iter().find(|(known, _)| usize::from(*known) == place).map(|(_, path)| path)
    }
}

impl<'a> FromIterator<(u8, KernelPath<'a>)> for AncestorExes<'a> {
    fn from_iter<I: IntoIterator<Item = (u8, KernelPath<'a>)>>(paths: I) -> Self {
        Self(paths.into_iter().collect())
    }
}
