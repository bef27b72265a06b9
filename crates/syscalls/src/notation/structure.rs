//! The bytes of a structure in, text out as strace prints it by default. What the bytes are, the
//! layouts of `structs.txt` tell; what a layout cannot tell has a module here. Bytes that end too
//! early give the members that are whole; nothing here panics and nothing is made up.

mod address;
mod bpf;
mod capabilities;
mod dirents;
mod list;
mod number;
pub(super) mod quote;
mod sets;
mod siginfo;
mod symbols;
mod times;
mod value;
mod wait;

pub use bpf::bpf_attr;
pub use dirents::dirents;
pub use wait::wait_status;

use super::hex_bytes;
use crate::{Abi, Shown, Structure};
use list::List;

/// When the bytes were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Before the kernel did.
    Entry,
    /// After the kernel wrote them.
    Exit,
}

/// One structure; `name` is that of a layout. The bytes' length counts where a structure has several
/// forms: an address of a socket, a signal set, a newer form of the kernel's.
pub fn structure(abi: Abi, name: &str, bytes: &[u8], side: Side, out: &mut String) {
    match name {
        "sockaddr" => address::socket_address(abi, bytes, out),
        "sigset" | "compat_sigset" | "compat_old_sigset" => sets::signals(bytes, out),
        "fd_set" | "cpu_set" => sets::numbers(bytes, out),
        "group_req" => address::group(abi, bytes, side, out),
        "siginfo" | "compat_siginfo" => siginfo::siginfo(abi, bytes, side, out),
        "cap_user_data" => capabilities::capabilities(abi, bytes, side, out),
        "file_times" | "file_times32" => times::file_times(abi, name, bytes, "tv_nsec", out),
        "file_timevals" | "file_timevals32" => times::file_times(abi, name, bytes, "tv_usec", out),
        _ => laid_out(abi, name, bytes, side, out),
    }
}

/// A vector of structures, each as long as its layout. After the call of descriptors only those of
/// which something came.
pub fn structures(abi: Abi, name: &str, bytes: &[u8], side: Side, out: &mut String) {
    let size = crate::structure(abi, name).map_or(0, Structure::size);
    if size == 0 {
        return hex_bytes(bytes, out);
    }
    let is_silent = |one: &[u8]| {
        let layout = crate::structure(abi, name);
        let came = layout.and_then(|layout| layout.number(one, "revents"));
        side == Side::Exit && came == Some(0)
    };
    let mut list = List::open("[", out);
    for one in bytes.chunks(size).filter(|one| !is_silent(one)) {
        structure(abi, name, one, side, list.item());
    }
    list.close("]");
}

/// By its layout alone.
fn laid_out(abi: Abi, name: &str, bytes: &[u8], side: Side, out: &mut String) {
    match crate::structure(abi, name) {
        Some(layout) if !layout.is_opaque() => told(layout, bytes, side, out),
        _ => hex_bytes(bytes, out),
    }
}

/// In braces, in brackets where its layout is a list, bare where it is a value without a name.
fn told(layout: &Structure, bytes: &[u8], side: Side, out: &mut String) {
    let (open, close) = match layout.members() {
        _ if layout.is_list() => ("[", "]"),
        [member] if member.name.is_empty() => ("", ""),
        _ => ("{", "}"),
    };
    let mut list = List::open(open, out);
    members(layout, bytes, side, &mut list);
    list.close(close);
}

/// The members that are told at that side and whole.
fn members(layout: &Structure, bytes: &[u8], side: Side, list: &mut List) {
    for member in layout.members().iter().filter(|member| is_of(member.shown, side)) {
        if member.end() > bytes.len() {
            return if !member.is_optional {
                list.item().push_str("...")
            };
        }
        if member.is_told(layout, bytes) {
            let out = list.item();
            if !member.name.is_empty() {
                out.push_str(member.name);
                out.push('=');
            }
            value::value(layout, member, bytes, side, out);
        }
    }
    let rest = bytes.get(layout.size()..).unwrap_or_default();
    if layout.has_more() || rest.iter().any(|byte| *byte != 0) && !layout.is_open() {
        list.item().push_str("...");
    }
}

fn is_of(shown: Shown, side: Side) -> bool {
    match shown {
        Shown::Always => true,
        Shown::Entry => side == Side::Entry,
        Shown::Exit => side == Side::Exit,
        Shown::Never => false,
    }
}

#[cfg(test)]
mod tests;
