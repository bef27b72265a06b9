//! Signatures of syscalls (`signatures.tsv`): parameters, the memory behind pointers, results, and
//! the cases of calls whose arguments depend on another argument. A malformed line is skipped; a test
//! proves that there is none.

/// Kinds of arguments.
mod kind;

/// Parser of kinds.
mod kind_parser;

/// Tests of registers.
mod register_test;

/// Parser of one parameter.
mod parameter;

/// Inner calls of multiplexing syscalls.
mod inner;

/// Parameters and result of a call.
mod prototype;

/// Cases, which replace the prototype.
mod case;

/// Parser of `signatures.tsv`.
mod rows;

use std::sync::LazyLock;

use super::constants::sets;
use super::numbers::table;
use super::{Abi, Slot};
pub use case::Case;
pub use inner::{ArgumentSource, InnerCall, MemoryArguments};
pub use kind::{Kind, Width};
pub use prototype::Prototype;
pub use register_test::{BitPattern, RegisterTest};
use rows::Rows;

/// Parameters and result of one syscall, and its cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    prototype: Prototype,
    cases: Vec<Case>,
}

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
}

/// Memory behind a pointer argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Direction of the transfer.
    pub direction: Direction,
    /// Number of elements of the parameter's kind.
    pub count: Count,
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
    /// Value of the 32-bit number that the parameter at that position points to. The kernel writes no
    /// more elements than the number says at entry.
    Pointed(u8),
    /// Result of the call; the parameter at that position is the capacity. Of memory that the kernel
    /// also reads, it reads as much as the capacity.
    Result(u8),
}

/// Returns the signature of a slot; `None` for a number without a name, and if no kernel has the
/// syscall.
pub fn signature(slot: Slot) -> Option<&'static Signature> {
    static SIGNATURES: LazyLock<[Vec<Option<Signature>>; 2]> =
        LazyLock::new(|| Abi::ALL.map(parse));
    let [native, compat] = &*SIGNATURES;
    let signatures = match slot.abi() {
        Abi::Native => native,
        Abi::Compat => compat,
    };
    signatures.get(usize::from(slot.nr()))?.as_ref()
}

impl Signature {
    /// Returns the parameters of a call to which no case applies: in order, six at most.
    pub fn parameters(&self) -> &[Parameter] {
        &self.prototype.parameters
    }

    /// Returns the cases; the first one whose tests all pass applies.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// Returns parameters and result of a call with these registers.
    pub fn prototype(&self, registers: [u64; 6]) -> &Prototype {
        let case = self.cases.iter().find(|case| case.matches(registers));
        case.map_or(&self.prototype, |case| &case.prototype)
    }

    /// Returns each parameter that was passed, with its value.
    pub fn arguments(&self, registers: [u64; 6]) -> impl Iterator<Item = (Parameter, u64)> {
        self.with_positions(registers).map(|(_, parameter, register)| (parameter, register))
    }

    /// Returns each parameter that was passed, with its position and value.
    pub fn with_positions(
        &self,
        registers: [u64; 6],
    ) -> impl Iterator<Item = (u8, Parameter, u64)> {
        self.prototype(registers).with_positions(registers)
    }

    /// Returns the kind of the result of a call with these registers.
    pub fn result(&self, registers: [u64; 6]) -> Kind {
        self.prototype(registers).result
    }
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

/// Parses the signatures of `abi`, by number.
fn parse(abi: Abi) -> Vec<Option<Signature>> {
    let rows = Rows::read(include_str!("../tables/signatures.tsv"), abi.name());
    let table = table(abi);
    let signature =
        |nr| table.functions(nr).find_map(|function| rows.signature(function, sets(abi)));
    (0..super::abi::ABI_SLOTS).map(signature).collect()
}

#[cfg(test)]
mod tests;
