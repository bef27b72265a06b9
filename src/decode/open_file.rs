//! Files behind descriptors, out of the captures that describe them.

use std::mem::{offset_of, size_of};

use syscalls::Status;

use super::reader::Reader;
use super::{Device, Error, KernelPath, OpenSocket};
use crate::bpf::types;

const FILE_SIZE: usize = size_of::<types::open_file>();
const _: () = assert!(FILE_SIZE == types::wire_size::OPEN_FILE_SIZE.0 as usize);

/// Types of inodes, and magic numbers of file systems (`include/uapi/linux/magic.h`).
const S_IFMT: u16 = 0o170_000;
const S_IFCHR: u16 = 0o020_000;
const S_IFBLK: u16 = 0o060_000;
const ANON_INODE_FS: u32 = 0x0904_1934;
const NSFS: u32 = 0x6e73_6673;
const PID_FS: u32 = 0x5049_4446;
const PIPEFS: u32 = 0x5049_5045;
const SOCKFS: u32 = 0x534f_434b;

/// A descriptor of a call, and the file behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptor<'a> {
    /// Position of the argument; that of the result is [`Descriptor::RESULT`].
    pub position: u8,
    /// Unreadable: it is not open, or another thread closed it meanwhile. Truncated: so is the path.
    pub status: Status,
    /// The file, if it is known.
    pub file: Option<OpenFile<'a>>,
}

/// File behind a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenFile<'a> {
    /// Number of its inode.
    pub inode: u64,
    /// Kind of the file, with its name.
    pub kind: FileKind<'a>,
}

/// Kind of an open file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind<'a> {
    /// A file or a directory of a file system.
    Path(KernelPath<'a>),
    /// The node of a device: of blocks or not, its numbers, and its path.
    Device(bool, Device, KernelPath<'a>),
    /// A pipe without a path.
    Pipe,
    /// A file of the kernel that has a name only, such as `[eventfd]`.
    Anonymous(&'a [u8]),
    /// A process, by its id in the initial pid namespace.
    Process(u32),
    /// A namespace, by its type.
    Namespace(&'a [u8]),
    /// A socket.
    Socket(OpenSocket<'a>),
    /// A file that is registered with a ring of `io_uring`: the number is its index there.
    Registered,
}

impl<'a> Descriptor<'a> {
    /// Position of the result of a call.
    pub const RESULT: u8 = types::wire_size::RESULT_POSITION.0 as u8;

    /// Decodes the bytes of a capture; those of a descriptor that is not open are none. `names` are the rest of what
    /// the header says of the path.
    pub(super) fn decode(
        position: u8,
        bytes: &'a [u8],
        path: KernelPath<'a>,
    ) -> Result<Self, Error> {
        let status = path.status;
        if bytes.is_empty() && !status.is_readable() {
            return Ok(Self { position, status, file: None });
        }
        let file = OpenFile::decode(bytes, path)?;
        Ok(Self { position, status, file: Some(file).filter(OpenFile::is_named) })
    }
}

impl<'a> OpenFile<'a> {
    fn decode(bytes: &'a [u8], path: KernelPath<'a>) -> Result<Self, Error> {
        let reader = Reader(bytes);
        let rest = bytes.get(FILE_SIZE..).ok_or(Error::TooShort(bytes.len()))?;
        let path = KernelPath { names: rest, ..path };
        let mode = reader.u16(offset_of!(types::open_file, mode))? & S_IFMT;
        let device = Device(reader.u32(offset_of!(types::open_file, device))?);
        let pid = reader.u32(offset_of!(types::open_file, pid))?;
        let kind = match reader.u32(offset_of!(types::open_file, magic))? {
            SOCKFS => FileKind::Socket(OpenSocket::decode(rest)?),
            NSFS => FileKind::Namespace(Reader(rest).until_nul(0, rest.len())?),
            PIPEFS => FileKind::Pipe,
            ANON_INODE_FS | PID_FS if pid != 0 => FileKind::Process(pid),
            PID_FS => FileKind::Anonymous(b"[pidfd]"),
            ANON_INODE_FS => FileKind::Anonymous(Reader(rest).until_nul(0, rest.len())?),
            _ if mode == S_IFBLK => FileKind::Device(true, device, path),
            _ if mode == S_IFCHR => FileKind::Device(false, device, path),
            _ => FileKind::Path(path),
        };
        Ok(Self { inode: reader.u64(offset_of!(types::open_file, inode))?, kind })
    }

    /// Returns whether the name is known: a path that was renamed while it was read is not.
    fn is_named(&self) -> bool {
        match self.kind {
            FileKind::Path(path) | FileKind::Device(_, _, path) => path.status.is_readable(),
            _ => true,
        }
    }

    /// Returns whether the file has lost its name, or never had one but for show, such as a memfd.
    pub fn is_deleted(&self) -> bool {
        match self.kind {
            FileKind::Path(path) | FileKind::Device(_, _, path) => {
                path.is_deleted || path.is_pseudo
            }
            _ => false,
        }
    }
}
