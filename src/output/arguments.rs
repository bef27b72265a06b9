//! Arguments of an event as text, each rendered once: for its sentence and for its field.

use std::ops::Range;

use syscalls::{notation, printable};

use crate::decode::{Event, KnownCall, render};
use crate::output::sentence::SENTENCE_MAX;
use crate::output::users::UserNames;

/// Arguments of one event after the other, in memory that is used again.
#[derive(Debug, Default)]
pub struct Arguments {
    /// All arguments, as a sentence has them.
    text: String,
    /// Place of each argument in `text`.
    ranges: Vec<Range<usize>>,
    /// Relative paths, which a sentence has as absolute ones: positions, and places in `absolute`.
    resolved: Vec<(usize, Range<usize>)>,
    /// Absolute paths, quoted.
    absolute: String,
    path: Vec<u8>,
    is_known: bool,
    /// Names that sentences have beside the numbers of users; none where numbers are read by programs.
    users: UserNames,
}

impl Arguments {
    /// Returns memory for sentences that name these users.
    pub fn with(users: UserNames) -> Self {
        Self { users, ..Self::default() }
    }

    /// Returns the names of users that sentences have.
    pub fn users(&self) -> &UserNames {
        &self.users
    }

    /// Renders the arguments of `event`, if its syscall is known and its handler declares no fields.
    pub fn render(&mut self, event: &Event) {
        self.text.clear();
        self.ranges.clear();
        self.resolve(event);
        let call = event.known_call();
        self.is_known = call.is_some();
        for argument in call.iter().flat_map(KnownCall::arguments) {
            self.text.push_str(if self.ranges.is_empty() { "" } else { ", " });
            if let Some(label) = argument.parameter.label {
                self.text.push_str(label);
                self.text.push('=');
            }
            let start = self.text.len();
            match notation::string_bytes(&argument) {
                // The sentence ends within such a string, and its field has the bytes.
                Some(text) if text.len() > SENTENCE_MAX => {
                    printable::quoted(text, SENTENCE_MAX, &mut self.text);
                }
                _ => notation::argument_with_memory(&argument, &mut self.text),
            }
            if event.files.are_wanted {
                render::append_files(event, &argument, start, &mut self.text);
            }
            self.ranges.push(start..self.text.len());
        }
    }

    fn resolve(&mut self, event: &Event) {
        self.resolved.clear();
        self.absolute.clear();
        for argument in event.paths() {
            self.path.clear();
            if event.append_resolved(argument, &mut self.path) {
                let begin = self.absolute.len();
                printable::quoted(&self.path, SENTENCE_MAX, &mut self.absolute);
                self.resolved.push((argument.position.into(), begin..self.absolute.len()));
            }
        }
    }

    /// Appends all arguments, separated by commas, relative paths as absolute ones. Returns `false` if they were not
    /// rendered.
    pub fn append_all(&self, out: &mut String) -> bool {
        let mut begin = 0;
        for (position, absolute) in &self.resolved {
            let Some(range) = self.ranges.get(*position) else { continue };
            out.push_str(self.text.get(begin..range.start).unwrap_or_default());
            out.push_str(self.absolute.get(absolute.clone()).unwrap_or_default());
            begin = range.end;
        }
        out.push_str(self.text.get(begin..).unwrap_or_default());
        self.is_known
    }

    /// Returns one argument as strace prints it.
    pub fn nth(&self, position: usize) -> &str {
        let range = self.ranges.get(position).cloned();
        range.and_then(|range| self.text.get(range)).unwrap_or_default()
    }
}
