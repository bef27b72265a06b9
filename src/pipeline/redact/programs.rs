//! Patterns that always apply, by the programs that they concern: the table `obvious.tsv`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::automaton::Automaton as _;
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, Input};

use crate::config::{SecretPattern, SecretSet};

/// Stands for all programs.
const ANY: &str = "*";

/// Patterns that always apply. A set takes one pass over a name.
struct Obvious {
    of_all: SecretSet,
    by_program: BTreeMap<&'static str, SecretSet>,
    /// Lengths of the names of programs that begin with a byte, a bit each. Most words have none of them.
    lengths: [u64; 256],
}

static OBVIOUS: LazyLock<Obvious> = LazyLock::new(|| {
    let mut patterns: BTreeMap<&str, Vec<SecretPattern>> = BTreeMap::new();
    for (programs, more) in lines() {
        for program in programs.split(',') {
            let more = more.split(' ').map(SecretPattern::parse);
            patterns.entry(program).or_default().extend(more);
        }
    }
    let of_all = patterns.remove(ANY).unwrap_or_default().into();
    let mut lengths = [0; 256];
    for name in patterns.keys() {
        let lengths = name.bytes().next().and_then(|first| lengths.get_mut(usize::from(first)));
        lengths.into_iter().for_each(|lengths| *lengths |= length_bit(name.as_bytes()));
    }
    let by_program = patterns.into_iter().map(|(program, patterns)| (program, patterns.into()));
    Obvious { of_all, by_program: by_program.collect(), lengths }
});

/// Finds a piece of a pattern or the name of a program in a text; `None` if it cannot be built.
static HINTS: LazyLock<Option<DFA>> = LazyLock::new(|| {
    let pieces = OBVIOUS.of_all.patterns().iter().map(SecretPattern::piece);
    let names = OBVIOUS.by_program.keys().copied();
    DFA::builder().ascii_case_insensitive(true).build(pieces.chain(names)).ok()
});

/// Returns the bit of the length of a name; 0 if it is too long for that of a program.
fn length_bit(name: &[u8]) -> u64 {
    u32::try_from(name.len()).ok().and_then(|length| 1_u64.checked_shl(length)).unwrap_or_default()
}

fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = include_str!("obvious.tsv").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('\t'))
}

/// Returns the patterns that concern all programs.
pub(super) fn of_all() -> &'static SecretSet {
    &OBVIOUS.of_all
}

/// Returns the patterns that concern only the program of that path or name.
pub(super) fn patterns(path: &[u8]) -> Option<&'static SecretSet> {
    if !path.last().is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let from = memchr::memrchr(b'/', path).map_or(0, |slash| slash + 1);
    let name = path.get(from..)?;
    let lengths = OBVIOUS.lengths.get(usize::from(*name.first()?))?;
    if lengths & length_bit(name) == 0 {
        return None;
    }
    OBVIOUS.by_program.get(std::str::from_utf8(name).ok()?)
}

/// Returns the position of the last byte of the first piece of a pattern, or name of a program, that begins at a position
/// or behind it. Only patterns that always apply are looked for.
pub(super) fn hint(text: &[u8], from: usize) -> Option<usize> {
    let Some(hints) = &*HINTS else { return (from < text.len()).then_some(from) };
    let input = Input::new(text).range(from..).anchored(Anchored::No).earliest(true);
    hints.try_find(&input).ok().flatten().map(|found| found.end().saturating_sub(1))
}
