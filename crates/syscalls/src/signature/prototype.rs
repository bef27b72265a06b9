//! Prototypes: parameters and result of a call, and the values of its arguments.

use super::parameter::{self, NOT_PASSED};
use super::{ArgumentSource, InnerCall, Kind, Parameter, RegisterTest, Width};
use crate::constants::Sets;

/// Beginning of a column that describes an inner call.
pub(super) const INNER_CALL: &str = "as ";

/// Parameters and result of a syscall, or of one of its cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prototype {
    pub(super) parameters: Vec<Parameter>,
    /// Test of each parameter that is passed only if another one has a certain value.
    pub(super) conditions: Vec<Option<RegisterTest>>,
    pub(super) result: Kind,
    /// Call that a multiplexing syscall makes.
    pub(super) inner: Option<InnerCall>,
}

impl Default for Prototype {
    /// Returns a prototype without parameters whose result is a number.
    fn default() -> Self {
        let result = Kind::Signed(Width::Long);
        Self { parameters: Vec::new(), conditions: Vec::new(), result, inner: None }
    }
}

impl Prototype {
    /// Parses the columns of a line, the last of which may be the result; those of a case follow the first
    /// `kept` parameters of `base`.
    pub(super) fn parse(
        columns: &'static str,
        kept: usize,
        base: &Self,
        sets: &'static Sets,
    ) -> Option<Self> {
        let is_own = |column: &&str| !column.is_empty() && !column.starts_with(INNER_CALL);
        let mut columns: Vec<_> = columns.split('\t').filter(is_own).collect();
        let mut result = base.result;
        if let Some(kind) = columns.last().and_then(|one| one.strip_prefix("= ")) {
            result = Kind::parse(kind, sets)?;
            columns.pop();
        }
        let mut names: Vec<_> = base.parameters.iter().take(kept).map(|one| one.name).collect();
        for column in &columns {
            names.push(parameter::name(column)?);
        }
        let mut prototype = Self { result, ..base.clone() };
        prototype.parameters.truncate(kept);
        prototype.conditions.truncate(kept);
        for column in &columns {
            prototype.parameters.push(parameter::parse(column, &names, sets)?);
        }
        for column in &columns {
            prototype.conditions.push(parameter::condition(column, &prototype.parameters)?);
        }
        Some(prototype)
    }

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

    /// Returns the position of the `nth` argument of the call, or of the inner call in registers.
    fn nth(&self, nth: usize) -> Option<usize> {
        match &self.inner {
            Some(InnerCall { source: ArgumentSource::Registers(order), .. }) => {
                order.get(nth).map(|position| usize::from(*position))
            }
            _ => Some(nth),
        }
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
