//! An unknown word in, the word that was probably meant out.

/// Longest word that is compared: comparing costs the product of both lengths.
const WORD_MAX: usize = 64;

/// Returns the nearest of `words`, if it is near enough to be meant: a third of the letters may differ.
pub(crate) fn closest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<String> {
    if word.len() > WORD_MAX {
        return None;
    }
    let word = word.to_ascii_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    let near = words.into_iter().map(|other| (strsim::damerau_levenshtein(&word, other), other));
    let (distance, nearest) = near.min()?;
    (distance <= allowed).then(|| nearest.to_owned())
}

/// Returns a list for people: `a, b, c`.
pub(super) fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closest_finds_near_words_only() {
        let words = || ["exec", "args", "timer"];
        assert_eq!(closest("ecex", words()), None);
        assert_eq!(closest("exce", words()).as_deref(), Some("exec"));
        assert_eq!(closest("TIMER", words()).as_deref(), Some("timer"));
        assert_eq!(closest("x", words()), None);
        assert_eq!(closest("", words()), None);
    }
}
