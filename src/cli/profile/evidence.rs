//! Evidence of what a unit has done, from the keys of its first times.

use std::collections::{BTreeMap, BTreeSet};

use syscalls::Abi;

use crate::pipeline::novel::ToldKey;

/// Calls of a unit, and more of some.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Names of the calls, with the time of the first one in s since 1970 UTC.
    pub calls: BTreeMap<String, u64>,
    /// Numbers without a name.
    pub nameless: BTreeSet<String>,
    /// ABIs of the calls.
    pub abis: BTreeSet<String>,
    /// Address families of its sockets.
    pub families: BTreeSet<String>,
    /// Sockets were made of which the family is not known.
    pub has_unknown_family: bool,
}

/// Calls with an address family.
const SOCKETS: [&str; 2] = ["socket", "socketpair"];

impl Evidence {
    /// Collects the evidence about a unit.
    pub fn of(unit: &str, keys: &[ToldKey]) -> Self {
        let mut evidence = Self::default();
        let mut sockets: BTreeMap<&str, bool> = BTreeMap::new();
        for ToldKey { time_s, key } in keys {
            let mut parts = key.split('\t');
            let (Some(abi), Some(call)) = (parts.next(), parts.next()) else { continue };
            let is_call = Abi::BOTH.into_iter().any(|one| one.name() == abi);
            let is_of_unit = parts.next().and_then(|part| part.strip_prefix("unit=")) == Some(unit);
            if !is_call || !is_of_unit {
                continue;
            }
            evidence.abis.insert(abi.to_owned());
            let families: Vec<_> = parts.filter_map(|part| part.strip_prefix("family=")).collect();
            let name = call.split(':').next().unwrap_or(call);
            if name.starts_with('#') {
                evidence.nameless.insert(format!("{name} ({abi})"));
                continue;
            }
            if SOCKETS.contains(&name) {
                *sockets.entry(name).or_default() |= !families.is_empty();
                evidence.families.extend(families.into_iter().map(str::to_owned));
            }
            let first = evidence.calls.entry(name.to_owned()).or_insert(*time_s);
            *first = (*first).min(*time_s);
        }
        evidence.has_unknown_family = sockets.values().any(|has_family| !has_family);
        evidence
    }
}
