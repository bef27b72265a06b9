//! Names that stay to the end of the process: those of arguments, and of the values of enumerations. Each is kept once,
//! however often a configuration is read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use syscalls::ConstantSet;

use crate::btf::{Type, Types, kinds};

/// Values of an enumeration that have names.
const VALUES_MAX: usize = 1024;

static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
static SETS: Mutex<BTreeMap<Vec<(&'static str, u64)>, &'static ConstantSet>> =
    Mutex::new(BTreeMap::new());

/// Returns a name that stays.
pub(super) fn interned(name: &str) -> &'static str {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(name);
    name
}

/// Returns the values of an enumeration.
pub(super) fn enumeration(types: &Types<'_>, one: Type<'_>) -> &'static ConstantSet {
    let words = if one.number() == kinds::ENUM64 { 3 } else { 2 };
    let value = |element: Vec<u32>| {
        let (name, low) = (*element.first()?, *element.get(1)?);
        let high = element.get(2).copied().unwrap_or_default();
        let name = std::str::from_utf8(types.text(name)).ok()?;
        Some((interned(name), u64::from(high) << 32 | u64::from(low)))
    };
    let values: Vec<_> = one.elements(words).filter_map(value).take(VALUES_MAX).collect();
    let mut sets = SETS.lock().unwrap_or_else(PoisonError::into_inner);
    sets.entry(values.clone())
        .or_insert_with(|| Box::leak(Box::new(ConstantSet::of_numbers(values.into_iter()))))
}

/// Returns the values of the enumeration of that name.
pub(super) fn enumeration_named(types: &Types<'_>, name: &str) -> Option<&'static ConstantSet> {
    let is_it = |one: &Type<'_>| {
        matches!(one.number(), kinds::ENUM | kinds::ENUM64)
            && types.text(one.name) == name.as_bytes()
            && one.info & 0xffff != 0
    };
    let found = types.all().map(|(_, one)| one).find(is_it)?;
    Some(enumeration(types, found))
}
