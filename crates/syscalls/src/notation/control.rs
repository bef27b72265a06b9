//! Ancillary data of messages (`struct cmsghdr`).

use super::bytes::padded_uint;
use super::primitive::register;
use super::quote::quoted;
use crate::{Abi, Kind};

const SOL_SOCKET: u64 = 1;
const RIGHTS: u64 = 1;
const CREDENTIALS: u64 = 2;
/// Types of the level `SOL_SOCKET` that have a notation (`linux/socket.h`).
const TYPES: [(u64, &str); 2] = [(RIGHTS, "SCM_RIGHTS"), (CREDENTIALS, "SCM_CREDENTIALS")];

/// Prints `[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[3]}]`.
pub fn control(mut bytes: &[u8], abi: Abi, out: &mut String) {
    let width = Kind::Address.size(abi).unwrap_or(8);
    let header = width + 8;
    out.push('[');
    while let Some((length, rest)) = bytes.split_at_checked(width) {
        let length = usize::try_from(padded_uint(length)).unwrap_or(usize::MAX);
        let (Some(level), Some(kind)) = (rest.get(..4), rest.get(4..8)) else { break };
        out.push_str(if out.ends_with('}') { ", {cmsg_len=" } else { "{cmsg_len=" });
        out.push_str(itoa::Buffer::new().format(length));
        let data = bytes.get(header..length.min(bytes.len())).unwrap_or_default();
        let (level, kind) = (padded_uint(level), padded_uint(kind));
        level_and_type(level, kind, abi, out);
        contents(level, kind, data, out);
        out.push('}');
        let next = length.max(header).next_multiple_of(width);
        bytes = bytes.get(next..).unwrap_or_default();
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
