//! Signatures, their cases and prototypes, and inner calls. An inner call has a signature, so these types
//! contain each other.

use super::kind::{Kind, Width};
use super::parameter::{NOT_PASSED, Parameter};
use super::register_test::RegisterTest;

/// Parameters and result of one syscall, and its cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub(super) prototype: Prototype,
    pub(super) cases: Vec<Case>,
}

/// Calls of a function whose parameters differ from those of other calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    pub(super) tests: Vec<RegisterTest>,
    pub(super) prototype: Prototype,
}

impl Case {
    /// Returns its tests, all of which must pass.
    pub fn tests(&self) -> &[RegisterTest] {
        &self.tests
    }

    /// Returns parameters and result of its calls.
    pub fn prototype(&self) -> &Prototype {
        &self.prototype
    }

    /// Returns whether a call with these registers belongs to the case.
    pub fn matches(&self, registers: [u64; 6]) -> bool {
        self.tests.iter().all(|test| test.passes(registers))
    }
}

/// Parameters and result of a syscall, or of one of its cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prototype {
    pub(super) parameters: Vec<Parameter>,
    /// Test of each parameter that is passed only if another one has a certain value.
    pub(super) conditions: Vec<Option<RegisterTest>>,
    /// Positions of the parameters in the order in which they are printed; empty if that is their own.
    pub(super) order: Vec<u8>,
    pub(super) result: Kind,
    /// Call that a multiplexing syscall makes.
    pub(super) inner: Option<InnerCall>,
}

/// Call that a multiplexing syscall makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InnerCall {
    /// Name of the inner call.
    pub name: &'static str,
    /// Source of its arguments.
    pub source: ArgumentSource,
}

/// Source of the arguments of an inner call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArgumentSource {
    /// Positions of registers, in the order of the inner call's parameters.
    Registers(Vec<u8>),
    /// An array in memory.
    Memory(MemoryArguments),
}

/// Array of arguments that a register points to, each as wide as a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryArguments {
    /// Position of that register.
    pub position: u8,
    /// Number of arguments.
    pub count: u8,
    /// Signature of the inner call.
    pub signature: Box<Signature>,
}

impl Signature {
    /// Creates a signature of parameters that every call has.
    pub(crate) fn of_parameters(parameters: Vec<Parameter>) -> Self {
        let conditions = vec![None; parameters.len()];
        let prototype = Prototype { parameters, conditions, ..Prototype::default() };
        Self { prototype, cases: Vec::new() }
    }

    /// Returns the parameters of a call to which no case applies: in order, six at most.
    pub fn parameters(&self) -> &[Parameter] {
        &self.prototype.parameters
    }

    /// Returns parameters and result of a call to which no case applies.
    pub fn usual(&self) -> &Prototype {
        &self.prototype
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

impl Default for Prototype {
    /// Returns a prototype without parameters whose result is a number.
    fn default() -> Self {
        let result = Kind::Signed(Width::Long);
        Self {
            parameters: Vec::new(),
            conditions: Vec::new(),
            order: Vec::new(),
            result,
            inner: None,
        }
    }
}

impl Prototype {
    /// Returns the parameters by position; one that is not passed is called `-`.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Returns the kind of the result.
    pub fn result(&self) -> Kind {
        self.result
    }

    /// Returns the call that a multiplexing syscall makes; `None` for other syscalls.
    pub fn inner(&self) -> Option<&InnerCall> {
        self.inner.as_ref()
    }

    /// Returns the position of the parameter called `name`.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.parameters.iter().position(|one| one.name == name)
    }

    /// Returns each parameter that is passed, with its position and value.
    pub(super) fn with_positions(
        &self,
        registers: [u64; 6],
    ) -> impl Iterator<Item = (u8, Parameter, u64)> {
        let passes = move |condition: &Option<RegisterTest>| {
            condition.as_ref().is_none_or(|test| test.passes(registers))
        };
        let positions = (0..self.parameters.len()).filter_map(|nth| self.nth(nth));
        positions.filter_map(move |position| {
            let parameter = self.parameters.get(position)?;
            let is_passed =
                parameter.name != NOT_PASSED && self.conditions.get(position).is_some_and(passes);
            let value = self.value(position, registers).filter(|_| is_passed)?;
            Some((u8::try_from(position).ok()?, *parameter, value))
        })
    }

    /// Returns the position of the `nth` argument that is printed of the call, or of the inner call in registers.
    fn nth(&self, nth: usize) -> Option<usize> {
        let order = match &self.inner {
            Some(InnerCall { source: ArgumentSource::Registers(order), .. }) => order,
            _ if self.order.is_empty() => return Some(nth),
            _ => &self.order,
        };
        order.get(nth).map(|position| usize::from(*position))
    }

    /// Returns the value at a position: one register, or two if a 64-bit value also takes the next
    /// position, which has the high half, or the one before.
    fn value(&self, position: usize, registers: [u64; 6]) -> Option<u64> {
        let half = |at: usize| registers.get(at).map(|n| n & 0xffff_ffff);
        let is_half = |at: usize| self.parameters.get(at).is_some_and(|one| one.name == NOT_PASSED);
        let is_wide = self.parameters.get(position)?.kind.is(Width::Quad);
        let after = position.checked_add(1).filter(|at| is_half(*at));
        let before = position.checked_sub(1).filter(|at| is_half(*at));
        match after.or(before) {
            Some(high) if is_wide => Some(half(high)? << 32 | half(position)?),
            _ => registers.get(position).copied(),
        }
    }
}
