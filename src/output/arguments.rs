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
        let call = event.known_call();
        self.is_known = call.is_some();
        for argument in call.iter().flat_map(KnownCall::arguments) {
            self.text.push_str(if self.ranges.is_empty() { "" } else { ", " });
            let start = self.text.len();
            match notation::string_bytes(&argument) {
                // The sentence ends within such a string, and its field has the bytes.
                Some(text) if text.len() > SENTENCE_MAX => {
                    printable::quoted(text, SENTENCE_MAX, &mut self.text);
                }
                _ => notation::argument_with_memory(&argument, &mut self.text),
            }
            if let Some(file) = event.file_of(&argument) {
                render::open_file(file, &mut self.text);
            }
            self.ranges.push(start..self.text.len());
        }
    }

    /// Returns all arguments, separated by commas; `None` if they were not rendered.
    pub fn all(&self) -> Option<&str> {
        self.is_known.then_some(&self.text)
    }

    /// Returns one argument as strace prints it.
    pub fn nth(&self, position: usize) -> &str {
        let range = self.ranges.get(position).cloned();
        range.and_then(|range| self.text.get(range)).unwrap_or_default()
    }
}
