//! What the arguments of a syscall are: `signatures.tsv` in, the parameters of a slot out. Never
//! fails: what is not understood is left out, and tests hold that there is nothing of that kind.

mod cell;
mod kind;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::constants::{Sets, sets};
use super::{Abi, Slot, table};
pub use kind::{Kind, Width};

/// The parameters of one syscall, in order; six at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature(Vec<Parameter>);

/// One parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Lower case, `[a-z0-9_]`.
    pub name: &'static str,
    /// How its register is read.
    pub kind: Kind,
    /// What its register points to, where that is told; `None` for what is no pointer, and for
    /// pointers that are just addresses.
    pub memory: Option<Memory>,
}

/// What a pointer leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Who reads and who writes it.
    pub direction: Direction,
    /// How much there is of what the kind says.
    pub count: Count,
}

/// Who reads and who writes the memory of a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The kernel reads it: it is there at entry.
    In,
    /// The kernel writes it: it is there once the call has succeeded.
    Out,
    /// The kernel reads it, and writes it.
    InOut,
}

/// How many elements a pointer leads to: bytes for kinds whose size the caller tells
/// ([`Kind::is_counted_in_bytes`]), bits for [`Kind::Bits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// One; a string or a vector of strings ends where it ends.
    One,
    /// Always that many.
    Fixed(u8),
    /// As many as the parameter at that position says.
    Argument(u8),
    /// As many as the 32-bit number says that the parameter at that position points to. Of what the
    /// kernel writes, it wrote no more than the number said at entry, and none where that was 0.
    Pointed(u8),
    /// As many as the call's result says; the parameter at that position says how many there is room
    /// for. What the kernel reads of them, it reads as many as there is room for.
    Result(u8),
}

/// The arguments of that syscall; `None` for a number without a name, and where no kernel has it.
pub fn signature(slot: Slot) -> Option<&'static Signature> {
    static SIGNATURES: LazyLock<[Vec<Option<Signature>>; 2]> =
        LazyLock::new(|| Abi::ALL.map(of_abi));
    let [native, compat] = &*SIGNATURES;
    let signatures = match slot.abi() {
        Abi::Native => native,
        Abi::Compat => compat,
    };
    signatures.get(usize::from(slot.nr()))?.as_ref()
}

const TEXT: &str = include_str!("signatures.tsv");

/// `O_CREAT`, and the bit of `O_TMPFILE` that no other flag has; the same on all ABIs.
const MAKES_FILE: u64 = 0x40_0040;

impl Signature {
    /// In the order in which they are passed.
    pub fn parameters(&self) -> &[Parameter] {
        &self.0
    }

    /// Each parameter that was passed, with its register.
    pub fn arguments(&self, registers: [u64; 6]) -> impl Iterator<Item = (Parameter, u64)> {
        let mut before = 0;
        let with_register = self.0.iter().copied().zip(registers);
        with_register.filter(move |(parameter, register)| {
            let flags = std::mem::replace(&mut before, *register);
            parameter.kind != Kind::Newmode || flags & MAKES_FILE != 0
        })
    }
}

impl Direction {
    /// Whether the bytes at entry are of interest.
    pub fn is_read(self) -> bool {
        self != Self::Out
    }

    /// Whether the bytes at exit are of interest.
    pub fn is_written(self) -> bool {
        self != Self::In
    }
}

fn of_abi(abi: Abi) -> Vec<Option<Signature>> {
    let lines = lines(abi.name());
    let table = table(abi);
    let of_nr = |nr| {
        let mut functions = table.functions(nr);
        parse(functions.find_map(|function| lines.get(function))?, sets(abi))
    };
    (0..super::slot::ABI_SLOTS).map(of_nr).collect()
}

/// What follows each function, as that ABI has it.
fn lines(abi: &str) -> HashMap<&'static str, &'static str> {
    let rows = || TEXT.lines().filter(|line| !line.starts_with('#')).map(row);
    let common = rows().filter(|(function, _)| !function.contains('/'));
    let own = rows().filter_map(|(function, rest)| {
        let (of, function) = function.split_once('/')?;
        (of == abi).then_some((function, rest))
    });
    // The later of two wins.
    common.chain(own).collect()
}

fn row(line: &'static str) -> (&'static str, &'static str) {
    line.split_once('\t').unwrap_or((line, ""))
}

fn parse(line: &'static str, sets: &'static Sets) -> Option<Signature> {
    let cells: Vec<_> = line.split('\t').filter(|cell| !cell.is_empty()).collect();
    let names: Vec<_> = cells.iter().map(|cell| cell::name(cell)).collect::<Option<_>>()?;
    cells.iter().map(|cell| cell::parse(cell, &names, sets)).collect::<Option<_>>().map(Signature)
}

#[cfg(test)]
mod tests;
