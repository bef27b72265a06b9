//! Notation of strace: registers, flags, structures and captured memory as text. A value of an
//! unexpected shape is printed as it is, in hexadecimal; nothing here panics, and nothing is made up.
//!
//! [`argument_with_memory`] prints an argument with the memory that it points to, [`result`] the
//! result of a call; both are built of the other functions, which print one kind of value each.

/// Raw numbers and bytes.
mod primitive;

/// Names of signals and clocks.
mod names;

/// Flags by name.
mod flags;

/// Registers, by the kind of their parameter.
mod register;

/// Numbers in captured bytes, and the ellipsis of values that were cut.
mod bytes;

/// Quoted strings in ASCII.
mod quote;

/// Structures, by their layout.
mod structure;

/// Vectors of buffers.
mod iovec;

/// Vectors of pointers to structures.
mod pointers;

/// Messages of netlink.
mod netlink;

/// Ancillary data of messages.
mod control;

/// Messages of sockets.
mod message;

/// Strings, buffers, numbers and structures behind a pointer.
mod buffer;

/// Vectors of strings.
mod strings;

/// Arguments with their memory.
mod memory;

pub use bytes::uint_at;
pub use flags::flags_in_set;
pub use memory::{argument_with_memory, string_bytes};
pub use names::{clock, clock_short, signal};
pub use primitive::{Number, dirfd, hex_bytes, int, register};
pub use quote::file_name;
pub use register::{register_number, register_value, result};
pub use structure::{Phase, bpf_attr, count_dirents, structure, structures, wait_status};
