//! An event in, the event without the secrets of its arguments and variables out, before any output
//! sees it. Fields with a hidden secret are named; the number and the lengths of arguments stay as they
//! were, and in the place of a secret are its length and a keyed hash. `obvious.tsv` has the patterns that
//! always apply, the option `redact` adds to them.

mod placeholder;
mod url;

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use syscalls::{Kind, Value};

use crate::config::{Candidate, Hidden, Redact, SecretPattern, SecretSet};
use crate::decode::Event;
use crate::handlers::Role;
use placeholder::placeholder;

/// Most passwords of addresses that are hidden one by one in a text.
const PASSWORDS_MAX: usize = 16;

/// Fields that may hold secrets: those that programs are called with.
const ROLES: [Role; 2] = [Role::Argv, Role::Env];

/// Patterns, and the programs that they concern; no program stands for all.
struct ProgramPatterns {
    programs: Vec<&'static str>,
    patterns: SecretSet,
}

/// One set for all rows of the same programs: a set takes one pass over a name.
static OBVIOUS: LazyLock<Vec<ProgramPatterns>> = LazyLock::new(|| {
    let lines = include_str!("obvious.tsv").lines().filter(|line| !line.starts_with('#'));
    let mut rows: BTreeMap<&str, Vec<SecretPattern>> = BTreeMap::new();
    for (programs, patterns) in lines.filter_map(|line| line.split_once('\t')) {
        rows.entry(programs).or_default().extend(patterns.split(' ').map(SecretPattern::parse));
    }
    rows.into_iter().map(rule).collect()
});

fn rule((programs, patterns): (&'static str, Vec<SecretPattern>)) -> ProgramPatterns {
    ProgramPatterns {
        programs: programs.split(',').filter(|&program| program != "*").collect(),
        patterns: patterns.into(),
    }
}

/// Texts that take the place of captures, by their position.
#[derive(Debug, Default)]
pub struct Secrets {
    /// All texts, one after the other.
    texts: Vec<u8>,
    /// Position of a capture, and its text.
    places: Vec<(usize, Range<usize>)>,
}

/// Returns the secrets of an event.
pub fn secrets(event: &Event<'_>, redact: &Redact) -> Secrets {
    let mut found = Secrets::default();
    if *redact == Redact::Off || event.captures.is_empty() {
        return found;
    }
    // Most programs are called with nothing that a pattern could be about.
    let patterns = LazyCell::new(|| patterns(event, redact));
    for role in ROLES {
        let mut is_value = false;
        for (position, text) in texts(event, role) {
            let start = found.texts.len();
            is_value = hide(text, is_value, event.uid, || &**patterns, &mut found.texts);
            // A placeholder is never empty.
            if found.texts.len() > start {
                found.places.push((position, start..found.texts.len()));
            }
        }
    }
    found
}

impl Secrets {
    /// Returns `event` without the secrets.
    pub fn redacted<'s>(&'s self, event: &Event<'s>) -> Event<'s> {
        // The clone copies the list of captures but none of their bytes, which are borrowed; and few events hold
        // a secret. To pass events by value would save it, and move every event instead.
        let mut event = event.clone();
        for (position, range) in &self.places {
            let text = self.texts.get(range.clone()).unwrap_or_default();
            let index = event.captures.replace(*position, text);
            if let Some(name) = index.and_then(|index| name(&event, index)) {
                if !event.redacted.contains(&name) {
                    event.redacted.push(name);
                }
            }
        }
        event
    }

    /// Returns whether there are no secrets.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

/// Returns the patterns that concern the program, by its path or by the name that it is called with.
fn patterns<'r>(event: &Event<'_>, redact: &'r Redact) -> Vec<&'r SecretSet> {
    let path = texts(event, Role::Program).next().map(|(_, text)| base(text));
    let called = texts(event, Role::Argv).next().map(|(_, text)| base(text));
    let is_called = |program: &&str| {
        [path, called].into_iter().flatten().any(|name| name == program.as_bytes())
    };
    let concerns =
        |rule: &&ProgramPatterns| rule.programs.is_empty() || rule.programs.iter().any(is_called);
    let obvious = OBVIOUS.iter().filter(concerns).map(|rule| &rule.patterns);
    let more = if let Redact::Also(more) = redact { Some(more) } else { None };
    obvious.chain(more).collect()
}

fn base(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
}

/// Returns the texts of the field or argument with that role, each with the position of its capture.
fn texts<'e>(event: &'e Event<'_>, role: Role) -> impl Iterator<Item = (usize, &'e [u8])> {
    let positions = index(event, role).map(|index| event.captures.positions(index));
    positions.unwrap_or_default().filter_map(|position| match event.captures.get(position)?.value {
        Value::Text(text) => Some((position, text)),
        Value::Number(_) | Value::Bytes(_) => None,
    })
}

/// Returns the index of the field with that role; of the argument where the handler declares no fields.
fn index(event: &Event<'_>, role: Role) -> Option<u8> {
    if !event.handler.fields.is_empty() {
        return event.handler.field_with(role);
    }
    let has_role = |kind| match kind {
        Kind::Path => role == Role::Program,
        Kind::Strings => role == Role::Argv,
        Kind::Environment => role == Role::Env,
        _ => false,
    };
    let parameters = syscalls::signature(event.slot)?.parameters();
    let position = parameters.iter().position(|parameter| has_role(parameter.kind))?;
    u8::try_from(position).ok()
}

/// Returns the name of that field, or of that argument.
fn name<'e>(event: &Event<'e>, index: u8) -> Option<&'e str> {
    if let Some(field) = event.handler.fields.get(usize::from(index)) {
        return Some(&field.name);
    }
    let parameters = syscalls::signature(event.slot)?.parameters();
    Some(parameters.get(usize::from(index))?.name)
}

/// Appends a text without its secrets, if it has any; returns whether the next one is a secret as a whole.
fn hide<'p>(
    text: &[u8],
    is_value: bool,
    uid: u32,
    patterns: impl FnOnce() -> &'p [&'p SecretSet],
    out: &mut Vec<u8>,
) -> bool {
    // After `--password` another option: the program will ask for it.
    if is_value && !text.starts_with(b"-") {
        placeholder(text, uid, out);
        return false;
    }
    // Most texts are neither options nor settings, and hold no address.
    if !text.starts_with(b"-") && memchr::memchr2(b'=', b':', text).is_none() {
        return false;
    }
    match Candidate::of(text).and_then(|text| hidden(&text, patterns())) {
        Some(Hidden::From(at)) if at < text.len() => {
            let (kept, secret) = text.split_at_checked(at).unwrap_or((b"", text));
            out.extend_from_slice(kept);
            placeholder(secret, uid, out);
        }
        Some(Hidden::Next) => return true,
        _ => without_passwords(text, uid, out),
    }
    false
}

fn hidden(text: &Candidate<'_>, patterns: &[&SecretSet]) -> Option<Hidden> {
    let hidden = patterns.iter().find_map(|set| set.hides(text))?;
    let is_spared = patterns.iter().any(|set| set.spares(text));
    (!is_spared).then_some(hidden)
}

/// Appends a text without the passwords of addresses, if it has any.
fn without_passwords(text: &[u8], uid: u32, out: &mut Vec<u8>) {
    let mut at = 0;
    for (position, password) in url::passwords(text).enumerate().take(PASSWORDS_MAX) {
        // A process chooses their number: behind the last of them the rest of the text is hidden, too.
        let is_last = position + 1 == PASSWORDS_MAX;
        let password = if is_last { password.start..text.len() } else { password };
        out.extend_from_slice(text.get(at..password.start).unwrap_or_default());
        placeholder(text.get(password.clone()).unwrap_or_default(), uid, out);
        at = password.end;
    }
    if at > 0 {
        out.extend_from_slice(text.get(at..).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests;
