//! The names of environment variables that routes ask for, as the programs compare them: by words.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering::Relaxed;

use crate::bpf::{Bank, ENV_NAME_WORDS};
use crate::load::Bpf;
use crate::plan::Rule;

/// Returns the names that a rule asks for, as a bit each in their order.
pub(super) fn bits(rule: &Rule, names: &BTreeSet<&str>) -> u16 {
    let asked = (0..).zip(names).filter(|(_, name)| rule.env.contains(**name));
    asked.fold(0, |bits, (position, _)| bits | 1u16.checked_shl(position).unwrap_or_default())
}

/// Replaces the names of the bank.
pub(super) fn write(bpf: &Bpf<'_>, bank: Bank, names: &BTreeSet<&str>) {
    let mut names = names.iter();
    for entry in (0..).map_while(|index| bpf.shared.env_name(bank, index)) {
        let words = names.next().map(|name| words(name)).unwrap_or_default();
        for (place, word) in entry.iter().zip(words) {
            place.store(word, Relaxed);
        }
    }
}

/// `struct env_name`: the name and `=`, then ones in the places of these bytes.
fn words(name: &str) -> [u64; ENV_NAME_WORDS] {
    let mut words = [0; ENV_NAME_WORDS];
    let (bytes, masks) = words.split_at_mut(ENV_NAME_WORDS / 2);
    let mut rest = name.bytes().chain([b'=']);
    for (bytes_word, mask_word) in bytes.iter_mut().zip(masks) {
        let (mut text, mut mask) = ([0; size_of::<u64>()], [0; size_of::<u64>()]);
        for ((text, mask), byte) in text.iter_mut().zip(&mut mask).zip(rest.by_ref()) {
            (*text, *mask) = (byte, u8::MAX);
        }
        (*bytes_word, *mask_word) = (u64::from_ne_bytes(text), u64::from_ne_bytes(mask));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::words;

    fn word(text: &[u8; 8]) -> u64 {
        u64::from_ne_bytes(*text)
    }

    #[test]
    fn words_of_name_end_with_equals_sign() {
        let mask = word(b"\xff\xff\xff\xff\xff\0\0\0");
        assert_eq!(words("PATH"), [word(b"PATH=\0\0\0"), 0, 0, 0, mask, 0, 0, 0]);
        let (first, ones) = (word(b"LANGUAGE"), u64::MAX);
        let mask = word(b"\xff\0\0\0\0\0\0\0");
        assert_eq!(words("LANGUAGE"), [first, word(b"=\0\0\0\0\0\0\0"), 0, 0, ones, mask, 0, 0]);
    }

    #[test]
    fn words_of_longest_name_are_all_used() {
        let name = "A23456781234567812345678123456X";
        assert_eq!(name.len(), 31);
        let [.., last, a, b, c, d] = words(name);
        assert_eq!((last, [a, b, c, d]), (word(b"123456X="), [u64::MAX; 4]));
    }
}
