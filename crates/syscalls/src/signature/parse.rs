//! Parser of prototypes, cases and inner calls.

use super::kind::Kind;
use super::parameter::Count;
use super::parameter_parser;
use super::register_test::RegisterTest;
use super::types::{ArgumentSource, Case, InnerCall, MemoryArguments, Prototype, Signature};
use crate::constants::Sets;

/// Beginning of a column that describes an inner call.
pub(super) const INNER_CALL: &str = "as ";
/// Beginning of a column that has the parameters in the order in which they are printed.
const PRINTED: &str = "printed ";

impl Prototype {
    /// Parses the columns of a line, the last of which may be the result; those of a case follow the first
    /// `kept` parameters of `base`.
    pub(super) fn parse(
        columns: &'static str,
        kept: usize,
        base: &Self,
        sets: &'static Sets,
    ) -> Option<Self> {
        let is_own = |column: &&str| {
            !column.is_empty() && ![INNER_CALL, PRINTED].iter().any(|head| column.starts_with(head))
        };
        let printed = columns.split('\t').find_map(|column| column.strip_prefix(PRINTED));
        let mut columns: Vec<_> = columns.split('\t').filter(is_own).collect();
        let mut result = base.result;
        if let Some(kind) = columns.last().and_then(|one| one.strip_prefix("= ")) {
            result = Kind::parse(kind, sets)?;
            columns.pop();
        }
        let mut names: Vec<_> = base.parameters.iter().take(kept).map(|one| one.name).collect();
        for column in &columns {
            names.push(parameter_parser::name(column)?);
        }
        let mut prototype = Self { result, ..base.clone() };
        prototype.parameters.truncate(kept);
        prototype.conditions.truncate(kept);
        for column in &columns {
            prototype.parameters.push(parameter_parser::parse(column, &names, sets)?);
        }
        for column in &columns {
            prototype.conditions.push(parameter_parser::condition(column, &prototype.parameters)?);
        }
        if let Some(printed) = printed {
            let positions = printed.split(',').map(|one| position(one, &prototype));
            prototype.order = positions.collect::<Option<_>>()?;
        }
        Some(prototype)
    }
}

impl Case {
    /// Parses `cmd=F_SETFD)` and the columns that replace those of `base` from the first column's name on, at
    /// the latest those after `cmd`.
    pub(super) fn parse(
        tests: &'static str,
        columns: &'static str,
        base: &Prototype,
        sets: &'static Sets,
    ) -> Option<Self> {
        let tests: Vec<_> = tests.strip_suffix(')')?.split(';').collect();
        let tested = base.position(RegisterTest::name(tests.first()?)?)?;
        let first = columns.split_once(':').and_then(|(name, _)| base.position(name));
        let kept = tested.checked_add(1)?.min(first.unwrap_or(usize::MAX));
        let prototype = Prototype::parse(columns, kept, base, sets)?;
        let tests = tests.into_iter().map(|test| RegisterTest::parse(test, &prototype.parameters));
        Some(Self { tests: tests.collect::<Option<_>>()?, prototype })
    }
}

impl InnerCall {
    /// Parses `semop(semid,tsops,nsops)` or `socket(*args) sys_socket` in a case with that prototype;
    /// `signature` looks up the signature of a function.
    pub(super) fn parse(
        text: &'static str,
        prototype: &Prototype,
        signature: impl Fn(&str) -> Option<Signature>,
    ) -> Option<Self> {
        let (name, rest) = text.split_once('(')?;
        let (parameters, function) = rest.split_once(')')?;
        let source = match parameters.strip_prefix('*') {
            Some(parameter) => {
                let signature = signature(function.strip_prefix(' ')?)?;
                ArgumentSource::Memory(MemoryArguments::new(parameter, prototype, signature)?)
            }
            None => {
                let positions = parameters.split(',').map(|one| position(one, prototype));
                ArgumentSource::Registers(positions.collect::<Option<_>>()?)
            }
        };
        Some(Self { name, source })
    }
}

impl MemoryArguments {
    fn new(parameter: &str, prototype: &Prototype, signature: Signature) -> Option<Self> {
        let position = position(parameter, prototype)?;
        let memory = prototype.parameters.get(usize::from(position))?.memory?;
        let Count::Fixed(count) = memory.count else { return None };
        Some(Self { position, count, signature: Box::new(signature) })
    }
}

fn position(parameter: &str, prototype: &Prototype) -> Option<u8> {
    u8::try_from(prototype.position(parameter)?).ok()
}
