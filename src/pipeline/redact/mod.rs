//! An event in, the event without the secrets of its arguments and variables out, before any output
//! sees it. Fields with a hidden secret are named; the number and the lengths of arguments stay as they
//! were, and in the place of a secret are its length and a keyed hash. `obvious.tsv` has the patterns that
//! always apply, the option `redact` adds to them.

mod inner;
mod patterns;
mod placeholder;
mod programs;
mod url;

use std::cell::LazyCell;
use std::ops::Range;

use syscalls::{Kind, Value};

use crate::config::{Candidate, Hidden, Redact};
use crate::decode::Event;
use crate::handlers::Role;
use patterns::Patterns;
use placeholder::placeholder;

/// Fields that may hold secrets: those that programs are called with.
const ROLES: [Role; 2] = [Role::Argv, Role::Env];

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
    let called = || [Role::Program, Role::Argv].into_iter().flat_map(|role| texts(event, role));
    let patterns = LazyCell::new(|| Patterns::of(called().map(|(_, text)| text), redact));
    let words = inner::WORDS_MAX;
    let mut hider = Hider { uid: event.uid, words, parts: Vec::new(), out: Vec::new() };
    for role in ROLES {
        let mut is_value = false;
        for (position, text) in texts(event, role) {
            let start = hider.out.len();
            is_value = hider.hide(text, is_value, || &*patterns);
            // A placeholder is never empty.
            if hider.out.len() > start {
                found.places.push((position, start..hider.out.len()));
            }
        }
    }
    found.texts = hider.out;
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

/// Texts without their secrets, as far as they have any.
struct Hider {
    uid: u32,
    /// Words that may still be compared with patterns.
    words: usize,
    /// Parts of a text, empty between two of them.
    parts: Vec<Range<usize>>,
    out: Vec<u8>,
}

impl Hider {
    /// Appends a text without its secrets, if it has any; returns whether the next one is a secret as a whole.
    fn hide<'p>(
        &mut self,
        text: &[u8],
        is_value: bool,
        patterns: impl FnOnce() -> &'p Patterns<'p>,
    ) -> bool {
        // After `--password` another option: the program will ask for it.
        if is_value && !text.starts_with(b"-") {
            placeholder(text, self.uid, &mut self.out);
            return false;
        }
        // Most texts have no option, no setting and no address.
        if memchr::memchr3(b'=', b':', b'-', text).is_none() {
            return false;
        }
        let patterns = patterns();
        let hint = programs::hint(text, 0);
        if hint.is_none() && patterns.need_a_hint() {
            self.hide_parts(text, |_, _| {});
            return false;
        }
        match Candidate::of(text).and_then(|text| patterns.hidden(&text, None)) {
            Some(Hidden::From(at)) if at < text.len() => {
                self.replace(text, std::iter::once(at..text.len()))
            }
            Some(Hidden::Next) => return true,
            _ => self.hide_parts(text, |words, parts| {
                inner::secrets(text, (patterns, hint), words, parts);
            }),
        }
        false
    }

    /// Appends a text without the passwords of addresses and without the parts that `find` adds, if it has any.
    fn hide_parts(&mut self, text: &[u8], find: impl FnOnce(&mut usize, &mut Vec<Range<usize>>)) {
        let has_setting = memchr::memchr2(b'=', b':', text).is_some();
        // A text without both and without a blank is one option or name.
        if !has_setting && memchr::memchr3(b' ', b'\t', b'\n', text).is_none() {
            return;
        }
        let mut parts = std::mem::take(&mut self.parts);
        find(&mut self.words, &mut parts);
        if has_setting {
            parts.extend(passwords(text));
            parts.sort_unstable_by_key(|part| part.start);
        }
        self.replace(text, parts.drain(..));
        self.parts = parts;
    }

    /// Appends a text with placeholders in place of parts, which are in order, if there are any.
    fn replace(&mut self, text: &[u8], parts: impl Iterator<Item = Range<usize>>) {
        let mut at = 0;
        for part in parts {
            // A password within a secret is hidden with it.
            let part = part.start.max(at)..part.end;
            if part.is_empty() {
                continue;
            }
            self.out.extend_from_slice(text.get(at..part.start).unwrap_or_default());
            placeholder(text.get(part.clone()).unwrap_or_default(), self.uid, &mut self.out);
            at = part.end;
        }
        if at > 0 {
            self.out.extend_from_slice(text.get(at..).unwrap_or_default());
        }
    }
}

/// Returns the passwords of the first addresses. A process chooses their number: behind the last of them the rest of the
/// text is hidden, too.
fn passwords(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let passwords = url::passwords(text).enumerate().take(inner::SECRETS_MAX);
    passwords.map(|(position, password)| {
        let is_last = position + 1 == inner::SECRETS_MAX;
        password.start..if is_last { text.len() } else { password.end }
    })
}

#[cfg(test)]
mod tests;
