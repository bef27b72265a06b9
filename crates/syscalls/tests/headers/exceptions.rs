//! Reviewed exceptions: entries of the tables that headers do not have, or have otherwise.

/// Exceptions of one kind of entries.
pub struct Exceptions(Vec<Exception>);

struct Exception {
    abi: Option<&'static str>,
    name: &'static str,
    rule: Rule,
}

enum Rule {
    /// No header has it.
    Never,
    /// Headers older than that version do not have it.
    Since(Vec<u32>),
    /// Headers from that version on do not have it.
    Until(Vec<u32>),
    /// Some headers have that value.
    Other(u64),
}

impl Exceptions {
    /// Reads the section of `exceptions.txt` with that name.
    pub fn new(section: &str) -> Self {
        let text = include_str!("exceptions.txt");
        let (_, rest) = text.split_once(&format!("\n[{section}]\n")).expect("the section exists");
        let section = rest.split("\n[").next().unwrap_or_default();
        let mut rules = vec![];
        for line in section.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (rule, names) = line.split_once(": ").expect(line);
            rules.extend(names.split_whitespace().map(|name| exception(rule, name).expect(line)));
        }
        Self(rules)
    }

    /// Returns whether headers of `version` may lack an entry.
    pub fn may_be_absent(&self, abi: &str, name: &str, version: &[u32]) -> bool {
        self.rules(abi, name).any(|rule| match rule {
            Rule::Never => true,
            Rule::Since(first) => version < first.as_slice(),
            Rule::Until(last) => version >= last.as_slice(),
            Rule::Other(_) => false,
        }) || version < OLDEST.as_slice()
    }

    /// Returns whether headers may have the value `theirs` for an entry.
    pub fn may_differ(&self, abi: &str, name: &str, theirs: u64) -> bool {
        self.rules(abi, name).any(|rule| matches!(rule, Rule::Other(value) if *value == theirs))
    }

    fn rules(&self, abi: &str, name: &str) -> impl Iterator<Item = &Rule> {
        let is_it = move |one: &&Exception| one.name == name && one.abi.is_none_or(|of| of == abi);
        self.0.iter().filter(is_it).map(|one| &one.rule)
    }
}

/// Oldest headers of which the exceptions are known.
const OLDEST: [u32; 2] = [6, 1];

/// Parses `never`, `since VERSION`, `until VERSION` or `other VALUE`, and `NAME` or `ABI/NAME`.
fn exception(rule: &'static str, name: &'static str) -> Option<Exception> {
    let (abi, name) = name.split_once('/').map_or((None, name), |(abi, name)| (Some(abi), name));
    let rule = match rule.split(' ').collect::<Vec<_>>().as_slice() {
        ["never"] => Rule::Never,
        ["since", first] => Rule::Since(version(first)?),
        ["until", last] => Rule::Until(version(last)?),
        ["other", value] => Rule::Other(value.parse().ok()?),
        _ => return None,
    };
    Some(Exception { abi, name, rule })
}

fn version(text: &str) -> Option<Vec<u32>> {
    text.split('.').map(|part| part.parse().ok()).collect()
}
