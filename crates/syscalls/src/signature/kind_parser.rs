//! Parser of kinds, as `signatures.tsv` spells them.

use super::kind::{Kind, Width};
use crate::constants::Sets;

impl Kind {
    /// Parses a kind; `None` if it is malformed.
    pub(super) fn parse(text: &'static str, sets: &'static Sets) -> Option<Self> {
        if let Some(value) = text.strip_prefix('*') {
            return Self::pointer_to(Self::parse(value, sets)?);
        }
        let (name, of) = text.split_once(':').unwrap_or((text, ""));
        let set = || sets.get(of);
        Some(match name {
            "flags" => Self::Flags(Width::Int, set()?),
            "quadflags" => Self::Flags(Width::Quad, set()?),
            "ioprio" => Self::Ioprio(set()?),
            "longflags" => Self::Flags(Width::Long, set()?),
            "enum" => Self::Enum(Width::Int, set()?),
            "longenum" => Self::Enum(Width::Long, set()?),
            "number" => Self::Number(Width::Int, set()?),
            "longnumber" => Self::Number(Width::Long, set()?),
            "numbered" => Self::Numbered(set()?),
            "remarked" => Self::Remarked(Width::Long, set()?),
            "quadremarks" => Self::RemarkedFlags(Width::Quad, set()?),
            "flagged" => Self::Flagged(set()?),
            "modes" => Self::Modes(Width::Int, set()?),
            "shortmodes" => Self::Modes(Width::Short, set()?),
            "ioctl" => Self::Ioctl(set()?),
            "quotactl" => Self::Quotactl(set()?),
            "struct" if !of.is_empty() => Self::Struct(of),
            "sized" if !of.is_empty() => Self::Sized(of),
            "pointers" if !of.is_empty() => Self::Pointers(of),
            "bits" if !of.is_empty() => Self::Bits(of),
            _ if name.len() < text.len() => return None,
            _ => Self::plain(name)?,
        })
    }

    fn plain(name: &str) -> Option<Self> {
        Some(match name {
            "int" | "pid" => Self::Signed(Width::Int),
            "fd" => Self::Fd,
            "long" | "offset" => Self::Signed(Width::Long),
            "loff" => Self::Signed(Width::Quad),
            "date" => Self::Date(Width::Long),
            "uint" => Self::Unsigned(Width::Int),
            "ulong" | "size" => Self::Unsigned(Width::Long),
            "u8" => Self::Unsigned(Width::Byte),
            "u64" => Self::Unsigned(Width::Quad),
            "hexint" => Self::Hex(Width::Int),
            "hex" => Self::Hex(Width::Long),
            "dirfd" => Self::Dirfd,
            "mode" => Self::Mode,
            "device" => Self::Device,
            "pages" => Self::Pages,
            "uid" | "gid" => Self::Id(Width::Int),
            "uid16" | "gid16" => Self::Id(Width::Short),
            "signal" => Self::Signal(Width::Int),
            "longsignal" => Self::Signal(Width::Long),
            "status" => Self::Status,
            "error" => Self::Error,
            "address" => Self::Address,
            _ => Self::pointer(name)?,
        })
    }

    fn pointer(name: &str) -> Option<Self> {
        Some(match name {
            "path" => Self::Path,
            "string" => Self::String,
            "strings" => Self::Strings,
            "environment" => Self::Environment,
            "bytes" => Self::Bytes,
            "hexbytes" => Self::HexBytes,
            "packet" => Self::Packet,
            "sockaddr" => Self::Sockaddr,
            "iovec" => Self::Iovec,
            "msghdr" => Self::Msghdr,
            "mmsghdr" => Self::Mmsghdr,
            "msgbuf" => Self::Msgbuf,
            _ => return None,
        })
    }

    /// Returns a pointer to a value. It leaks memory: a few dozen values, which live as long as the program.
    fn pointer_to(value: Self) -> Option<Self> {
        value.width().map(|_| Self::Pointer(Box::leak(Box::new(value))))
    }
}
