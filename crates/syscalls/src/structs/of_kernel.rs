//! Structures of the running kernel, whose layouts its type information has. Whoever reads that gives them names, which
//! they keep as long as the process runs.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::types::{Member, Structure};

static STRUCTURES: Mutex<BTreeMap<&'static str, &'static Structure>> = Mutex::new(BTreeMap::new());

/// Gives a structure with these members that name, unless it has one already. No name may be one of `structs.txt`. Of a
/// structure with more members than these, `has_more` is true.
pub fn give_structure(name: &'static str, members: Vec<Member>, has_more: bool) {
    let size = members.iter().map(Member::end).max().unwrap_or_default();
    let structure = Structure { members, size, align: 1, is_list: false, has_more };
    let mut all = STRUCTURES.lock().unwrap_or_else(PoisonError::into_inner);
    all.entry(name).or_insert_with(|| Box::leak(Box::new(structure)));
}

/// Returns the structure with that name.
pub(super) fn structure(name: &str) -> Option<&'static Structure> {
    STRUCTURES.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied()
}
