//! Frequent mistakes, as data: what is written in the syntax or with the words of other programs, and what it is here.

use super::text::quoted;

/// Keys of a route under the names that other programs give them.
const OTHER_KEYS: [(&str, &str); 18] = [
    ("action", "handler"),
    ("binary", "exe"),
    ("cgroup", "unit"),
    ("command", "comm"),
    ("executable", "exe"),
    ("file", "path"),
    ("filename", "path"),
    ("filter", "argument"),
    ("level", "priority"),
    ("pid", "pid_tree"),
    ("process", "comm"),
    ("program", "exe"),
    ("rate", "limit"),
    ("ratelimit", "limit"),
    ("rate_limit", "limit"),
    ("return", "result"),
    ("service", "unit"),
    ("severity", "priority"),
];

/// Words that are meant to remove a route.
const NO_HANDLER: [&str; 8] =
    ["disable", "disabled", "drop", "false", "ignore", "no", "off", "null"];

/// Prefixes that the kernel and its headers put before the name of a syscall.
const PREFIXES: [&str; 5] = ["__x64_sys_", "__ia32_sys_", "__arm64_sys_", "__NR_", "sys_"];

/// Returns the key that is meant by the name that another program gives it.
pub(super) fn other_key(key: &str, known: &[&str]) -> Option<String> {
    let (_, meant) = OTHER_KEYS.iter().find(|(other, _)| key.eq_ignore_ascii_case(other))?;
    known.contains(meant).then(|| (*meant).to_owned())
}

/// Returns whether a word in the place of a handler is meant to remove the route.
pub(super) fn is_no_handler(word: &str) -> bool {
    NO_HANDLER.iter().any(|no| word.eq_ignore_ascii_case(no))
}

/// Returns the name of a syscall without the prefix that it has in the kernel.
pub(super) fn without_prefix(name: &str) -> &str {
    PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

/// Returns the end of a message about the character at which the parser found no TOML.
pub(super) fn syntax(text: &str, at: usize) -> Option<String> {
    let character = text.get(at..)?.chars().next()?;
    let (line_begin, rest) = (line_before(text, at), text.get(at..)?);
    let advice = match character {
        ':' => "a key and its value have `=` between them",
        ';' if line_begin.trim().is_empty() => "a comment begins with `#`",
        ';' | ',' => "a line ends without it",
        '@' => "the name of a set is quoted on both sides: \"@mount\"",
        '!' => "a negation is within the quotes: \"!nginx\"",
        '*' => "a pattern is quoted",
        '{' if at == 0 => {
            "the file is TOML, not JSON: [routes], then a line such as execve = \"exec\""
        }
        '=' if rest.starts_with('=') => "a route has one `=`",
        _ if character.is_ascii() => return None,
        _ => return Some(format!("; found {}", named(character))),
    };
    Some(format!("; {advice}"))
}

fn line_before(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or_default();
    before.rsplit_once('\n').map_or(before, |(_, line)| line)
}

/// Returns a note about a character in a word that looks like one of ASCII, and is another.
pub(super) fn foreign_letter(word: &str) -> Option<String> {
    let (character, what) = word.chars().find_map(|one| Some((one, look_alike(one)?)))?;
    Some(format!("{} contains U+{:04X} ({what})", quoted(word), u32::from(character)))
}

/// Names a character that is not one of ASCII.
fn named(character: char) -> String {
    let what = look_alike(character).map_or_else(String::new, |what| format!(" ({what})"));
    format!("U+{:04X}{what}", u32::from(character))
}

fn look_alike(character: char) -> Option<&'static str> {
    Some(match character {
        '\u{a0}' | '\u{2007}' | '\u{202f}' => "a no-break space; type a plain one",
        '\u{200b}'..='\u{200f}' | '\u{feff}' => "which is invisible; remove it",
        '“' | '”' | '„' | '«' | '»' => "a quotation mark of a word processor; use \"",
        '‘' | '’' | '‚' => "a quotation mark of a word processor; use '",
        '–' | '—' | '−' => "a dash; use -",
        '\u{400}'..='\u{4ff}' => "a Cyrillic letter, which looks like a Latin one",
        '\u{370}'..='\u{3ff}' => "a Greek letter, which looks like a Latin one",
        '\u{ff01}'..='\u{ff5e}' => "a wide form of a plain character",
        _ => return None,
    })
}
