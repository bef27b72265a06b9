//! Causes of differences, from the data in `causes.txt`. A difference without a cause is a fault.

/// Cause of a difference.
#[derive(Debug)]
pub struct Cause {
    pub name: &'static str,
    pub why: &'static str,
    patterns: Vec<Pattern>,
}

/// Syscalls and texts that a cause matches.
#[derive(Debug)]
struct Pattern {
    syscalls: &'static str,
    ours: &'static str,
    theirs: &'static str,
}

/// Causes of differences between calls.
pub const OF_CALLS: &str = include_str!("causes.txt");
/// Causes of differences between the names of descriptors.
pub const OF_NAMES: &str = include_str!("causes_of_names.txt");

/// All of a table, in order: the first that fits is the one.
pub fn causes(table: &'static str) -> Vec<Cause> {
    let mut causes: Vec<Cause> = vec![];
    let lines = table.lines();
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix("    ") {
            Some(row) => {
                let [syscalls, ours, theirs] = row.split('\t').collect::<Vec<_>>()[..] else {
                    panic!("three cells: {line}");
                };
                let patterns = &mut causes.last_mut().expect("a cause first").patterns;
                patterns.push(Pattern { syscalls, ours, theirs });
            }
            None => {
                let (name, why) = line.split_once(": ").expect("a name and a reason");
                causes.push(Cause { name, why, patterns: vec![] });
            }
        }
    }
    causes
}

/// The place of the first cause that fits.
pub fn cause_of(causes: &[Cause], syscall: &str, ours: &str, theirs: &str) -> Option<usize> {
    let fits = |pattern: &Pattern| {
        pattern.syscalls.split(',').any(|name| like(name, syscall))
            && like(pattern.ours, ours)
            && like(pattern.theirs, theirs)
    };
    causes.iter().position(|cause| cause.patterns.iter().any(fits))
}

/// `*` is any text.
fn like(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(head) else { return false };
    let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    rest.is_empty() || ends.into_iter().any(|at| like(rest, &text[at..]))
}

#[test]
fn like_star_matches_any_text() {
    for (pattern, text, expected) in [
        ("*", "", true),
        ("a*c", "abc", true),
        ("a*c", "abcd", false),
        ("[*] => [*]", "[1] => [2]", true),
        ("[*] => [*]", "[1]", false),
        ("a*b*", "acbb", true),
    ] {
        assert_eq!(like(pattern, text), expected, "{pattern} {text}");
    }
}
