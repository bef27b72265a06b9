//! What the bytes of a member are: the kind that `structs.txt` names in, that kind and its width out.

use super::{Structure, Structures};
use crate::constants::{Set, Sets};

/// What the bytes of a member are; `structs.txt` describes each.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Content {
    Plain(Plain),
    /// Bits of the member before, and what remarks on them.
    Bits {
        from: u32,
        count: u32,
        remarks: Option<&'static Set>,
    },
    Flags(&'static Set),
    Enum(&'static Set),
    /// A number is as good as a name.
    Name(&'static Set),
    /// In the order of the network.
    NetEnum(&'static Set),
    /// In the order of Bluetooth; from the last on they are numbered.
    LeEnum(&'static Set),
    /// Each bit under the name of its number.
    Capabilities(&'static Set),
    /// One of each set that has a mask, then flags of the last.
    Terminal(Vec<&'static Set>),
    /// 16 bytes in the order of the network, and what they would be converted into.
    Inet6(&'static str),
    /// What all bits set is called.
    Limit(&'static str),
    Struct(Box<Structure>),
}

/// What is no name of a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Plain {
    Signed,
    Unsigned,
    Hex,
    PaddedHex,
    Version,
    Octal,
    Mode,
    Filemode,
    Dirfd,
    Id,
    Signal,
    Errno,
    Result,
    Address,
    Handler,
    Device,
    Sigset,
    Date,
    Ticks,
    Port,
    LePort,
    Order,
    OrderHex,
    Inet,
    Callsign,
    Text,
    String,
    Bytes,
    Mac,
}

/// How wide a member of a kind is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    Word,
    Bytes(usize),
}

const INT: Width = Width::Bytes(4);

impl Content {
    /// The kind, the width of one element and its alignment in bytes; `word` is the width of a long.
    pub(super) fn parse(
        text: &'static str,
        word: usize,
        sets: &'static Sets,
        structures: &Structures,
    ) -> Option<(Self, usize, usize)> {
        let (kind, of) = text.split_once(':').unwrap_or((text, ""));
        if kind == "struct" {
            let nested = structures.get(of)?.clone();
            let (size, align) = (nested.size, nested.align);
            return Some((Self::Struct(Box::new(nested)), size, align));
        }
        match kind {
            // As an array of 32-bit numbers, which the C library has it be.
            "inet6" if !of.is_empty() => return Some((Self::Inet6(of), 16, 4)),
            "callsign" => return Some((Self::Plain(Plain::Callsign), 7, 1)),
            _ => {}
        }
        let plain = kind.trim_end_matches(|c: char| c.is_ascii_digit());
        let (content, width) = Self::of_kind(plain, of, sets)?;
        let width = match (kind.get(plain.len()..)?, width) {
            ("", Width::Word) => word,
            ("", Width::Bytes(bytes)) => bytes,
            (bits, _) => bits.parse::<usize>().ok()? / 8,
        };
        Some((content, width, width))
    }

    fn of_kind(kind: &str, of: &'static str, sets: &'static Sets) -> Option<(Self, Width)> {
        Some(match kind {
            "flags" => (Self::Flags(sets.get(of)?), INT),
            "longflags" => (Self::Flags(sets.get(of)?), Width::Word),
            "enum" => (Self::Enum(sets.get(of)?), INT),
            "longenum" => (Self::Enum(sets.get(of)?), Width::Word),
            "capabilities" => (Self::Capabilities(sets.get(of)?), INT),
            "name" => (Self::Name(sets.get(of)?), INT),
            "longname" => (Self::Name(sets.get(of)?), Width::Word),
            "netenum" => (Self::NetEnum(sets.get(of)?), Width::Bytes(2)),
            "leenum" => (Self::LeEnum(sets.get(of)?), Width::Bytes(2)),
            "terminal" => {
                let sets: Option<_> = of.split('+').map(|set| sets.get(set)).collect();
                (Self::Terminal(sets?), INT)
            }
            "limit" if !of.is_empty() => (Self::Limit(of), Width::Word),
            "bits" => {
                let (from, count) = of.split_once(':')?;
                let (count, remarks) = match count.split_once(':') {
                    Some((count, set)) => (count, Some(sets.get(set)?)),
                    None => (count, None),
                };
                let (from, count) = (from.parse().ok()?, count.parse().ok()?);
                (Self::Bits { from, count, remarks }, INT)
            }
            _ if of.is_empty() => {
                let (plain, width) = Plain::parse(kind)?;
                (Self::Plain(plain), width)
            }
            _ => return None,
        })
    }
}

impl Plain {
    fn parse(kind: &str) -> Option<(Self, Width)> {
        let word = |plain| (plain, Width::Word);
        let int = |plain| (plain, INT);
        let byte = |plain| (plain, Width::Bytes(1));
        Some(match kind {
            "int" | "fd" | "pid" | "i" => int(Self::Signed),
            "uint" | "u" => int(Self::Unsigned),
            "long" => word(Self::Signed),
            "ulong" | "size" => word(Self::Unsigned),
            "hexint" => int(Self::Hex),
            "hex" => word(Self::Hex),
            "version" => int(Self::Version),
            "paddedhex" => int(Self::PaddedHex),
            "octal" => word(Self::Octal),
            "mode" => int(Self::Mode),
            "filemode" => int(Self::Filemode),
            "dirfd" => int(Self::Dirfd),
            "uid" | "gid" => int(Self::Id),
            "signal" => int(Self::Signal),
            "errno" => int(Self::Errno),
            "result" => word(Self::Result),
            "address" => word(Self::Address),
            "handler" => word(Self::Handler),
            "device" => word(Self::Device),
            "sigset" => (Self::Sigset, Width::Bytes(8)),
            "date" => word(Self::Date),
            "ticks" => word(Self::Ticks),
            "port" => (Self::Port, Width::Bytes(2)),
            "leport" => (Self::LePort, Width::Bytes(2)),
            "order" => int(Self::Order),
            "orderhex" => int(Self::OrderHex),
            "inet" => int(Self::Inet),
            "text" => byte(Self::Text),
            "string" => byte(Self::String),
            "bytes" => byte(Self::Bytes),
            "mac" => byte(Self::Mac),
            _ => return None,
        })
    }
}
