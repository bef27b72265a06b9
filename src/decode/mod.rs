//! Bytes from the ring in, events out, in two stages: `RingRecord` is decoded when a record arrives, an
//! `Event` once, when it is delivered. Pure: no BPF, no I/O, no logging. The bytes carry what traced
//! processes chose, so nothing here indexes, unwraps or panics.

mod ancestors;
mod argument;
mod argv;
mod boxed;
mod captures;
mod chained;
mod encoded_captures;
mod error;
mod event;
mod executable;
mod exit;
mod header;
mod inner;
mod join;
mod kernel_path;
mod list;
mod names;
mod open_file;
mod open_files;
mod open_socket;
mod paths;
mod process;
mod reader;
mod record;
pub mod render;

pub use ancestors::{Ancestor, AncestorExes, ancestors};
pub use argument::KnownCall;
pub use boxed::{Boxed, restore};
pub use captures::Captures;
pub use chained::Chained;
pub use error::Error;
pub use event::Event;
pub use executable::{Executable, Executed, Sha256};
pub use exit::{Outcome, SyscallExit};
pub use header::Header;
pub use kernel_path::KernelPath;
pub use names::KernelPaths;
pub use open_file::{Descriptor, FileKind, OpenFile};
pub use open_files::{OpenFiles, is_cwd};
pub use open_socket::{OpenSocket, SocketFamily};
pub use paths::JoinedPath;
pub use process::{Credentials, Device, Exe, NAMESPACES, Process};
pub use record::RingRecord;

/// Birth or end of a cgroup in the v2 hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CgroupEvent<'a> {
    /// Birth of a cgroup.
    Born {
        /// Id of the cgroup.
        id: u64,
        /// Id of its parent.
        parent: u64,
        /// Last component of its path.
        name: &'a [u8],
    },
    /// End of a cgroup.
    Gone {
        /// Id of the cgroup.
        id: u64,
    },
}
