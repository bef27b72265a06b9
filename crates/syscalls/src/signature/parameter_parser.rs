//! Parser of a parameter: one column of `signatures.tsv`.

use super::kind::{Kind, Width};
use super::parameter::{Count, Direction, Memory, NOT_PASSED, Parameter, Written};
use super::register_test::RegisterTest;
use crate::constants::Sets;

/// Parses the name, which precedes the colon.
pub fn name(column: &'static str) -> Option<&'static str> {
    if column == NOT_PASSED { Some(column) } else { Some(column.split_once(':')?.0) }
}

/// Parses `name:KIND[LEN] DIRECTION when CONDITION labelled LABEL`, of which all but the first is optional; `names` are those of all parameters, to which LEN may refer.
pub fn parse(column: &'static str, names: &[&str], sets: &'static Sets) -> Option<Parameter> {
    if column == NOT_PASSED {
        let kind = Kind::Hex(Width::Long);
        return Some(Parameter { name: column, kind, memory: None, label: None });
    }
    let (name, rest) = halves(column).0.split_once(':')?;
    let (rest, label) = match rest.split_once(" labelled ") {
        None => (rest, None),
        Some((rest, label)) => (rest, Some(label)),
    };
    let (rest, written) = match rest.split_once(" when ") {
        None => (rest, Written::Always),
        Some((rest, condition)) => (rest, Written::parse(condition, names)?),
    };
    let parameter = parts(name, rest, written, names, sets)?;
    Some(Parameter { label, ..parameter })
}

/// Parses `KIND[LEN]` of a member that is a pointer.
pub fn pointer(
    name: &'static str,
    kind: &'static str,
    direction: Direction,
    names: &[&str],
    sets: &'static Sets,
) -> Option<Parameter> {
    let parameter = parts(name, kind, Written::Always, names, sets)?;
    let memory = Memory { direction, ..parameter.memory? };
    Some(Parameter { memory: Some(memory), ..parameter })
}

/// Parses `KIND[LEN] DIRECTION`.
fn parts(
    name: &'static str,
    rest: &'static str,
    written: Written,
    names: &[&str],
    sets: &'static Sets,
) -> Option<Parameter> {
    let (kind, direction) = match rest.split_once(' ') {
        None => (rest, None),
        Some((kind, "out")) => (kind, Some(Direction::Out)),
        Some((kind, "inout")) => (kind, Some(Direction::InOut)),
        Some(_) => return None,
    };
    let (kind, length) = match kind.split_once('[') {
        None => (kind, None),
        Some((kind, length)) => (kind, Some(length.strip_suffix(']')?)),
    };
    let kind = Kind::parse(kind, sets)?;
    let count = length.map_or(Some(Count::One), |length| Count::parse(length, names))?;
    let is_captured = kind.is_captured();
    if !is_captured && (direction.is_some() || length.is_some()) || !kind.allows(count) {
        return None;
    }
    let is_result = matches!(count, Count::Result(_));
    if written != Written::Always && direction.is_none()
        || matches!(written, Written::Fitting | Written::Filled) && !is_result
    {
        return None;
    }
    let memory = Memory { direction: direction.unwrap_or(Direction::In), count, written };
    Some(Parameter { name, kind, memory: is_captured.then_some(memory), label: None })
}

/// Parses the test that follows ` if `; the outer `None` means that it is malformed.
#[allow(clippy::option_option)]
pub fn condition(column: &'static str, parameters: &[Parameter]) -> Option<Option<RegisterTest>> {
    match halves(column).1 {
        Some(test) => RegisterTest::parse(test, parameters).map(Some),
        None => Some(None),
    }
}

fn halves(column: &'static str) -> (&'static str, Option<&'static str>) {
    column.split_once(" if ").map_or((column, None), |(column, test)| (column, Some(test)))
}

fn position(name: &str, names: &[&str]) -> Option<u8> {
    u8::try_from(names.iter().position(|one| *one == name)?).ok()
}

impl Written {
    fn parse(text: &str, names: &[&str]) -> Option<Self> {
        match text {
            "result" => Some(Self::Positive),
            "fits" => Some(Self::Fitting),
            "filled" => Some(Self::Filled),
            "interrupted" => Some(Self::Interrupted),
            name => position(name, names).map(Self::Marked),
        }
    }
}

impl Count {
    fn parse(text: &str, names: &[&str]) -> Option<Self> {
        let position = |name: &str| position(name, names);
        if let Some(name) = text.strip_prefix('*') {
            return position(name).map(Self::Pointed);
        }
        if let Some(name) = text.strip_prefix('=') {
            return position(name).map(Self::Result);
        }
        if let Some(name) = text.strip_suffix("/4096") {
            return position(name).map(Self::Pages);
        }
        if let Some(name) = text.strip_suffix("-1") {
            return position(name).map(Self::ButOne);
        }
        text.parse().ok().map(Self::Fixed).or_else(|| position(text).map(Self::Argument))
    }
}

impl Kind {
    /// Returns whether the kind can be combined with that count.
    fn allows(self, count: Count) -> bool {
        match self {
            Self::Path | Self::Strings | Self::Environment | Self::Msghdr => count == Count::One,
            Self::String => matches!(count, Count::One | Count::Fixed(_)),
            Self::Bits(_) => count != Count::One,
            _ if matches!(count, Count::ButOne(_)) => false,
            Self::Iovec | Self::Mmsghdr | Self::Pointers(_) => count != Count::One,
            _ => !self.is_counted_in_bytes() || count != Count::One,
        }
    }
}
