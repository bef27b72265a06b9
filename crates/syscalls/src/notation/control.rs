//! Ancillary data of messages (`struct cmsghdr`).

use super::bytes::padded_uint;
use super::primitive::{hex_bytes, register};
use super::quote::quoted;
use crate::{Abi, Kind};

const SOL_SOCKET: u64 = 1;
const RIGHTS: u64 = 1;
const CREDENTIALS: u64 = 2;
/// Types of the level `SOL_SOCKET` that have a notation (`linux/socket.h`).
const TYPES: [(u64, &str); 2] = [(RIGHTS, "SCM_RIGHTS"), (CREDENTIALS, "SCM_CREDENTIALS")];

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
        level_and_type(level, kind, abi, out);
        contents(level, kind, data, out);
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

fn level_and_type(level: u64, kind: u64, abi: Abi, out: &mut String) {
    out.push_str(", cmsg_level=");
    match crate::constant_set(abi, "sol").and_then(|set| set.symbol(level)) {
        Some(symbol) => out.push_str(symbol),
        None => register(level, out),
    }
    out.push_str(", cmsg_type=");
    match TYPES.iter().find(|(known, _)| level == SOL_SOCKET && *known == kind) {
        Some((_, name)) => out.push_str(name),
        None => register(kind, out),
    }
}

fn contents(level: u64, kind: u64, data: &[u8], out: &mut String) {
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
            quoted(data, out);
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
