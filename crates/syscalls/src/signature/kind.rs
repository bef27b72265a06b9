//! Kinds of arguments: how a register is read, and what it points to. Never reads either itself.

use super::Count;
use crate::Abi;
use crate::constants::Set;

/// What stands in a register; `signatures.tsv` describes each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Signed(Width),
    Unsigned(Width),
    Hex(Width),
    Flags(Width, &'static Set),
    Enum(Width, &'static Set),
    /// A number that has a name if it is one of the set's.
    Number(Width, &'static Set),
    /// A number, and what it is called.
    Numbered(&'static Set),
    /// A command of quotactl.
    Quotactl(&'static Set),
    /// Flags that a call returned, which are no flags of a descriptor.
    Flagged(&'static Set),
    Dirfd,
    Mode,
    /// Flags with a mode in the low bits, which is what remains once they are named.
    Modes(&'static Set),
    /// The number of a device.
    Device,
    /// An offset in units of 4096 bytes.
    Pages,
    /// Class and level of a priority for input and output.
    Ioprio(&'static Set),
    /// The command of an ioctl.
    Ioctl(&'static Set),
    /// A user or a group; all bits set is none.
    Id(Width),
    Signal,
    /// What `wait` tells of a process.
    Status,
    /// A pointer of which no more is told, or no pointer at all.
    Address,
    Path,
    String,
    Strings,
    /// A vector of strings, of which only the number is told.
    Environment,
    /// A buffer, counted in bytes.
    Bytes,
    /// The same, told in hexadecimal: it is never text.
    HexBytes,
    /// An address of a socket, counted in bytes.
    Sockaddr,
    /// A `struct iovec` vector, with what the buffers hold.
    Iovec,
    /// A `struct msghdr`, with what it points to.
    Msghdr,
    /// A `struct mmsghdr` vector, with what its members point to.
    Mmsghdr,
    /// A `long`, and then a text counted in bytes.
    Msgbuf,
    /// A set of bits, counted in these, in whole longs; what a bit stands for.
    Bits(&'static str),
    /// The structure's name.
    Struct(&'static str),
    /// A structure whose size in bytes the caller tells; its name.
    Sized(&'static str),
    /// A pointer to values of that kind, which is none that points.
    Pointer(&'static Self),
}

/// How much of a register or of memory counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// 16 bits: the ids of old calls.
    Short,
    /// 32 bits.
    Int,
    /// All that the ABI's registers have.
    Long,
    /// 64 bits on all ABIs; two registers of the 32-bit one.
    Quad,
}

impl Kind {
    /// Whether it points to bytes that are told.
    pub fn is_told(self) -> bool {
        self.width().is_none()
    }

    /// Whether [`Count`] counts bytes of it, not elements.
    pub fn is_counted_in_bytes(self) -> bool {
        matches!(
            self,
            Self::Bytes | Self::HexBytes | Self::Sockaddr | Self::Msgbuf | Self::Sized(_)
        )
    }

    /// Bytes that a value of it takes in memory; `None` for what points to others.
    pub fn size(self, abi: Abi) -> Option<usize> {
        self.width().map(|width| width.size(abi))
    }

    pub(super) fn is(self, width: Width) -> bool {
        self.width() == Some(width)
    }

    /// The constants that it may be made of.
    pub fn set(self) -> Option<&'static Set> {
        match self {
            Self::Flags(_, set) | Self::Enum(_, set) | Self::Number(_, set) => Some(set),
            Self::Modes(set) | Self::Ioctl(set) | Self::Quotactl(set) => Some(set),
            Self::Numbered(set) | Self::Flagged(set) | Self::Ioprio(set) => Some(set),
            _ => None,
        }
    }

    /// How much of a register it takes; `None` for a pointer to what is told.
    pub fn width(self) -> Option<Width> {
        match self {
            Self::Signed(width) | Self::Unsigned(width) | Self::Hex(width) => Some(width),
            Self::Flags(width, _) | Self::Enum(width, _) | Self::Number(width, _) => Some(width),
            Self::Id(width) => Some(width),
            Self::Numbered(_) | Self::Flagged(_) | Self::Quotactl(_) | Self::Ioprio(_) => {
                Some(Width::Int)
            }
            Self::Dirfd | Self::Signal | Self::Status | Self::Modes(_) => Some(Width::Int),
            Self::Device | Self::Ioctl(_) => Some(Width::Int),
            Self::Mode => Some(Width::Short),
            Self::Address | Self::Pages => Some(Width::Long),
            _ => None,
        }
    }

    /// Whether there may be, or may not be, as many of them.
    pub(super) fn allows(self, count: Count) -> bool {
        match self {
            Self::Path | Self::String | Self::Strings | Self::Environment | Self::Msghdr => {
                count == Count::One
            }
            Self::Bits(_) | Self::Iovec | Self::Mmsghdr => count != Count::One,
            _ => !self.is_counted_in_bytes() || count != Count::One,
        }
    }
}

impl Width {
    /// In bytes.
    pub fn size(self, abi: Abi) -> usize {
        match (self, abi) {
            (Self::Short, _) => 2,
            (Self::Int, _) | (Self::Long, Abi::Compat) => 4,
            (Self::Long, Abi::Native) | (Self::Quad, _) => 8,
        }
    }
}
