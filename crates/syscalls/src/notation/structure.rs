//! Structures as strace prints them by default: by their layout in `structs.txt`, or by a module of this
//! folder if a layout cannot express the notation. Of bytes that end too early, the complete members are
//! printed.

/// Phases of a syscall.
mod phase;

/// Items that are separated by commas.
mod list;

/// Members that are named constants.
mod symbols;

/// Sets of bits.
mod sets;

/// Points in time.
mod times;

/// Types and permissions of files.
mod filemode;

/// Members that are not named constants.
mod number;

/// Structures and members, by layout.
mod layout;

/// Addresses of sockets.
mod address;

/// Attributes of bpf(2).
mod bpf;

/// Capabilities.
mod capabilities;

/// Entries of directories.
mod dirents;

/// Times of files.
mod file_times;

/// Information about signals.
mod siginfo;

/// Status of child processes.
mod wait;

pub use bpf::bpf_attr;
pub use dirents::count_dirents;
pub use layout::{with_layout, with_members};
pub use number::{inet, inet6};
pub use phase::Phase;
pub use times::date;
pub use wait::wait_status;

use super::primitive::hex_bytes;
use crate::{Abi, Structure};
use layout::laid_out;
use list::List;

/// Prints a structure; `name` is that of a layout. The number of bytes decides between several forms of
/// a structure: addresses of sockets, signal sets, extensible structures of the kernel.
pub fn structure(abi: Abi, name: &str, bytes: &[u8], phase: Phase, out: &mut String) {
    match name {
        "sockaddr" => address::socket_address(abi, bytes, out),
        "sigset" | "compat_sigset" | "compat_old_sigset" => sets::signals(bytes, out),
        "fd_set" | "cpu_set" => sets::numbers(bytes, out),
        _ if address::contained(name).is_some() => address::structure(abi, name, bytes, phase, out),
        "siginfo" | "compat_siginfo" => siginfo::siginfo(abi, bytes, phase, out),
        "cap_user_data" => capabilities::capabilities(abi, bytes, phase, out),
        "file_times" | "file_times32" => file_times::file_times(abi, name, bytes, "tv_nsec", out),
        "file_timevals" | "file_timevals32" => {
            file_times::file_times(abi, name, bytes, "tv_usec", out)
        }
        _ => laid_out(abi, name, bytes, phase, out),
    }
}

/// Prints an array of structures, each as long as its layout. At exit, descriptors without events are
/// left out.
pub fn structures(abi: Abi, name: &str, bytes: &[u8], phase: Phase, out: &mut String) {
    let size = crate::structure(abi, name).map_or(0, Structure::size);
    if size == 0 {
        return hex_bytes(bytes, out);
    }
    let has_no_event = |one: &[u8]| {
        let layout = crate::structure(abi, name);
        let events = layout.and_then(|layout| layout.number(one, "revents"));
        phase == Phase::Exit && events == Some(0)
    };
    let mut list = List::open("[", out);
    for one in bytes.chunks(size).filter(|one| !has_no_event(one)) {
        structure(abi, name, one, phase, list.item());
    }
    list.close("]");
}

#[cfg(test)]
mod tests;
