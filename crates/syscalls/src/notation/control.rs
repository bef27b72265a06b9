//! Ancillary data of messages (`struct cmsghdr`).

use super::bytes::padded_uint;
use super::primitive::{hex_bytes, register};
use super::quote::quoted;
use super::structure::{Phase, structure};
use crate::{Abi, Kind, Structure};

const SOL_SOCKET: u64 = 1;
const RIGHTS: u64 = 1;
const CREDENTIALS: u64 = 2;
/// Sets of types by their level: for most, the socket options that ask for such messages.
const TYPES: [(&str, &str); 7] = [
    ("SOL_SOCKET", "scm"),
    ("SOL_IP", "so_ip"),
    ("SOL_IPV6", "so_ipv6"),
    ("SOL_TCP", "so_tcp"),
    ("SOL_UDP", "so_udp"),
    ("SOL_PACKET", "so_packet"),
    ("SOL_NETLINK", "so_netlink"),
];

/// Prints `[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[3]}]`. Bytes at the end that
/// are no whole header follow as they are; an ellipsis stands for those that were not captured.
pub fn control(mut bytes: &[u8], is_cut: bool, abi: Abi, out: &mut String) {
    let width = Kind::Address.size(abi).unwrap_or(8);
    let header = width + 8;
    out.push('[');
    while let Some((head, _)) = bytes.split_at_checked(header) {
        let (length, rest) = head.split_at(width);
        let length = usize::try_from(padded_uint(length)).unwrap_or(usize::MAX);
        let (level, kind) = rest.split_at(4);
        out.push_str(if out.ends_with('}') { ", {cmsg_len=" } else { "{cmsg_len=" });
        out.push_str(itoa::Buffer::new().format(length));
        let data = bytes.get(header..length.min(bytes.len())).unwrap_or_default();
        let (level, kind) = (padded_uint(level), padded_uint(kind));
        let symbol = level_and_type(level, kind, abi, out);
        contents(level, kind, data, out, |out| known(symbol, data, abi, out));
        out.push('}');
        // The process chooses the length: one that ends beyond all memory is the last.
        let next = length.max(header).checked_next_multiple_of(width);
        bytes = next.and_then(|next| bytes.get(next..)).unwrap_or_default();
    }
    let separator = if out.ends_with('[') { "" } else { ", " };
    if is_cut {
        out.extend([separator, "..."]);
    } else if !bytes.is_empty() {
        out.push_str(separator);
        hex_bytes(bytes, out);
    }
    out.push(']');
}

/// Prints level and type; returns the name of the type.
fn level_and_type(level: u64, kind: u64, abi: Abi, out: &mut String) -> Option<&'static str> {
    let level_name = crate::constant_set(abi, "sol").and_then(|set| set.symbol(level));
    out.push_str(", cmsg_level=");
    match level_name {
        Some(symbol) => out.push_str(symbol),
        None => register(level, out),
    }
    let set = TYPES.iter().find(|(name, _)| Some(*name) == level_name);
    let set = set.and_then(|(_, set)| crate::constant_set(abi, set));
    let symbol = set.and_then(|set| set.symbol(kind));
    out.push_str(", cmsg_type=");
    match symbol {
        Some(symbol) => out.push_str(symbol),
        None => register(kind, out),
    }
    symbol
}

/// Prints data of which `structs.txt` has the layout; returns whether it has.
fn known(symbol: Option<&str>, data: &[u8], abi: Abi, out: &mut String) -> bool {
    let Some(name) = symbol.map(|symbol| format!("cmsg_{symbol}")) else { return false };
    let size = crate::structure(abi, &name).map(Structure::size);
    let Some(data) = size.and_then(|size| data.get(..size)) else { return false };
    structure(abi, &name, data, Phase::Exit, out);
    true
}

fn contents(
    level: u64,
    kind: u64,
    data: &[u8],
    out: &mut String,
    known: impl Fn(&mut String) -> bool,
) {
    let int = |at: usize| padded_uint(data.get(at..at + 4).unwrap_or_default()) as i32;
    match (level, kind) {
        (SOL_SOCKET, RIGHTS) => {
            out.push_str(", cmsg_data=[");
            for at in 0..data.len() / 4 {
                out.push_str(if at > 0 { ", " } else { "" });
                out.push_str(itoa::Buffer::new().format(int(4 * at)));
            }
            out.push(']');
        }
        (SOL_SOCKET, CREDENTIALS) => {
            for (at, name) in [", cmsg_data={pid=", ", uid=", ", gid="].into_iter().enumerate() {
                out.extend([name, itoa::Buffer::new().format(int(4 * at))]);
            }
            out.push('}');
        }
        _ => {
            out.push_str(", cmsg_data=");
            if !known(out) {
                quoted(data, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Prints one header of that length, of `SCM_RIGHTS` with one descriptor, and nothing behind it.
    fn header(length: u64) -> String {
        let mut bytes = length.to_ne_bytes().to_vec();
        [1u32, 1, 3].iter().for_each(|word| bytes.extend(word.to_ne_bytes()));
        let mut out = String::new();
        control(&bytes, false, Abi::Native, &mut out);
        out
    }

    /// Prints a message of that level and type.
    fn message(level: u32, kind: u32, data: &[u8]) -> String {
        let mut bytes = (16 + data.len() as u64).to_ne_bytes().to_vec();
        [level, kind].iter().for_each(|word| bytes.extend(word.to_ne_bytes()));
        bytes.extend(data);
        let mut out = String::new();
        control(&bytes, false, Abi::Native, &mut out);
        out
    }

    #[test]
    fn control_prints_types_and_data_by_level() {
        let printed = |level, kind, data: &[u8]| {
            let text = message(level, kind, data);
            text.split_once("cmsg_level=").unwrap().1.strip_suffix("}]").unwrap().to_owned()
        };
        let int = 64_u32.to_ne_bytes();
        let info = [&1_u32.to_ne_bytes()[..], &[127, 0, 0, 1], &[127, 0, 0, 2]].concat();
        let time = [7_u64, 9].map(u64::to_ne_bytes).concat();
        let local = [&[0; 15][..], &[1], &2_u32.to_ne_bytes()].concat();
        for (text, expected) in [
            (printed(0, 2, &int), "SOL_IP, cmsg_type=IP_TTL, cmsg_data=[64]"),
            (printed(0, 1, &[16]), "SOL_IP, cmsg_type=IP_TOS, cmsg_data=[0x10]"),
            (
                printed(0, 8, &info),
                "SOL_IP, cmsg_type=IP_PKTINFO, cmsg_data={ipi_ifindex=1, \
                 ipi_spec_dst=inet_addr(\"127.0.0.1\"), ipi_addr=inet_addr(\"127.0.0.2\")}",
            ),
            (printed(41, 52, &int), "SOL_IPV6, cmsg_type=IPV6_HOPLIMIT, cmsg_data=[64]"),
            (
                printed(41, 50, &local),
                "SOL_IPV6, cmsg_type=IPV6_PKTINFO, cmsg_data={inet_pton(AF_INET6, \"::1\", \
                 &ipi6_addr), ipi6_ifindex=2}",
            ),
            (
                printed(1, 29, &time),
                "SOL_SOCKET, cmsg_type=SO_TIMESTAMP_OLD, cmsg_data={tv_sec=7, tv_usec=9}",
            ),
            (printed(1, 4, &int), "SOL_SOCKET, cmsg_type=SCM_PIDFD, cmsg_data=[64]"),
            (printed(1, 3, b"a\0"), "SOL_SOCKET, cmsg_type=SCM_SECURITY, cmsg_data=\"a\\0\""),
            // Too short, and not known.
            (printed(0, 2, b"a"), "SOL_IP, cmsg_type=IP_TTL, cmsg_data=\"a\""),
            (printed(77, 2, b"a"), "0x4d, cmsg_type=0x2, cmsg_data=\"a\""),
        ] {
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn control_prints_header_once_whatever_its_length() {
        let whole = "[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[3]}]";
        assert_eq!(header(20), whole);
        for length in [0, 1, 16, 21, 1 << 32, u64::MAX - 8, u64::MAX - 7, u64::MAX - 6, u64::MAX] {
            let text = header(length);
            assert_eq!(text.matches("cmsg_len").count(), 1, "{length}: {text}");
            assert!(text.starts_with(&format!("[{{cmsg_len={length}, ")), "{text}");
        }
    }
}
