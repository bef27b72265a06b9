//! Kinds of arguments: type of the value in a register, and of the memory that it points to.

use crate::Abi;
use crate::constants::ConstantSet;

/// Type of an argument or a result; `signatures.tsv` describes each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Signed(Width),
    Unsigned(Width),
    Hex(Width),
    Flags(Width, &'static ConstantSet),
    Enum(Width, &'static ConstantSet),
    /// A number that is printed as a name if the set has one.
    Number(Width, &'static ConstantSet),
    /// A number that is printed with its name in a comment.
    Numbered(&'static ConstantSet),
    /// A number in hexadecimal with its name in a comment.
    Remarked(Width, &'static ConstantSet),
    /// Flags in hexadecimal with their names in a comment.
    RemarkedFlags(Width, &'static ConstantSet),
    /// Seconds since 1970, which are printed with the date.
    Date(Width),
    /// A number that is an error if it is negative.
    Error,
    /// A command of quotactl.
    Quotactl(&'static ConstantSet),
    /// Flags in a result that are not flags of a descriptor.
    Flagged(&'static ConstantSet),
    /// A descriptor of the calling process.
    Fd,
    /// The descriptor of a directory, or `AT_FDCWD`.
    Dirfd,
    Mode,
    /// Flags with a mode in the low bits that have no name.
    Modes(Width, &'static ConstantSet),
    /// The number of a device.
    Device,
    /// An offset in units of 4096 bytes.
    Pages,
    /// Class and level of a priority for input and output.
    Ioprio(&'static ConstantSet),
    /// The command of an ioctl.
    Ioctl(&'static ConstantSet),
    /// A user or a group id; all bits set means none.
    Id(Width),
    Signal(Width),
    /// Status of a process, as `wait` returns it.
    Status,
    /// An address whose memory is not captured.
    Address,
    Path,
    String,
    Strings,
    /// A vector of strings of which only the number is printed.
    Environment,
    /// A buffer, counted in bytes.
    Bytes,
    /// A buffer that never holds text, counted in bytes and printed in hexadecimal.
    HexBytes,
    /// A buffer that a socket sends or receives, counted in bytes: messages of netlink if it is such a socket.
    Packet,
    /// An address of a socket, counted in bytes.
    Sockaddr,
    /// A vector of `struct iovec`, with the contents of the buffers.
    Iovec,
    /// A `struct msghdr`, with the memory that it points to.
    Msghdr,
    /// A vector of `struct mmsghdr`, with the memory that its members point to.
    Mmsghdr,
    /// A `long` that is followed by a text counted in bytes.
    Msgbuf,
    /// A set of bits in whole longs, counted in bits; the meaning of a bit.
    Bits(&'static str),
    /// A vector of pointers to structures; their name.
    Pointers(&'static str),
    /// A structure; its name.
    Struct(&'static str),
    /// A structure whose size in bytes the caller passes; its name.
    Sized(&'static str),
    /// A pointer to values of a kind that is not a pointer itself.
    Pointer(&'static Self),
}

/// Width of a value in a register or in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// 8 bits, in memory only.
    Byte,
    /// 16 bits: ids of old syscalls.
    Short,
    /// 32 bits.
    Int,
    /// Width of a register of the ABI.
    Long,
    /// 64 bits on all ABIs; two registers of a 32-bit one.
    Quad,
}

impl Kind {
    /// Returns whether it is a pointer whose memory is captured.
    pub fn is_captured(self) -> bool {
        self.width().is_none()
    }

    /// Returns whether [`Count`](crate::Count) is a number of bytes rather than of elements.
    pub fn is_counted_in_bytes(self) -> bool {
        matches!(
            self,
            Self::Bytes
                | Self::HexBytes
                | Self::Packet
                | Self::Sockaddr
                | Self::Msgbuf
                | Self::Sized(_)
        )
    }

    /// Returns the size of a value in bytes; `None` for a pointer whose memory is captured.
    pub fn size(self, abi: Abi) -> Option<usize> {
        self.width().map(|width| width.size(abi))
    }

    /// Returns whether a value has that width.
    pub(super) fn is(self, width: Width) -> bool {
        self.width() == Some(width)
    }

    /// Returns the constants that a value may consist of.
    pub fn set(self) -> Option<&'static ConstantSet> {
        match self {
            Self::Flags(_, set) | Self::Enum(_, set) | Self::Number(_, set) => Some(set),
            Self::Modes(_, set) | Self::Ioctl(set) | Self::Quotactl(set) => Some(set),
            Self::Numbered(set) | Self::Flagged(set) | Self::Ioprio(set) => Some(set),
            Self::Remarked(_, set) | Self::RemarkedFlags(_, set) => Some(set),
            _ => None,
        }
    }

    /// Returns the width of a value; `None` for a pointer whose memory is captured.
    pub fn width(self) -> Option<Width> {
        match self {
            Self::Signed(width) | Self::Unsigned(width) | Self::Hex(width) => Some(width),
            Self::Date(width) => Some(width),
            Self::Flags(width, _) | Self::Enum(width, _) | Self::Number(width, _) => Some(width),
            Self::Id(width) | Self::Modes(width, _) | Self::Signal(width) => Some(width),
            Self::Remarked(width, _) | Self::RemarkedFlags(width, _) => Some(width),
            Self::Numbered(_) | Self::Flagged(_) | Self::Quotactl(_) | Self::Ioprio(_) => {
                Some(Width::Int)
            }
            Self::Error | Self::Fd | Self::Dirfd | Self::Status | Self::Device => Some(Width::Int),
            Self::Ioctl(_) => Some(Width::Int),
            Self::Mode => Some(Width::Short),
            Self::Address | Self::Pages => Some(Width::Long),
            _ => None,
        }
    }
}

impl Width {
    /// Returns the width in bytes.
    pub fn size(self, abi: Abi) -> usize {
        match (self, abi) {
            (Self::Byte, _) => 1,
            (Self::Short, _) => 2,
            (Self::Int, _) | (Self::Long, Abi::Compat) => 4,
            (Self::Long | Self::Quad, _) => 8,
        }
    }
}
