//! Parameters, and the memory behind pointers.

use super::kind::Kind;

/// Name of a parameter, and its column, at a position that a call does not use.
pub const NOT_PASSED: &str = "-";

/// Parameter of a syscall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Name, of lower-case letters, digits and underscores.
    pub name: &'static str,
    /// Type of the value in its register.
    pub kind: Kind,
    /// Memory that it points to; `None` if it is not a pointer, and for a pointer of which only the
    /// address is printed.
    pub memory: Option<Memory>,
    /// Name that a sentence has in front of the value, as in strace; `None` for almost all.
    pub label: Option<&'static str>,
}

impl Parameter {
    /// Returns whether it is a descriptor of the caller; one of a directory may be `AT_FDCWD` instead.
    pub fn is_descriptor(&self) -> bool {
        self.kind == Kind::Fd || self.is_directory()
    }

    /// Returns whether it is the descriptor of a directory, or a number that may be `AT_FDCWD`.
    pub fn is_directory(&self) -> bool {
        match self.kind {
            Kind::Dirfd => true,
            Kind::Number(_, set) => set.value("AT_FDCWD").is_some(),
            _ => false,
        }
    }
}

/// Memory behind a pointer argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Direction of the transfer.
    pub direction: Direction,
    /// Number of elements of the parameter's kind.
    pub count: Count,
    /// Condition on which a successful call has written it.
    pub written: Written,
}

/// Condition on which a successful call has written the memory behind a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// Success.
    Always,
    /// A result above 0.
    Positive,
    /// A result, the number of elements that there are, that does not exceed the capacity.
    Fitting,
    /// Such a result that is not 0.
    Filled,
    /// An interruption by a signal, after which the kernel resumes the call (`ERESTART_RESTARTBLOCK`).
    Interrupted,
    /// A number other than 0 in the memory behind the parameter at that position, after the call.
    Marked(u8),
}

/// Direction of a transfer, seen from the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The kernel reads the memory: it is valid at entry.
    In,
    /// The kernel writes the memory: it is valid once the call has succeeded.
    Out,
    /// The kernel reads the memory, and then writes it.
    InOut,
}

/// Number of elements behind a pointer: of bytes for kinds whose size the caller passes
/// ([`Kind::is_counted_in_bytes`]), of bits for [`Kind::Bits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// One element; a string or a vector of strings has a terminator.
    One,
    /// A constant number.
    Fixed(u8),
    /// Value of the parameter at that position.
    Argument(u8),
    /// Value of the parameter at that position, less one.
    ButOne(u8),
    /// Number of pages, of 4,096 bytes each, that begin within as many bytes as the parameter at that position says.
    Pages(u8),
    /// Value of the 32-bit number that the parameter at that position points to. The kernel writes no
    /// more elements than the number says at entry.
    Pointed(u8),
    /// Result of the call; the parameter at that position is the capacity. Of memory that the kernel
    /// also reads, it reads as much as the capacity.
    Result(u8),
}

impl Direction {
    /// Returns whether the bytes at entry are valid input.
    pub fn is_read(self) -> bool {
        self != Self::Out
    }

    /// Returns whether the bytes at exit are output.
    pub fn is_written(self) -> bool {
        self != Self::In
    }
}
