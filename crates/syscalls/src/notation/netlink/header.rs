//! Headers of messages (`struct nlmsghdr`).

use std::fmt::Write;

use super::context::Context;
use crate::netlink::netlink;
use crate::notation::bytes::padded_uint;
use crate::notation::flags::{flags, symbol};
use crate::notation::primitive::register;
use crate::{ConstantSet, constant_set};

/// Types below this number are the same in all protocols.
const FIRST_OF_PROTOCOL: u16 = 16;
const F_REQUEST: u16 = 1;
/// Flags of an acknowledgement: the message that it is about has its header only; attributes follow.
const F_CAPPED: u16 = 0x100;
const F_TLVS: u16 = 0x200;

/// Length of which no message is: that of four letters is larger.
const MOST: usize = 1 << 24;

/// Header of a message.
#[derive(Clone, Copy)]
pub struct Header {
    /// Length of the message with its header, as the sender claims.
    pub length: usize,
    kind: u16,
    flags: u16,
    sequence: u32,
    port: u32,
}

/// Types of messages that all protocols have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Control {
    Error,
    Done,
    Other,
}

impl Header {
    /// Size in bytes.
    pub const SIZE: usize = 16;

    /// Parses the header at the beginning of the bytes.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let number = |at: usize, width: usize| bytes.get(at..at + width).map(padded_uint);
        Some(Self {
            length: number(0, 4)? as usize,
            kind: number(4, 2)? as u16,
            flags: number(6, 2)? as u16,
            sequence: number(8, 4)? as u32,
            port: number(12, 4)? as u32,
        })
    }

    /// Returns whether the length is that of a message of which so many bytes are there.
    pub fn is_plausible(&self, length: usize, is_cut: bool) -> bool {
        let most = if is_cut { MOST } else { length };
        (Self::SIZE..=most).contains(&self.length)
    }

    /// Returns the end of the message within so many bytes.
    pub fn end(&self, length: usize) -> usize {
        self.length.clamp(Self::SIZE, length.max(Self::SIZE))
    }

    /// Returns the meaning of a type that all protocols have; `None` for a type of the protocol.
    pub fn control(&self) -> Option<Control> {
        match self.kind {
            2 => Some(Control::Error),
            3 => Some(Control::Done),
            FIRST_OF_PROTOCOL.. => None,
            _ => Some(Control::Other),
        }
    }

    /// Returns the type.
    pub fn kind(&self) -> u16 {
        self.kind
    }

    /// Returns whether it is a request.
    pub fn is_request(&self) -> bool {
        self.flags & F_REQUEST != 0
    }

    /// Returns whether the message that it acknowledges has its header only.
    pub fn is_capped(&self) -> bool {
        self.flags & F_CAPPED != 0
    }

    /// Returns whether attributes follow what it acknowledges.
    pub fn has_attributes(&self) -> bool {
        self.flags & F_TLVS != 0
    }

    /// Prints `{nlmsg_len=20, nlmsg_type=RTM_GETLINK, ...}`; `names` has the names of the flags.
    pub fn print(&self, context: &Context, names: Option<&ConstantSet>, out: &mut String) {
        let set = |name| constant_set(context.abi, name);
        let _ = write!(out, "{{nlmsg_len={}, nlmsg_type=", self.length);
        let protocol = context.protocol.and_then(|one| netlink(context.abi).protocol(one));
        let types = protocol.filter(|_| self.control().is_none()).map(|one| one.types);
        match types.or(set("nlmsg")) {
            Some(types) => symbol(types, self.kind.into(), out),
            None => register(self.kind.into(), out),
        }
        out.push_str(", nlmsg_flags=");
        let acknowledgement = (self.control() == Some(Control::Error)).then(|| set("nlm_ack"));
        match acknowledgement.flatten().or(names).or(set("nlm")) {
            Some(names) => drop(flags(names, self.flags.into(), out)),
            None => register(self.flags.into(), out),
        }
        let _ = write!(out, ", nlmsg_seq={}, nlmsg_pid={}}}", self.sequence, self.port as i32);
    }
}
