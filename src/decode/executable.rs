//! Identity of the file that a call has executed, and of its content.

use std::mem::{offset_of, size_of};

use super::reader::Reader;
use super::{Device, Error};
use crate::bpf::types;

/// SHA-256 of a file.
pub type Sha256 = [u8; 32];

/// A program's file and its content. Each change of the content is a change of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Executable {
    /// The file system's device, as the kernel knows it.
    pub device: Device,
    /// Number within it.
    pub inode: u64,
    /// Generation of that number, which may be used again for another file.
    pub generation: u32,
    /// Size in bytes.
    pub size: u64,
    /// Time of its last change, `CLOCK_REALTIME` in ns.
    pub changed_ns: u64,
    /// Magic number of its file system.
    pub magic: u32,
}

/// The program that a call has executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Executed {
    /// File of the program.
    pub file: Executable,
    /// Digest of the file, if it was read before it changed.
    pub sha256: Option<Sha256>,
}

const SECOND_NS: u64 = 1_000_000_000;

impl Executable {
    /// Decodes a `struct executable`.
    ///
    /// # Errors
    /// Fails if there are fewer bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let bytes: &[u8; size_of::<types::executable>()] =
            bytes.first_chunk().ok_or(Error::TooShort(bytes.len()))?;
        let reader = Reader(bytes);
        let seconds = reader.u64(offset_of!(types::executable, ctime_s))?;
        let ns = reader.u32(offset_of!(types::executable, ctime_ns))?;
        Ok(Self {
            device: Device(reader.u32(offset_of!(types::executable, device))?),
            inode: reader.u64(offset_of!(types::executable, inode))?,
            generation: reader.u32(offset_of!(types::executable, generation))?,
            size: reader.u64(offset_of!(types::executable, size))?,
            changed_ns: seconds.wrapping_mul(SECOND_NS).wrapping_add(ns.into()),
            magic: reader.u32(offset_of!(types::executable, magic))?,
        })
    }
}
