//! Addresses of sockets in, text out. The bytes are as many as the call says the address has; with too
//! few for its family it is told as bytes.

use std::fmt::Write;

use super::list::List;
use super::{Side, hex_bytes, members, quote, told};
use crate::{Abi, Structure, word};

/// `AF_UNIX`: the one family whose address ends where the bytes end.
const UNIX: u64 = 1;
/// `sun_path` is no longer than that.
const PATH: usize = 108;
/// No address is longer than `struct sockaddr_storage`.
const ADDRESS: usize = 128;
/// Two bytes of it are the family.
const DATA: usize = ADDRESS - 2;

/// The address of a socket of any family.
pub fn socket_address(abi: Abi, bytes: &[u8], out: &mut String) {
    let Some((family, data)) = bytes.split_at_checked(2) else {
        return hex_bytes(bytes, out);
    };
    let family = word(family).unwrap_or_default();
    match of_family(abi, family, bytes.len()) {
        _ if family == UNIX => unix(data, out),
        Some(layout) if is_enough(layout, bytes) => {
            let end = if layout.is_open() { bytes.len() } else { layout.size() };
            told(layout, bytes.get(..end).unwrap_or(bytes), Side::Entry, out);
        }
        _ => other(abi, family, data, out),
    }
}

/// A group to join: an interface, and the address of the group.
pub fn group(abi: Abi, bytes: &[u8], side: Side, out: &mut String) {
    let Some(layout) = crate::structure(abi, "group_req") else { return hex_bytes(bytes, out) };
    let group = layout.members().iter().find(|member| member.name == "gr_group");
    let address = group.and_then(|member| bytes.get(member.offset..member.offset + ADDRESS));
    let mut list = List::open("{", out);
    members(layout, bytes, side, &mut list);
    if let Some(address) = address {
        list.item().push_str("gr_group=");
        socket_address(abi, address, list.last());
    }
    list.close("}");
}

/// Of a name that takes the rest of the bytes there must be some.
fn is_enough(layout: &Structure, bytes: &[u8]) -> bool {
    bytes.len() >= layout.least().saturating_add(layout.is_open().into())
}

/// The layout of that family; those of AX.25 and Bluetooth depend on the length too.
fn of_family(abi: Abi, family: u64, length: usize) -> Option<&'static Structure> {
    let symbol = crate::set(abi, "domain")?.symbol(family)?;
    let of_length = crate::structure(abi, &format!("sockaddr_{symbol}_{length}"));
    of_length.or_else(|| crate::structure(abi, &format!("sockaddr_{symbol}")))
}

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

fn other(abi: Abi, family: u64, data: &[u8], out: &mut String) {
    let data = data.get(..DATA).unwrap_or(data);
    out.push_str("{sa_family=");
    match crate::set(abi, "domain") {
        Some(set) => super::symbols::named(set, family, out),
        None => drop(write!(out, "{family}")),
    }
    if !data.is_empty() {
        out.push_str(", sa_data=");
        quote::quoted(data, out);
    }
    out.push('}');
}
