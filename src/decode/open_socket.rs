//! Sockets behind descriptors.

use std::mem::{offset_of, size_of};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::Error;
use super::reader::Reader;
use crate::bpf::types;

const SOCKET_SIZE: usize = size_of::<types::open_socket>();
const _: () = assert!(SOCKET_SIZE == types::wire_size::OPEN_SOCKET_SIZE.0 as usize);
const PROTOCOL_BYTES: usize = types::open_socket_size::PROTOCOL_BYTES.0 as usize;
const ADDRESS_BYTES: usize = types::open_socket_size::ADDRESS_BYTES.0 as usize;

const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
const AF_NETLINK: u16 = 16;

/// Socket behind a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenSocket<'a> {
    /// Name of its protocol in the kernel, such as `TCP`, `UDPv6` or `UNIX-STREAM`.
    pub protocol: &'a [u8],
    /// Family and addresses.
    pub family: SocketFamily<'a>,
}

/// Family of a socket, with the addresses of its two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketFamily<'a> {
    /// IPv4 or IPv6; a port of 0 is none.
    Ip {
        /// Own address.
        local: SocketAddr,
        /// Address of the other end.
        peer: SocketAddr,
    },
    /// UNIX.
    Unix {
        /// Inode of the other end; 0: there is none yet.
        peer: u64,
        /// Address as bound; of an abstract one the first byte is 0.
        path: &'a [u8],
    },
    /// Netlink: number of its protocol, and its port id; 0: it is not bound.
    Netlink(u16, u32),
    /// Another one.
    Other,
}

impl<'a> OpenSocket<'a> {
    /// Decodes the bytes behind those of the file.
    pub(super) fn decode(bytes: &'a [u8]) -> Result<Self, Error> {
        let reader = Reader(bytes);
        let rest = bytes.get(SOCKET_SIZE..).ok_or(Error::TooShort(bytes.len()))?;
        let family = match reader.u16(offset_of!(types::open_socket, family))? {
            AF_INET => ip(&reader, |bytes| {
                let [a, b, c, d, ..] = bytes;
                Ipv4Addr::new(a, b, c, d).into()
            })?,
            AF_INET6 => ip(&reader, |bytes| Ipv6Addr::from(bytes).into())?,
            AF_UNIX => SocketFamily::Unix {
                peer: reader.u64(offset_of!(types::open_socket, peer_inode))?,
                path: rest,
            },
            AF_NETLINK => SocketFamily::Netlink(
                reader.u16(offset_of!(types::open_socket, protocol))?,
                reader.u32(offset_of!(types::open_socket, port_id))?,
            ),
            _ => SocketFamily::Other,
        };
        let protocol = reader.until_nul(offset_of!(types::open_socket, name), PROTOCOL_BYTES)?;
        Ok(Self { protocol, family })
    }
}

fn ip<'a>(
    reader: &Reader<'_>,
    address: impl Fn([u8; ADDRESS_BYTES]) -> IpAddr,
) -> Result<SocketFamily<'a>, Error> {
    let end = |at, port| -> Result<_, Error> {
        Ok(SocketAddr::new(address(reader.array(at)?), reader.u16(port)?))
    };
    Ok(SocketFamily::Ip {
        local: end(offset_of!(types::open_socket, address), offset_of!(types::open_socket, port))?,
        peer: end(offset_of!(types::open_socket, peer), offset_of!(types::open_socket, peer_port))?,
    })
}
