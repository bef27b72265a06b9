//! Linux syscalls as data, per architecture: names and numbers, groups, signatures, structures and
//! constants, and the notation of strace for values that were captured from a process.
//!
//! # A tour
//!
//! 1. **Table.** A [`Slot`] is a syscall number of one [`Abi`]. [`number`] and [`name`] convert
//!    between names and numbers, [`functions`] returns the kernel's entry points, [`group`] returns
//!    the members of a set such as `@file-system`.
//! 2. **Signature.** [`signature`] returns the [`Parameter`]s of a slot: name, [`Kind`], and for a
//!    pointer the [`Memory`] behind it. A [`Case`] replaces parameters of calls like `fcntl`, whose
//!    arguments depend on a command. Kinds refer to [`constant_set`]s and to [`structure`]s.
//! 3. **Capture.** A [`Call`] has the registers of a syscall and the [`Capture`]s of the memory that
//!    they point to. [`Call::arguments`] joins it with the signature, which gives [`Argument`]s.
//! 4. **Notation.** [`notation`] prints an argument or a result as strace does;
//!    [`printable`] makes bytes that a process chose safe to print.
//!
//! ```
//! use syscalls::{Abi, Call, Capture, Moment, Part, Slot, Status, Value, notation};
//!
//! let slot = Slot::new(Abi::Native, syscalls::number(Abi::Native, "openat").unwrap()).unwrap();
//! let path = Capture {
//!     index: 1,
//!     part: Part::Whole,
//!     moment: Moment::Entry,
//!     value: Value::Text(b"/etc/hosts"),
//!     status: Status::Ok,
//! };
//! let registers = [-100_i64 as u64, 0x7ffd_1234, 0x8_0000, 0, 0, 0];
//! let call = Call { abi: slot.abi(), registers, captures: &[path], result: Some(3), socket: None };
//!
//! let mut text = String::new();
//! for argument in call.arguments(syscalls::signature(slot).unwrap()) {
//!     notation::argument_with_memory(&argument, &mut text);
//!     text.push(' ');
//! }
//! assert_eq!(text, "AT_FDCWD \"/etc/hosts\" O_RDONLY|O_CLOEXEC ");
//! ```
//!
//! The data is compiled in (`tables/`, described in the crate's README). Nothing here asks the
//! running kernel: the same name has the same number on every host of an architecture.

/// ABIs of this architecture.
mod abi;

/// Parser of one ABI's table.
mod table;

/// Numbers and names of syscalls.
mod numbers;

/// Operations of `io_uring`.
mod io_uring;

/// Slots.
mod slot;

/// Names of probes.
mod probe_names;

/// Probes of the running kernel.
mod probes;

/// Kernel functions that serve slots.
mod functions;

/// Groups of syscalls, as in systemd's `SystemCallFilter=`.
mod groups;

/// Suggestions for misspelled names.
mod closest;

/// Sets of named constants: flags, enumerations, commands.
mod constants;

/// Layouts of structures.
mod structs;

/// Messages of netlink sockets.
mod netlink;

/// Parameters, result and cases of each syscall.
mod signature;

/// Arguments that are paths.
mod path_arguments;

/// Arguments and results that are descriptors.
mod descriptors;

/// Captured memory of one argument.
mod capture;

/// Calls as they were made, and their arguments.
mod argument;

/// Bytes of a capture that the kernel read or wrote.
mod extent;

pub mod notation;

pub mod printable;

/// Short pieces of text on their way into a string.
mod stage;

pub use abi::Abi;
pub use argument::{Argument, Call, Socket};
pub use capture::{Capture, Moment, Part, Status, Value};
pub use closest::closest;
pub use constants::{BitPattern, ConstantSet, constant_set};
pub use descriptors::{
    DescriptorForm, DescriptorMembers, descriptor_arguments, descriptor_members, descriptor_names,
    directory_arguments, may_return_descriptor,
};
pub use functions::functions;
pub use groups::{Group, group, groups};
pub use io_uring::{SqeMember, UringOperation, uring_operation};
pub use numbers::{is_known, name, names, number};
pub use path_arguments::{PathArgument, PathBase, path_arguments};
pub use probes::{give_slot, probe_slot, restore_slot};
pub use signature::{
    ArgumentSource, Case, Count, Direction, INNER_POSITION, InnerArguments, InnerCall, InnerMember,
    Kind, Memory, MemoryArguments, Parameter, Prototype, RegisterTest, Signature, Width, Written,
    signature,
};
pub use slot::Slot;
pub use structs::{
    Condition, Format, Member, MemberKind, Structure, Visibility, give_structure, native_uint,
    structure, structure_names,
};
