//! Patterns that always apply, by the programs that they concern: the table `obvious.tsv`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::automaton::Automaton as _;
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, Input};

use crate::config::{SecretPattern, SecretSet};

/// Stands for all programs.
const ANY: &str = "*";

/// Patterns by program. A set takes one pass over a name.
static OBVIOUS: LazyLock<BTreeMap<&str, SecretSet>> = LazyLock::new(|| {
    let mut patterns: BTreeMap<&str, Vec<SecretPattern>> = BTreeMap::new();
    for (programs, more) in lines() {
        for program in programs.split(',') {
            let more = more.split(' ').map(SecretPattern::parse);
            patterns.entry(program).or_default().extend(more);
        }
    }
    patterns.into_iter().map(|(program, patterns)| (program, patterns.into())).collect()
});

/// Finds a piece of a pattern or the name of a program in a text; `None` if it cannot be built.
static HINTS: LazyLock<Option<DFA>> = LazyLock::new(|| {
    let sets = OBVIOUS.iter();
    let pieces = sets.clone().filter(|(program, _)| **program == ANY);
    let pieces = pieces.flat_map(|(_, set)| set.patterns()).map(SecretPattern::piece);
    let names = sets.map(|(program, _)| *program).filter(|program| *program != ANY);
    DFA::builder().ascii_case_insensitive(true).build(pieces.chain(names)).ok()
});

/// Bytes of the longest name of a program.
static LONGEST: LazyLock<usize> =
    LazyLock::new(|| OBVIOUS.keys().map(|program| program.len()).max().unwrap_or_default());

fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = include_str!("obvious.tsv").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('\t'))
}

/// Returns the patterns that concern all programs.
pub(super) fn of_all() -> Option<&'static SecretSet> {
    OBVIOUS.get(ANY)
}

/// Returns the patterns that concern only the program of that path or name.
pub(super) fn patterns(path: &[u8]) -> Option<&'static SecretSet> {
    if !path.last().is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let from = memchr::memrchr(b'/', path).map_or(0, |slash| slash + 1);
    let name = path.get(from..).filter(|name| name.len() <= *LONGEST)?;
    OBVIOUS.get(std::str::from_utf8(name).ok()?)
}

/// Returns the position of the last byte of the first piece of a pattern, or name of a program, that begins at a position
/// or behind it. Only patterns that always apply are looked for.
pub(super) fn hint(text: &[u8], from: usize) -> Option<usize> {
    let Some(hints) = &*HINTS else { return (from < text.len()).then_some(from) };
    let input = Input::new(text).range(from..).anchored(Anchored::No).earliest(true);
    hints.try_find(&input).ok().flatten().map(|found| found.end().saturating_sub(1))
}
