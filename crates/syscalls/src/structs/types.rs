//! Layouts and their members. A member may be a structure, so these types contain each other.

use std::collections::BTreeMap;

use super::condition::Condition;
use crate::constants::ConstantSet;

/// Layout of a structure in one ABI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Structure {
    pub(super) members: Vec<Member>,
    pub(super) size: usize,
    pub(super) align: usize,
    /// Form of the text: a list of values, in brackets, instead of named members.
    pub(super) is_list: bool,
    /// Presence of members that are not printed.
    pub(super) has_more: bool,
}

/// Member of a structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Name in C; empty if only the value is printed.
    pub name: &'static str,
    /// Type of the bytes, and their notation.
    pub kind: MemberKind,
    /// Offset from the beginning of the structure, in bytes.
    pub offset: usize,
    /// Size of one element, in bytes.
    pub width: usize,
    /// Length of an array, 0 if all bytes that follow belong to it; `None` for a single value.
    pub count: Option<usize>,
    /// Name of the member that holds the number of valid elements.
    pub length: Option<&'static str>,
    /// Phase in which the member is printed.
    pub visibility: Visibility,
    /// Absence from older and shorter forms of the structure, which end before it.
    pub is_optional: bool,
    /// Conditions on other members under which it is printed.
    pub conditions: Vec<Condition>,
    /// Number of bytes that 0 stands for, of the member that holds the size of the structure.
    pub extent: Option<usize>,
    /// Memory that an address points to: kind and length, as `signatures.tsv` spells them.
    pub pointed: Option<&'static str>,
    /// The kernel writes that memory.
    pub is_written: bool,
}

/// Phase of the syscall in which a member is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// At entry and at exit.
    Always,
    /// At entry: the kernel reads it.
    Entry,
    /// At exit: the kernel writes it.
    Exit,
    /// Never: padding, and members that strace leaves out.
    Never,
}

/// Layouts of one ABI, by name.
pub type Structures = BTreeMap<&'static str, Structure>;

/// Kind of a member: type of its bytes, and their notation; `structs.txt` describes each.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum MemberKind {
    Plain(Format),
    /// Bits of the preceding member, and the set that comments on their value.
    Bits {
        from: u32,
        count: u32,
        remarks: Option<&'static ConstantSet>,
    },
    Flags(&'static ConstantSet),
    Enum(&'static ConstantSet),
    /// A number that may have a name.
    Name(&'static ConstantSet),
    /// A constant in network byte order.
    NetEnum(&'static ConstantSet),
    /// A constant in little-endian order (Bluetooth); values above the last are printed relative to it.
    LeEnum(&'static ConstantSet),
    /// A set of bits, each printed under the name of its number.
    Capabilities(&'static ConstantSet),
    /// A set of bits, each printed as the name of its number, or those that are not in it.
    Members(&'static ConstantSet),
    /// One constant of each set with a mask, then flags of the last set.
    Terminal(Vec<&'static ConstantSet>),
    /// An IPv6 address, and the member that strace names as the target of its conversion.
    Inet6(&'static str),
    /// A resource limit, and the name of "no limit" (all bits set).
    Limit(&'static str),
    Struct(Box<Structure>),
}

/// Format of a member that has nothing to do with named constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Format {
    Signed,
    Unsigned,
    Hex,
    PaddedHex,
    Version,
    Octal,
    Mode,
    Filemode,
    Fd,
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
    Ports,
    Inet,
    Callsign,
    Text,
    String,
    Bytes,
    Mac,
}

impl Structure {
    /// Returns its size in bytes, as `sizeof` does.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Returns the size of its oldest and shortest form, in bytes.
    pub fn min_size(&self) -> usize {
        let optional = self.members.iter().find(|member| member.is_optional);
        optional.map_or(self.size, |member| member.offset)
    }

    /// Returns its members in the order in which they are printed.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Returns whether it is printed as a list of values.
    pub fn is_list(&self) -> bool {
        self.is_list
    }

    /// Returns whether it has more members than are printed.
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// Returns whether its last member takes all bytes that follow.
    pub fn is_variable_length(&self) -> bool {
        self.members.last().is_some_and(|member| member.count == Some(0))
    }

    /// Returns whether strace prints only its address.
    pub fn is_opaque(&self) -> bool {
        !self.has_more && self.members.iter().all(|member| member.visibility == Visibility::Never)
    }
}
