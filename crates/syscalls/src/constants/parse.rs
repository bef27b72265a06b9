//! Parser of `constants.txt` and `ioctls.txt`. It never fails: a malformed line is skipped.

use super::set::{Constant, ConstantSet, Field, Sets};

/// Parses the sets as `abi` has them.
pub fn parse(text: &'static str, abi: &str) -> Sets {
    let mut sets = Sets::new();
    let mut current = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some((name, set)) = header(line) {
            current = Some(name);
            sets.insert(name, set);
            continue;
        }
        let Some(set) = current.and_then(|name| sets.get_mut(name)) else { continue };
        if let Some(field) = field(line) {
            set.field = Some(field);
        } else if let Some((abis, constant)) = member(line) {
            let has_abi = abis.is_none_or(|abis| abis.split(',').any(|one| one == abi));
            set.constants.extend(has_abi.then_some(constant));
        }
    }
    sets
}

/// Parses `name: description` or `name/mask UNKNOWN: description`.
pub fn header(line: &'static str) -> Option<(&'static str, ConstantSet)> {
    let (header, _) = line.split_once(": ")?;
    let (name, unknown) = header.split_once(' ').map_or((header, None), |(n, u)| (n, Some(u)));
    let (name, mask) = match name.split_once('/') {
        Some((name, mask)) => (name, number(mask)?),
        None => (name, 0),
    };
    Some((name, ConstantSet { mask, unknown, constants: Vec::new(), field: None }))
}

/// Parses `    SYMBOL value`, `    SYMBOL value/mask`, `    SYMBOL value//mask` or `    abi,abi/SYMBOL value`.
pub fn member(line: &'static str) -> Option<(Option<&'static str>, Constant)> {
    let (symbol, value) = line.strip_prefix("    ")?.rsplit_once(' ')?;
    let (value, mask, is_ignored) = match value.split_once('/') {
        Some((value, mask)) => {
            let ignored = mask.strip_prefix('/');
            (value, Some(number(ignored.unwrap_or(mask))?), ignored.is_some())
        }
        None => (value, None, false),
    };
    let value = number(value)?;
    let constant = |symbol| Constant { symbol, value, mask, is_ignored };
    Some(match symbol.split_once('/') {
        Some((abis, symbol)) => (Some(abis), constant(symbol)),
        None => (None, constant(symbol)),
    })
}

/// Parses `    SYMBOL mask<<shift`.
pub fn field(line: &'static str) -> Option<Field> {
    let (symbol, bits) = line.strip_prefix("    ")?.rsplit_once(' ')?;
    let (mask, shift) = bits.split_once("<<")?;
    let shift = shift.parse().ok()?;
    Some(Field { symbol, mask: number(mask)?.checked_shl(shift)?, shift })
}

/// Parses a decimal number, or a hexadecimal one after `0x`.
pub fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}
