//! One cell of `signatures.tsv` in, the parameter out; `None` for what is not understood.

use super::{Count, Direction, Kind, Memory, Parameter, Test, Width};
use crate::constants::Sets;

/// A cell, and the name of a parameter, that a call of that case does not take.
pub const NOT_PASSED: &str = "-";

/// The name, which precedes the colon.
pub fn name(cell: &'static str) -> Option<&'static str> {
    if cell == NOT_PASSED { Some(cell) } else { Some(cell.split_once(':')?.0) }
}

/// `name:KIND[LEN] DIRECTION`; `names` are those of all parameters.
pub fn parse(cell: &'static str, names: &[&str], sets: &'static Sets) -> Option<Parameter> {
    if cell == NOT_PASSED {
        return Some(Parameter { name: cell, kind: Kind::Hex(Width::Long), memory: None });
    }
    let (name, rest) = halves(cell).0.split_once(':')?;
    let (told, direction) = match rest.split_once(' ') {
        None => (rest, None),
        Some((told, "out")) => (told, Some(Direction::Out)),
        Some((told, "inout")) => (told, Some(Direction::InOut)),
        Some(_) => return None,
    };
    let (kind, length) = match told.split_once('[') {
        None => (told, None),
        Some((kind, length)) => (kind, Some(length.strip_suffix(']')?)),
    };
    let kind = Kind::parse(kind, sets)?;
    let count = length.map_or(Some(Count::One), |length| Count::parse(length, names))?;
    let is_told = kind.is_told();
    if !is_told && (direction.is_some() || length.is_some()) || !kind.allows(count) {
        return None;
    }
    let memory = Memory { direction: direction.unwrap_or(Direction::In), count };
    Some(Parameter { name, kind, memory: is_told.then_some(memory) })
}

/// What follows ` if `; the outer `None` is for what is not understood.
#[allow(clippy::option_option)]
pub fn condition(cell: &'static str, parameters: &[Parameter]) -> Option<Option<Test>> {
    match halves(cell).1 {
        Some(test) => Test::parse(test, parameters).map(Some),
        None => Some(None),
    }
}

fn halves(cell: &'static str) -> (&'static str, Option<&'static str>) {
    cell.split_once(" if ").map_or((cell, None), |(cell, test)| (cell, Some(test)))
}

impl Count {
    fn parse(text: &str, names: &[&str]) -> Option<Self> {
        let position = |name: &str| {
            let found = names.iter().position(|one| *one == name)?;
            u8::try_from(found).ok()
        };
        if let Some(name) = text.strip_prefix('*') {
            return position(name).map(Self::Pointed);
        }
        if let Some(name) = text.strip_prefix('=') {
            return position(name).map(Self::Result);
        }
        text.parse().ok().map(Self::Fixed).or_else(|| position(text).map(Self::Argument))
    }
}
