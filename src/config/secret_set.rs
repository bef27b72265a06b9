//! Sets of patterns of secrets. All are looked for in one pass over a name; only those of which a piece occurs in it
//! are compared with it.

use std::sync::Arc;

use aho_corasick::automaton::Automaton;
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, PatternID};
use serde::{Deserialize, Serialize};

use super::secret::{Candidate, Hidden, SecretPattern};

/// Patterns that are compared together.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Vec<SecretPattern>", into = "Vec<SecretPattern>")]
pub struct SecretSet {
    patterns: Vec<SecretPattern>,
    blocks: Arc<[Block]>,
}

/// Result of the comparison of a text with patterns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Part that the first pattern which matches hides.
    pub hidden: Option<Hidden>,
    /// A pattern exempts the text.
    pub is_spared: bool,
}

impl Verdict {
    /// Returns the verdict of these patterns and of others behind them.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { hidden: self.hidden.or(other.hidden), is_spared: self.is_spared || other.is_spared }
    }
}

/// Patterns of one pass, as many as a word has bits.
const BLOCK: usize = 64;

#[derive(Debug)]
struct Block {
    /// Finds the pieces of the patterns. `None` if it cannot be built: all patterns are compared then.
    pieces: Option<DFA>,
    /// Patterns by number of a piece, a bit each.
    by_piece: Vec<u64>,
    /// Patterns without a piece.
    always: u64,
}

impl SecretSet {
    /// Returns the patterns, in order.
    pub fn patterns(&self) -> &[SecretPattern] {
        &self.patterns
    }

    /// Compares a text with all patterns, in one pass over its name.
    pub fn verdict(&self, text: &Candidate<'_>) -> Verdict {
        self.possible(text).fold(Verdict::default(), |verdict, pattern| {
            verdict.and(Verdict { hidden: pattern.hides(text), is_spared: pattern.spares(text) })
        })
    }

    /// Returns whether a pattern may match a part of a text.
    pub fn may_match(&self, text: &[u8]) -> bool {
        self.blocks.iter().any(|block| block.possible(text) != 0)
    }

    /// Returns the patterns that may match a text, in order.
    fn possible(&self, text: &Candidate<'_>) -> impl Iterator<Item = &SecretPattern> {
        let blocks = self.blocks.iter().zip(self.patterns.chunks(BLOCK));
        let name = text.name();
        blocks.flat_map(move |(block, patterns)| set_bits(block.possible(name), patterns))
    }
}

impl From<Vec<SecretPattern>> for SecretSet {
    fn from(patterns: Vec<SecretPattern>) -> Self {
        let blocks = patterns.chunks(BLOCK).map(Block::new).collect();
        Self { patterns, blocks }
    }
}

impl From<SecretSet> for Vec<SecretPattern> {
    fn from(set: SecretSet) -> Self {
        set.patterns
    }
}

impl PartialEq for SecretSet {
    fn eq(&self, other: &Self) -> bool {
        self.patterns == other.patterns
    }
}

impl Eq for SecretSet {}

/// Returns the patterns whose bit is set.
fn set_bits(mut bits: u64, patterns: &[SecretPattern]) -> impl Iterator<Item = &SecretPattern> {
    std::iter::from_fn(move || {
        let at = bits.trailing_zeros() as usize;
        bits &= bits.wrapping_sub(1);
        patterns.get(at)
    })
}

impl Block {
    fn new(patterns: &[SecretPattern]) -> Self {
        let mut texts: Vec<String> = Vec::new();
        let (mut by_piece, mut always) = (Vec::new(), 0);
        for (bit, pattern) in patterns.iter().enumerate().map(|(at, one)| (1 << at, one)) {
            let piece = pattern.piece().to_ascii_lowercase();
            if piece.is_empty() {
                always |= bit;
            } else if let Some(known) = texts.iter().position(|text| *text == piece) {
                by_piece.iter_mut().skip(known).take(1).for_each(|patterns| *patterns |= bit);
            } else {
                texts.push(piece);
                by_piece.push(bit);
            }
        }
        let pieces = DFA::builder().ascii_case_insensitive(true).prefilter(false).build(&texts);
        Self { pieces: pieces.ok(), by_piece, always }
    }

    /// Returns the patterns that may match a name.
    fn possible(&self, name: &[u8]) -> u64 {
        self.found(name).map_or(u64::MAX, |found| found | self.always)
    }

    /// Returns the patterns of which a piece occurs in a name, wherever it is: so the state is looked at after each
    /// byte, and the search is not that for the first piece.
    fn found(&self, name: &[u8]) -> Option<u64> {
        let pieces = self.pieces.as_ref()?;
        let mut state = pieces.start_state(Anchored::No).ok()?;
        let mut found = 0;
        for &byte in name {
            state = pieces.next_state(Anchored::No, state, byte);
            if pieces.is_match(state) {
                let ended = (0..pieces.match_len(state)).map(|at| pieces.match_pattern(state, at));
                found |= ended.fold(0, |found, piece| found | self.of(piece));
            }
        }
        Some(found)
    }

    fn of(&self, piece: PatternID) -> u64 {
        self.by_piece.get(piece.as_usize()).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::{SecretPattern, SecretSet};
    use crate::config::Candidate;

    proptest! {
        #[test]
        fn set_of_any_patterns_agrees_with_each_pattern(
            patterns in proptest::collection::vec("!?-{0,2}[abAB*]{1,6}", 0..80),
            text in "-{0,2}[abAB=]{0,12}",
        ) {
            let patterns: Vec<_> = patterns.iter().map(|one| SecretPattern::parse(one)).collect();
            let set = SecretSet::from(patterns.clone());
            if let Some(text) = Candidate::of(text.as_bytes()) {
                let verdict = set.verdict(&text);
                assert_eq!(verdict.hidden, patterns.iter().find_map(|one| one.hides(&text)));
                assert_eq!(verdict.is_spared, patterns.iter().any(|one| one.spares(&text)));
            }
        }
    }
}
