//! Files behind descriptors, as strace prints them with `-yy`.

use std::fmt::Write as _;
use std::net::SocketAddr;

use syscalls::notation::file_name;
use syscalls::{Abi, constant_set};

use crate::decode::{Device, FileKind, KernelPath, OpenFile, OpenSocket, SocketFamily};

/// Appends `</etc/passwd>`, `</tmp/a>(deleted)`, `<TCP:[127.0.0.1:80]>`.
pub fn open_file(file: &OpenFile<'_>, out: &mut String) {
    out.push('<');
    name(file, out);
    out.push('>');
    if file.is_deleted() {
        out.push_str("(deleted)");
    }
}

/// Appends `/etc/passwd`, `/tmp/a (deleted)`, `TCP:[127.0.0.1:80]`.
pub fn bare(file: &OpenFile<'_>, out: &mut String) {
    name(file, out);
    out.push_str(if file.is_deleted() { " (deleted)" } else { "" });
}

fn name(file: &OpenFile<'_>, out: &mut String) {
    let number = |name, out: &mut String| {
        let _ = write!(out, "{name}:[{}]", file.inode);
    };
    match file.kind {
        FileKind::Path(path) => append_path(path, out),
        FileKind::Device(is_block, device, path) => {
            append_path(path, out);
            node(is_block, device, out);
        }
        FileKind::Pipe => number("pipe", out),
        FileKind::Anonymous(name) => {
            out.push_str("anon_inode:");
            file_name(name, out);
        }
        FileKind::Process(pid) => drop(write!(out, "pid:{pid}")),
        FileKind::Namespace(kind) => {
            file_name(kind, out);
            number("", out);
        }
        FileKind::Socket(socket) => append_socket(file.inode, &socket, out),
        FileKind::Registered => out.push_str("registered file"),
    }
}

/// Appends a path, without the word of a file that is deleted.
fn append_path(path: KernelPath<'_>, out: &mut String) {
    let mut text = Vec::new();
    KernelPath { is_deleted: false, is_pseudo: false, ..path }.append(&mut text);
    file_name(&text, out);
}

fn node(is_block: bool, device: Device, out: &mut String) {
    let kind = if is_block { "block" } else { "char" };
    let _ = write!(out, "<{kind} {}:{}>", device.major(), device.minor());
}

/// Appends a socket: by its addresses, or, where it has none, by its inode.
fn append_socket(inode: u64, socket: &OpenSocket<'_>, out: &mut String) {
    if socket.family == SocketFamily::Other {
        let _ = write!(out, "socket:[{inode}]");
        return;
    }
    file_name(socket.protocol, out);
    out.push_str(":[");
    match socket.family {
        SocketFamily::Ip { local, peer } if local.port() != 0 => addresses(local, peer, out),
        SocketFamily::Unix { peer, path } => unix(inode, peer, path, out),
        SocketFamily::Netlink(protocol, port) if port != 0 => netlink(protocol, port, out),
        _ => drop(write!(out, "{inode}")),
    }
    out.push(']');
}

fn addresses(local: SocketAddr, peer: SocketAddr, out: &mut String) {
    let _ = write!(out, "{local}");
    if peer.port() != 0 || !peer.ip().is_unspecified() {
        let _ = write!(out, "->{peer}");
    }
}

/// Appends `12->34,"/run/socket"`, or `@"name"` of an abstract address.
fn unix(inode: u64, peer: u64, path: &[u8], out: &mut String) {
    let _ = write!(out, "{inode}");
    if peer != 0 {
        let _ = write!(out, "->{peer}");
    }
    let (mark, name) = match path {
        [] => return,
        [0, name @ ..] => ("@", name),
        path => ("", path.split(|byte| *byte == 0).next().unwrap_or_default()),
    };
    out.push(',');
    out.push_str(mark);
    out.push('"');
    file_name(name, out);
    out.push('"');
}

fn netlink(protocol: u16, port: u32, out: &mut String) {
    let known = constant_set(Abi::Native, "netlink").and_then(|set| set.symbol(protocol.into()));
    match known.and_then(|name| name.strip_prefix("NETLINK_")) {
        Some(name) => drop(write!(out, "{name}:{port}")),
        None => drop(write!(out, "{protocol}")),
    }
}

#[cfg(test)]
mod tests {
    use syscalls::Status;

    use super::*;

    const PATH: KernelPath<'static> = KernelPath {
        names: b"passwd\0etc\0",
        status: Status::Ok,
        is_deleted: false,
        is_unreachable: false,
        is_pseudo: false,
    };

    fn text(kind: FileKind<'_>) -> String {
        let mut out = String::new();
        open_file(&OpenFile { inode: 7, kind }, &mut out);
        out
    }

    fn socket(protocol: &str, family: SocketFamily<'_>) -> String {
        text(FileKind::Socket(OpenSocket { protocol: protocol.as_bytes(), family }))
    }

    /// The expectations of this test and the next were printed by strace 6.1 for such files.
    #[test]
    fn open_file_is_printed_as_by_strace() {
        let memfd = KernelPath { names: b"memfd:x<y>\n\0", is_pseudo: true, ..PATH };
        let deleted = KernelPath { names: b"a<1>\0", is_deleted: true, ..PATH };
        let quotes = KernelPath { names: b"a\"b\\c\0\xc3\xa9\0", ..PATH };
        let null = KernelPath { names: b"null\0dev\0", ..PATH };
        for (kind, expected) in [
            (FileKind::Path(PATH), "</etc/passwd>"),
            (FileKind::Path(KernelPath { names: b"", ..PATH }), "</>"),
            (FileKind::Path(memfd), "</memfd:x\\74y\\76\\n>(deleted)"),
            (FileKind::Path(deleted), "</a\\0741\\76>(deleted)"),
            (FileKind::Path(quotes), "</\\303\\251/a\\\"b\\\\c>"),
            (FileKind::Device(false, Device(1 << 20 | 3), null), "</dev/null<char 1:3>>"),
            (FileKind::Device(true, Device(8 << 20), null), "</dev/null<block 8:0>>"),
            (FileKind::Pipe, "<pipe:[7]>"),
            (FileKind::Anonymous(b"[eventfd]"), "<anon_inode:[eventfd]>"),
            (FileKind::Anonymous(b"inotify"), "<anon_inode:inotify>"),
            (FileKind::Process(4527), "<pid:4527>"),
            (FileKind::Namespace(b"net"), "<net:[7]>"),
        ] {
            assert_eq!(text(kind), expected);
        }
    }

    #[test]
    fn open_file_of_socket_is_printed_as_by_strace() {
        let ip = |local: &str, peer: &str| SocketFamily::Ip {
            local: local.parse().unwrap(),
            peer: peer.parse().unwrap(),
        };
        let unix = |peer, path| SocketFamily::Unix { peer, path };
        for (protocol, family, expected) in [
            ("TCP", ip("0.0.0.0:0", "0.0.0.0:0"), "<TCP:[7]>"),
            ("TCP", ip("127.0.0.1:80", "0.0.0.0:0"), "<TCP:[127.0.0.1:80]>"),
            ("TCP", ip("127.0.0.1:80", "1.2.3.4:9"), "<TCP:[127.0.0.1:80->1.2.3.4:9]>"),
            ("TCPv6", ip("[::1]:80", "[::]:0"), "<TCPv6:[[::1]:80]>"),
            ("TCPv6", ip("[::1]:80", "[::1]:9"), "<TCPv6:[[::1]:80->[::1]:9]>"),
            ("UNIX-STREAM", unix(8, b""), "<UNIX-STREAM:[7->8]>"),
            ("UNIX", unix(0, b"\0ab\x01c"), "<UNIX:[7,@\"ab\\1c\"]>"),
            ("UNIX-STREAM", unix(0, b"/a\"q\0"), "<UNIX-STREAM:[7,\"/a\\\"q\"]>"),
            ("NETLINK", SocketFamily::Netlink(0, 0), "<NETLINK:[7]>"),
            ("NETLINK", SocketFamily::Netlink(0, 4527), "<NETLINK:[ROUTE:4527]>"),
            ("NETLINK", SocketFamily::Netlink(15, 4527), "<NETLINK:[KOBJECT_UEVENT:4527]>"),
            ("NETLINK", SocketFamily::Netlink(99, 4527), "<NETLINK:[99]>"),
            ("PACKET", SocketFamily::Other, "<socket:[7]>"),
        ] {
            assert_eq!(socket(protocol, family), expected);
        }
    }
}
