//! Parser of the kinds of members, with the size and alignment that they imply.

use super::types::{Format, MemberKind, Structures};
use crate::constants::Sets;

/// Size of one element of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ElementSize {
    Long,
    Bytes(usize),
}

const INT: ElementSize = ElementSize::Bytes(4);

impl MemberKind {
    /// Parses a kind; returns it with size and alignment of one element in bytes. `long` is the size of a
    /// C long.
    pub(super) fn parse(
        text: &'static str,
        long: usize,
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
            // An array of 32-bit numbers in the C library, hence the alignment.
            "inet6" if !of.is_empty() => return Some((Self::Inet6(of), 16, 4)),
            "callsign" => return Some((Self::Plain(Format::Callsign), 7, 1)),
            _ => {}
        }
        let plain = kind.trim_end_matches(|c: char| c.is_ascii_digit());
        let (content, width) = Self::of_kind(plain, of, sets)?;
        let width = match (kind.get(plain.len()..)?, width) {
            ("", ElementSize::Long) => long,
            ("", ElementSize::Bytes(bytes)) => bytes,
            (bits, _) => bits.parse::<usize>().ok()? / 8,
        };
        Some((content, width, width))
    }

    fn of_kind(kind: &str, of: &'static str, sets: &'static Sets) -> Option<(Self, ElementSize)> {
        Some(match kind {
            "flags" => (Self::Flags(sets.get(of)?), INT),
            "longflags" => (Self::Flags(sets.get(of)?), ElementSize::Long),
            "enum" => (Self::Enum(sets.get(of)?), INT),
            "longenum" => (Self::Enum(sets.get(of)?), ElementSize::Long),
            "capabilities" => (Self::Capabilities(sets.get(of)?), INT),
            "members" => (Self::Members(sets.get(of)?), INT),
            "name" => (Self::Name(sets.get(of)?), INT),
            "longname" => (Self::Name(sets.get(of)?), ElementSize::Long),
            "netenum" => (Self::NetEnum(sets.get(of)?), ElementSize::Bytes(2)),
            "leenum" => (Self::LeEnum(sets.get(of)?), ElementSize::Bytes(2)),
            "terminal" => {
                let sets: Option<_> = of.split('+').map(|set| sets.get(set)).collect();
                (Self::Terminal(sets?), INT)
            }
            "limit" if !of.is_empty() => (Self::Limit(of), ElementSize::Long),
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
                let (format, width) = Format::parse(kind)?;
                (Self::Plain(format), width)
            }
            _ => return None,
        })
    }
}

impl Format {
    fn parse(kind: &str) -> Option<(Self, ElementSize)> {
        let long = |format| (format, ElementSize::Long);
        let int = |format| (format, INT);
        let byte = |format| (format, ElementSize::Bytes(1));
        Some(match kind {
            "int" | "pid" | "i" => int(Self::Signed),
            "fd" => int(Self::Fd),
            "uint" | "u" => int(Self::Unsigned),
            "long" => long(Self::Signed),
            "ulong" | "size" => long(Self::Unsigned),
            "hexint" => int(Self::Hex),
            "hex" => long(Self::Hex),
            "version" => int(Self::Version),
            "paddedhex" => int(Self::PaddedHex),
            "octal" => long(Self::Octal),
            "mode" => int(Self::Mode),
            "filemode" => int(Self::Filemode),
            "dirfd" => int(Self::Dirfd),
            "uid" | "gid" => int(Self::Id),
            "signal" => int(Self::Signal),
            "errno" => int(Self::Errno),
            "result" => long(Self::Result),
            "address" => long(Self::Address),
            "handler" => long(Self::Handler),
            "device" => long(Self::Device),
            "sigset" => (Self::Sigset, ElementSize::Bytes(8)),
            "date" => long(Self::Date),
            "ticks" => long(Self::Ticks),
            "port" => (Self::Port, ElementSize::Bytes(2)),
            "leport" => (Self::LePort, ElementSize::Bytes(2)),
            "order" => int(Self::Order),
            "ports" => int(Self::Ports),
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
