//! Constants that headers have and the tables lack: those with the prefix of a set (`ptrace PTRACE_???`) whose name
//! is in no table and whose value is in none of the sets with that prefix. `missing.txt` lists those that are known
//! to be left out, so that the headers of a new kernel show what is new.
#![allow(clippy::unwrap_used)] // clippy sees that a helper is for tests only below #[test]

use std::collections::{BTreeMap, BTreeSet};

use super::TABLES;
use super::probe::Headers;

/// Values of the tables by prefix.
type Known = BTreeMap<&'static str, BTreeSet<u64>>;

/// Returns the constants that the tables lack, except for those of `missing.txt`.
///
/// # Errors
/// There is no compiler, or there are no headers of the kernel.
pub fn missing(headers: &Headers, abi: &str) -> Result<Vec<String>, String> {
    let (known, names) = known();
    let listed = include_str!("missing.txt").lines().filter(|line| !line.starts_with('#'));
    let listed: BTreeSet<&str> = listed.flat_map(str::split_whitespace).collect();
    let files = include_str!("kernel.h").lines().filter_map(|line| line.strip_prefix("#include <"));
    let texts = files.filter_map(|file| headers.text(file.strip_suffix('>')?));
    let texts: Vec<String> = texts.collect();
    let words =
        texts.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_'));
    let empty: BTreeSet<&str> =
        texts.iter().flat_map(|text| text.lines()).filter_map(empty).collect();
    let is_new = |word: &&str| {
        prefix(word, &known).is_some()
            && !empty.contains(word)
            && !names.contains(word)
            && !listed.contains(word)
    };
    let words: BTreeSet<String> = words.filter(is_new).map(str::to_owned).collect();
    let values = headers.evaluate(abi, "", &words)?;
    let is_unknown = |word: &&String| {
        let value = values.get(*word).map(|value| value.number & mask(value.size));
        let values = prefix(word, &known).and_then(|prefix| known.get(prefix));
        value.zip(values).is_some_and(|(value, values)| !values.contains(&value))
    };
    Ok(words.iter().filter(is_unknown).cloned().collect())
}

/// Returns the name of a macro that stands for nothing, which no compiler evaluates.
fn empty(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let name = (words.next() == Some("#define")).then(|| words.next()).flatten();
    name.filter(|_| words.next().is_none_or(|word| word.starts_with("/*")))
}

fn mask(size: u64) -> u64 {
    if size < 8 { u32::MAX.into() } else { u64::MAX }
}

/// Returns the longest prefix of a word.
fn prefix(word: &str, known: &Known) -> Option<&'static str> {
    let ends = word.match_indices('_').map(|(at, _)| at + 1).collect::<Vec<_>>();
    let prefixes = ends.into_iter().rev().filter_map(|end| word.get(..end));
    prefixes.filter_map(|one| known.get_key_value(one)).map(|(prefix, _)| *prefix).next()
}

/// Returns the constants of all sets that have a prefix, and the names of all constants.
fn known() -> (Known, BTreeSet<&'static str>) {
    let (mut known, mut names, mut current) = (Known::new(), BTreeSet::new(), None);
    for line in TABLES.into_iter().flat_map(str::lines).filter(|line| !line.starts_with('#')) {
        let Some((symbol, value)) = line.strip_prefix("    ").and_then(|one| one.rsplit_once(' '))
        else {
            let comment = line.split(' ').nth(1).and_then(|word| word.strip_suffix("_???:"));
            current = comment.and_then(|prefix| line.get(..=line.find(prefix)? + prefix.len()));
            current = current.and_then(|text| text.split(' ').nth(1));
            continue;
        };
        let symbol = symbol.split_once('/').map_or(symbol, |(_, symbol)| symbol);
        names.extend(symbol.split(" or ").flat_map(|one| one.split("<<8|")));
        if let Some(prefix) = current {
            let values = known.entry(prefix).or_default();
            // A mask and a shift are of no constant.
            values.extend(Some(value).filter(|one| !one.contains('<')).map(super::number));
        }
    }
    (known, names)
}
