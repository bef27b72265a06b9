//! Calls that rules of the live table know: the kernel counts them, and no event comes of them.

use std::sync::atomic::Ordering::SeqCst;

use syscalls::{Abi, Slot};

use crate::bpf::types::{known_by, known_size};
use crate::bpf::{Bank, KNOWN_CALLS, hash_u64};
use crate::config::NovelSubject;
use crate::load::Bpf;
use crate::plan::Rule;

/// Call of a subject that a rule of first times knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettledCall {
    /// Generation of the table.
    pub generation: u32,
    /// Syscall.
    pub slot: Slot,
    /// Number of the rule in its route.
    pub rule: u8,
    /// Id of the cgroup, or of the user.
    pub subject: u64,
}

impl SettledCall {
    /// Returns the word that `bpf/known.h` compares; `None` if the kernel has none for it.
    fn word(&self) -> Option<u64> {
        let is_own = self.slot.abi() == Abi::Native;
        let has_room = self.subject >> known_size::KNOWN_RULE_SHIFT.0 == 0;
        (is_own && has_room).then_some(
            1 << known_size::KNOWN_SET_SHIFT.0
                | u64::from(self.slot.index()) << known_size::KNOWN_SLOT_SHIFT.0
                | u64::from(self.rule) << known_size::KNOWN_RULE_SHIFT.0
                | self.subject,
        )
    }
}

/// Returns the subject by which the kernel may know calls of a rule, `enum known_by`.
pub(super) fn by(rule: &Rule) -> u8 {
    let by = match rule.known_by() {
        Some(NovelSubject::Unit) => known_by::KNOWN_BY_UNIT,
        Some(NovelSubject::Uid) => known_by::KNOWN_BY_UID,
        Some(NovelSubject::Exe) | None => known_by::KNOWN_BY_NONE,
    };
    u8::try_from(by.0).unwrap_or_default()
}

/// Forgets all calls of a bank.
pub(super) fn clear(bpf: &Bpf<'_>, bank: Bank) {
    let words = (0..).map_while(|at| bpf.shared.known_call(bank, at));
    words.for_each(|word| word.store(0, SeqCst));
}

/// Notes a call in a bank. Where there is no place, it takes that of another one, which is forgotten.
pub(super) fn note(bpf: &Bpf<'_>, bank: Bank, call: SettledCall) {
    let Some(word) = call.word() else { return };
    let first = (hash_u64(word) >> known_size::KNOWN_SHIFT.0) as usize;
    let places = (0..known_size::KNOWN_PROBES.0 as usize)
        .filter_map(|at| bpf.shared.known_call(bank, (first + at) % KNOWN_CALLS));
    for place in places {
        let there = place.load(SeqCst);
        if there == 0 {
            place.store(word, SeqCst);
        }
        if there == 0 || there == word {
            return;
        }
    }
    if let Some(place) = bpf.shared.known_call(bank, first) {
        place.store(word, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Keep, Novel, Results};

    fn slot(abi: Abi) -> Slot {
        Slot::new(abi, 39).unwrap()
    }

    fn call(abi: Abi, subject: u64) -> SettledCall {
        SettledCall { generation: 1, slot: slot(abi), rule: 3, subject }
    }

    #[test]
    fn word_has_slot_rule_and_subject_in_full() {
        let most = (1 << 46) - 1;
        assert_eq!(call(Abi::Native, most).word(), Some(1 << 63 | 39 << 54 | 3 << 46 | most));
        for unknown in [call(Abi::Native, most + 1), call(Abi::Compat, 1)] {
            assert_eq!(unknown.word(), None, "{unknown:?}");
        }
    }

    fn rule(subject: NovelSubject, by: &[&str]) -> Rule {
        let by = by.iter().map(|name| (*name).to_owned()).collect();
        Rule { novel: Some(Novel { subject, by }), ..Rule::nothing() }
    }

    #[test]
    fn kernel_knows_calls_of_rules_whose_key_it_has_at_the_entry() {
        assert_eq!(by(&rule(NovelSubject::Unit, &[])), 1);
        assert_eq!(by(&rule(NovelSubject::Uid, &[])), 2);
        let others = [
            Rule::nothing(),
            rule(NovelSubject::Exe, &[]),
            rule(NovelSubject::Uid, &["pid"]),
            Rule { results: Results::failed(), ..rule(NovelSubject::Uid, &[]) },
            Rule { keep: Keep::Blackbox, ..rule(NovelSubject::Uid, &[]) },
        ];
        for rule in others {
            assert_eq!(by(&rule), 0, "{rule:?}");
        }
    }
}
