//! Vectors of buffers and messages with what they point to in, text out as strace prints it.

use super::memory::{cut, is_readable, number};
use super::structure::quote::quoted as quoted_bytes;
use super::structure::{Side, structure};
use super::{argument, register};
use crate::{Abi, Kind, Width};
use crate::{Capture, Part, Status, Value};

/// `[{iov_base="abc", iov_len=3}]`; `false` if it is not known.
pub fn vector<'e>(
    captures: impl Iterator<Item = &'e Capture<'e>> + Clone,
    abi: Abi,
    side: Side,
    out: &mut String,
) -> bool {
    let mut vectors = captures.clone();
    let of = |capture: &&Capture<'_>| matches!(capture.part, Part::Whole | Part::Vector);
    let Some(vector) = vectors.find(|capture| of(capture) && is_readable(capture)) else {
        return false;
    };
    let Value::Bytes(bytes) = vector.value else { return false };
    let mut buffers = captures.filter(|capture| capture.part == Part::Buffer);
    out.push('[');
    for (at, element) in bytes.chunks_exact(2 * width(abi)).enumerate() {
        out.push_str(if at > 0 { ", {iov_base=" } else { "{iov_base=" });
        let (base, length) = element.split_at(width(abi));
        match buffers.next() {
            Some(buffer) if is_readable(buffer) => text(buffer, out),
            // The kernel has filled those before it.
            None if side == Side::Exit && at < BUFFERS => out.push_str("\"\""),
            _ => argument(Kind::Address, number(base), abi, out),
        }
        out.push_str(", iov_len=");
        out.push_str(itoa::Buffer::new().format(number(length)));
        out.push('}');
    }
    out.push_str(if is_cut(vector) { ", ...]" } else { "]" });
    true
}

/// How many buffers of a vector are captured; `BUFFERS_MAX` in `bpf/vector.h`.
const BUFFERS: usize = 8;

/// `{msg_name=NULL, msg_namelen=0, msg_iov=[...], ...}`; `false` if it is not known.
pub fn message<'e>(
    captures: impl Iterator<Item = &'e Capture<'e>> + Clone,
    abi: Abi,
    side: Side,
    out: &mut String,
) -> bool {
    let mut all = captures.clone();
    let Some(head) = all.find(|capture| capture.part == Part::Whole && is_readable(capture)) else {
        return false;
    };
    let Value::Bytes(bytes) = head.value else { return false };
    let long = |at: usize| number(bytes.get(at * width(abi)..(at + 1) * width(abi)).unwrap_or(&[]));
    let has_parts = captures.clone().any(|capture| capture.part == Part::Vector);
    if !has_parts && side == Side::Entry && long(3) != 0 {
        out.push_str("{msg_namelen=");
        out.push_str(itoa::Buffer::new().format(long(1) as u32));
        out.push('}');
        return true;
    }
    let part = |part| captures.clone().find(|capture| capture.part == part && is_readable(capture));
    out.push_str("{msg_name=");
    pointed(part(Part::Name), long(0), abi, out, |bytes, out| {
        structure(abi, "sockaddr", bytes, side, out);
    });
    out.extend([", msg_namelen=", itoa::Buffer::new().format(long(1) as u32), ", msg_iov="]);
    let parts = captures.clone().filter(|capture| capture.part != Part::Whole);
    if !vector(parts, abi, side, out) {
        argument(Kind::Address, long(2), abi, out);
    }
    out.extend([", msg_iovlen=", itoa::Buffer::new().format(long(3))]);
    if long(5) != 0 {
        out.push_str(", msg_control=");
        pointed(part(Part::Control), long(4), abi, out, |bytes, out| control(bytes, abi, out));
    }
    out.extend([", msg_controllen=", itoa::Buffer::new().format(long(5)), ", msg_flags="]);
    flags(long(6) & 0xffff_ffff, abi, out);
    out.push('}');
    true
}

/// `[{msg_hdr={...}, msg_len=5}]`; `false` if it is not known.
pub fn messages<'e>(
    captures: impl Iterator<Item = &'e Capture<'e>> + Clone,
    abi: Abi,
    side: Side,
    out: &mut String,
) -> bool {
    let start = out.len();
    let heads = captures.clone().enumerate().filter(|(_, capture)| capture.part == Part::Whole);
    for (at, _) in heads {
        let rest = captures.clone().skip(at);
        let own = rest
            .clone()
            .enumerate()
            .take_while(|(at, capture)| *at == 0 || capture.part != Part::Whole);
        let own = own.map(|(_, capture)| capture);
        out.push_str(if out.len() > start { ", {msg_hdr=" } else { "[{msg_hdr=" });
        if !message(own, abi, side, out) {
            out.truncate(start);
            return false;
        }
        out.push('}');
    }
    out.push_str(if out.len() > start { "]" } else { "" });
    out.len() > start
}

fn pointed(
    capture: Option<&Capture<'_>>,
    address: u64,
    abi: Abi,
    out: &mut String,
    write: impl FnOnce(&[u8], &mut String),
) {
    match capture.map(|capture| capture.value) {
        Some(Value::Bytes(bytes)) => write(bytes, out),
        _ => argument(Kind::Address, address, abi, out),
    }
}

fn text(capture: &Capture<'_>, out: &mut String) {
    if let Value::Bytes(bytes) = capture.value {
        cut(is_cut(capture), out, |out| quoted_bytes(bytes, out));
    }
}

fn is_cut(capture: &Capture<'_>) -> bool {
    matches!(capture.status, Status::Truncated { .. })
}

fn width(abi: Abi) -> usize {
    Kind::Address.size(abi).unwrap_or(8)
}

fn flags(n: u64, abi: Abi, out: &mut String) {
    match crate::set(abi, "msg") {
        Some(set) => argument(Kind::Flags(Width::Int, set), n, abi, out),
        None => register(n, out),
    }
}

/// The level and the types of ancillary data whose contents are told (`linux/socket.h`).
const SOL_SOCKET: u64 = 1;
const RIGHTS: u64 = 1;
const CREDENTIALS: u64 = 2;
const TYPES: [(u64, &str); 2] = [(RIGHTS, "SCM_RIGHTS"), (CREDENTIALS, "SCM_CREDENTIALS")];

/// `[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[3]}]`.
fn control(mut bytes: &[u8], abi: Abi, out: &mut String) {
    let head = width(abi) + 8;
    out.push('[');
    while let Some((length, rest)) = bytes.split_at_checked(width(abi)) {
        let length = usize::try_from(number(length)).unwrap_or(usize::MAX);
        let (Some(level), Some(kind)) = (rest.get(..4), rest.get(4..8)) else { break };
        out.push_str(if out.ends_with('}') { ", {cmsg_len=" } else { "{cmsg_len=" });
        out.push_str(itoa::Buffer::new().format(length));
        let data = bytes.get(head..length.min(bytes.len())).unwrap_or_default();
        piece_of_control(number(level), number(kind), data, abi, out);
        out.push('}');
        let next = length.max(head).next_multiple_of(width(abi));
        bytes = bytes.get(next..).unwrap_or_default();
    }
    out.push(']');
}

fn piece_of_control(level: u64, kind: u64, data: &[u8], abi: Abi, out: &mut String) {
    let type_name = TYPES.iter().find(|(known, _)| level == SOL_SOCKET && *known == kind);
    out.push_str(", cmsg_level=");
    match crate::set(abi, "sol").and_then(|set| set.symbol(level)) {
        Some(symbol) => out.push_str(symbol),
        None => register(level, out),
    }
    out.push_str(", cmsg_type=");
    match type_name {
        Some((_, name)) => out.push_str(name),
        None => register(kind, out),
    }
    let int = |at: usize| number(data.get(at..at + 4).unwrap_or_default()) as i32;
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
            quoted_bytes(data, out);
        }
    }
}
