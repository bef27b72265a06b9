//! Context of reading one file: its text, the handlers, and a place for its faults.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeValue;

use super::fault::{Fault, Problem};
use super::mistakes;
use super::source::{Mark, SourceFile};
use super::suggest::{closest, list};
use super::syntax::{self, Garble};
use super::text::quoted;
use super::values::expected;
use crate::handlers::Handlers;

/// Most faults of one file: each costs a look at its whole line, and nobody reads more.
const FAULTS_MAX: usize = 500;

/// One file being read.
pub(super) struct FileReader<'a> {
    pub handlers: &'a Handlers,
    source: Arc<SourceFile>,
    faults: Vec<Fault>,
    /// Lines that the parser could not read: faults of the values that it made up are not reported.
    garbled: BTreeSet<usize>,
}

impl<'a> FileReader<'a> {
    pub fn new(source: &Arc<SourceFile>, handlers: &'a Handlers, faults: Vec<Garble>) -> Self {
        let garbled = syntax::garbled(source, &faults);
        let source = Arc::clone(source);
        let mut reader = Self { handlers, source, faults: Vec::new(), garbled: BTreeSet::new() };
        for Garble { span, problem } in faults {
            reader.refuse(span, problem);
        }
        reader.garbled = garbled;
        reader
    }

    pub fn into_faults(mut self) -> Vec<Fault> {
        if self.full() {
            let message = format!("has {FAULTS_MAX} faults or more; not all are shown");
            self.faults.push(Fault::new(&self.source.path, self.source.rank, message.into()));
        }
        self.faults
    }

    pub fn mark(&self, span: Range<usize>) -> Mark {
        Mark::new(&self.source, span)
    }

    /// Returns whether to stop: another fault would not be reported.
    pub fn full(&self) -> bool {
        self.faults.len() >= FAULTS_MAX
    }

    /// Reports a fault, unless its line has one that explains it.
    pub fn refuse(&mut self, span: Range<usize>, problem: impl Into<Problem>) {
        // What the parser made up has no place.
        let is_made_up = span.is_empty() && !self.garbled.is_empty();
        if is_made_up || self.garbled.contains(&self.source.line_at(span.start)) {
            return;
        }
        if !self.full() {
            self.faults.push(Fault::at(&self.mark(span), problem));
        }
    }

    /// Reads a value; a faulty one leaves `target` as it is.
    pub fn store<T>(
        &mut self,
        target: &mut T,
        value: &Spanned<DeValue<'_>>,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, Problem>,
    ) {
        match read(value.get_ref()) {
            Ok(read) => *target = read,
            Err(problem) => self.refuse(value.span(), problem),
        }
    }

    /// Reads an array, each of whose elements may be faulty.
    pub fn store_all<T>(
        &mut self,
        target: &mut Vec<T>,
        value: &Spanned<DeValue<'_>>,
        read: fn(&DeValue<'_>) -> Result<T, Problem>,
    ) {
        let DeValue::Array(elements) = value.get_ref() else {
            return self.refuse(value.span(), expected(value.get_ref(), "an array: [\"...\"]"));
        };
        target.clear();
        for element in elements.iter() {
            if self.full() {
                return;
            }
            match read(element.get_ref()) {
                Ok(read) => target.push(read),
                Err(problem) => self.refuse(element.span(), problem),
            }
        }
    }

    /// Reads one value, or an array of at least one; `None` if any is faulty.
    pub fn one_or_more<T>(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        read: fn(&DeValue<'_>) -> Result<T, Problem>,
    ) -> Option<Vec<T>> {
        let all = self.any_number(value, read)?;
        if all.is_empty() {
            self.refuse(value.span(), "the array is empty, expected at least one value");
            return None;
        }
        Some(all)
    }

    /// Reads one value, or an array of them; `None` if any is faulty.
    pub fn any_number<T>(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        read: fn(&DeValue<'_>) -> Result<T, Problem>,
    ) -> Option<Vec<T>> {
        let DeValue::Array(elements) = value.get_ref() else {
            let mut one = None;
            self.store(&mut one, value, |value| read(value).map(Some));
            return one.map(|one| vec![one]);
        };
        let mut all = Vec::new();
        self.store_all(&mut all, value, read);
        (all.len() == elements.len()).then_some(all)
    }

    /// Reports a key that `place`, such as `[ring]`, does not have.
    pub fn unknown_key(&mut self, span: Range<usize>, key: &str, place: &str, known: &[&str]) {
        let words = || known.iter().copied();
        let meant = mistakes::other_key(key, known).or_else(|| closest(key, words()));
        let known =
            if meant.is_none() { format!(", expected {}", list(words())) } else { String::new() };
        let message = format!("unknown key {} in {place}{known}", quoted(key));
        self.refuse(span, Problem::from(message).meant(meant));
    }
}
