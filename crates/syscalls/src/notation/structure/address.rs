//! Addresses of sockets. The number of bytes is the length that the caller passed; an address that is too
//! short for its family is printed as bytes.

use std::fmt::Write;

use super::layout::{members, with_layout};
use super::list::List;
use super::phase::Phase;
use crate::notation::primitive::hex_bytes;
use crate::notation::quote;
use crate::{Abi, Structure, native_uint};

/// Family `AF_UNIX`, the only one whose address ends where the bytes end.
const UNIX: u64 = 1;
/// Size of `sun_path`.
const PATH: usize = 108;
/// Size of `struct sockaddr_storage`, the longest address.
const ADDRESS: usize = 128;
/// Size of `struct sockaddr`, in structures.
const SHORT: usize = 16;
/// Size of an address without its family.
const DATA: usize = ADDRESS - 2;

/// Prints the address of a socket.
pub fn socket_address(abi: Abi, bytes: &[u8], out: &mut String) {
    let Some((family, data)) = bytes.split_at_checked(2) else {
        return hex_bytes(bytes, out);
    };
    let family = native_uint(family).unwrap_or_default();
    match layout_of(abi, family, bytes.len()) {
        _ if family == UNIX => unix(data, out),
        Some(layout) if is_complete(layout, bytes) => {
            let end = if layout.is_variable_length() { bytes.len() } else { layout.size() };
            with_layout(layout, bytes.get(..end).unwrap_or(bytes), Phase::Entry, out);
        }
        _ => other(abi, family, data, out),
    }
}

/// Returns the member of a structure that is the address of a socket, and its size.
pub fn contained(name: &str) -> Option<(&'static str, usize)> {
    Some(match name {
        "group_req" => ("gr_group", ADDRESS),
        "ifreq_address" | "ifreq_set_address" => ("ifr_addr", SHORT),
        "ifreq_destination" | "ifreq_set_destination" => ("ifr_dstaddr", SHORT),
        "ifreq_broadcast" | "ifreq_set_broadcast" => ("ifr_broadaddr", SHORT),
        "ifreq_netmask" | "ifreq_set_netmask" => ("ifr_netmask", SHORT),
        _ => return None,
    })
}

/// Prints a structure with an address behind its other members: a multicast group, an interface. That of an
/// interface is there at the exit of requests for it.
pub fn structure(abi: Abi, name: &str, bytes: &[u8], phase: Phase, out: &mut String) {
    let Some((layout, (contained, size))) = crate::structure(abi, name).zip(contained(name)) else {
        return hex_bytes(bytes, out);
    };
    let member = layout.members().iter().find(|member| member.name == contained);
    let is_there = phase == Phase::Exit || size == ADDRESS || name.starts_with("ifreq_set_");
    let address = member.filter(|_| is_there);
    let address = address.and_then(|one| bytes.get(one.offset..one.offset.saturating_add(size)));
    let mut list = List::open("{", out);
    members(layout, bytes, phase, &mut list);
    if let Some(address) = address {
        let out = list.item();
        out.push_str(contained);
        out.push('=');
        socket_address(abi, address, list.last());
    }
    list.close("}");
}

/// Returns whether the address is complete; a last member of variable length must not be empty.
fn is_complete(layout: &Structure, bytes: &[u8]) -> bool {
    bytes.len() >= layout.min_size().saturating_add(layout.is_variable_length().into())
}

/// Returns the layout of a family; that of AX.25 and Bluetooth also depends on the length.
fn layout_of(abi: Abi, family: u64, length: usize) -> Option<&'static Structure> {
    let symbol = crate::constant_set(abi, "domain")?.symbol(family)?;
    let by_length = crate::structure(abi, &format!("sockaddr_{symbol}_{length}"));
    by_length.or_else(|| crate::structure(abi, &format!("sockaddr_{symbol}")))
}

/// Prints an address of `AF_UNIX`; `@` marks an abstract one.
fn unix(path: &[u8], out: &mut String) {
    out.push_str("{sa_family=AF_UNIX");
    let path = path.get(..PATH).unwrap_or(path);
    match path {
        [] => {}
        [0, name @ ..] => {
            out.push_str(", sun_path=@");
            quote::quoted(name, out);
        }
        _ => {
            let end = path.iter().position(|byte| *byte == 0).unwrap_or(path.len());
            out.push_str(", sun_path=");
            quote::quoted(path.get(..end).unwrap_or_default(), out);
        }
    }
    out.push('}');
}

/// Prints an address without a layout.
fn other(abi: Abi, family: u64, data: &[u8], out: &mut String) {
    let data = data.get(..DATA).unwrap_or(data);
    out.push_str("{sa_family=");
    match crate::constant_set(abi, "domain") {
        Some(set) => super::symbols::named(set, family, out),
        None => drop(write!(out, "{family}")),
    }
    if !data.is_empty() {
        out.push_str(", sa_data=");
        quote::quoted(data, out);
    }
    out.push('}');
}
