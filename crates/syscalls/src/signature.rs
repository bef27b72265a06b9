//! What the arguments of a syscall are: `signatures.tsv` in, the parameters of a slot out. Never
//! fails: what is not understood is left out, and tests hold that there is nothing of that kind.

mod case;
mod cell;
mod inner;
mod kind;
mod rows;
mod word;

use std::sync::LazyLock;

use super::constants::sets;
use super::{Abi, Slot, table};
pub use case::{Bits, Case, Test};
pub use inner::{Inner, Place, Words};
pub use kind::{Kind, Width};
use rows::Rows;

/// The arguments and the result of one syscall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    form: Form,
    cases: Vec<Case>,
}

/// What is passed, and what comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    parameters: Vec<Parameter>,
    /// Parameters that are passed only if another one says so.
    conditions: Vec<Option<Test>>,
    result: Kind,
    /// What the call stands for.
    inner: Option<Inner>,
}

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

impl Signature {
    /// What is passed if no case applies: in order, six at most.
    pub fn parameters(&self) -> &[Parameter] {
        &self.form.parameters
    }

    /// Calls that take something else; the first whose tests all hold is the one.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// What a call with these registers takes.
    pub fn form(&self, registers: [u64; 6]) -> &Form {
        let case = self.cases.iter().find(|case| case.holds(registers));
        case.map_or(&self.form, |case| &case.form)
    }

    /// Each parameter that was passed, with its register.
    pub fn arguments(&self, registers: [u64; 6]) -> impl Iterator<Item = (Parameter, u64)> {
        self.placed(registers).map(|(_, parameter, register)| (parameter, register))
    }

    /// The same, each with its position.
    pub fn placed(&self, registers: [u64; 6]) -> impl Iterator<Item = (u8, Parameter, u64)> {
        self.form(registers).placed(registers)
    }

    /// How the result of a call with these registers is read.
    pub fn result(&self, registers: [u64; 6]) -> Kind {
        self.form(registers).result
    }
}

/// Without parameters; the result is a number.
impl Default for Form {
    fn default() -> Self {
        let result = Kind::Signed(Width::Long);
        Self { parameters: Vec::new(), conditions: Vec::new(), result, inner: None }
    }
}

impl Form {
    /// By position; one that is not passed is called `-`.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// How the result is read.
    pub fn result(&self) -> Kind {
        self.result
    }

    /// The call that it stands for, if it is one of those.
    pub fn inner(&self) -> Option<&Inner> {
        self.inner.as_ref()
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.parameters.iter().position(|one| one.name == name)
    }

    fn placed(&self, registers: [u64; 6]) -> impl Iterator<Item = (u8, Parameter, u64)> {
        let holds = move |condition: &Option<Test>| {
            condition.as_ref().is_none_or(|test| test.holds(registers))
        };
        let positions = (0..self.parameters.len()).filter_map(|nth| self.nth(nth));
        positions.filter_map(move |position| {
            let parameter = self.parameters.get(position)?;
            let is_passed = parameter.name != cell::NOT_PASSED
                && self.conditions.get(position).is_some_and(holds);
            let value = self.value(position, registers).filter(|_| is_passed)?;
            Some((u8::try_from(position).ok()?, *parameter, value))
        })
    }

    /// The position of the parameter that is told in that place.
    fn nth(&self, nth: usize) -> Option<usize> {
        match &self.inner {
            Some(Inner { place: Place::Registers(order), .. }) => {
                order.get(nth).map(|position| usize::from(*position))
            }
            _ => Some(nth),
        }
    }

    /// What was passed at that position: a register, or two where a value of 64 bits takes the place
    /// of the next one, which has the high half, or of the one before.
    fn value(&self, position: usize, registers: [u64; 6]) -> Option<u64> {
        let half = |at: usize| registers.get(at).map(|n| n & 0xffff_ffff);
        let is_half =
            |at: usize| self.parameters.get(at).is_some_and(|one| one.name == cell::NOT_PASSED);
        let is_wide = self.parameters.get(position)?.kind.is(Width::Quad);
        let after = position.checked_add(1).filter(|at| is_half(*at));
        let before = position.checked_sub(1).filter(|at| is_half(*at));
        match after.or(before) {
            Some(high) if is_wide => Some(half(high)? << 32 | half(position)?),
            _ => registers.get(position).copied(),
        }
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
    let rows = Rows::read(include_str!("../tables/signatures.tsv"), abi.name());
    let table = table(abi);
    let of_nr = |nr| table.functions(nr).find_map(|function| rows.signature(function, sets(abi)));
    (0..super::slot::ABI_SLOTS).map(of_nr).collect()
}

#[cfg(test)]
mod tests;
