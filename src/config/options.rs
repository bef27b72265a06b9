//! The options of a route. Each may stand in a route and in `[defaults]`; a new one is a member of
//! [`Options`], a row of [`rows::OPTIONS`] and a line in [`Options::or`].

mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::abis::Abis;
use super::exec::{Argv, Redact};
use super::fds::Fds;
use super::filter::Filter;
use super::keep::Keep;
use super::limit::{Per, Rate};
use super::novel::NovelSubject;
use super::paths::Paths;
use super::reader::FileReader;
use super::results::Results;
use super::source::Mark;
use super::text::quoted;

/// Options of a route or of `[defaults]`; `None` if they are not set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// ABIs of the calls that are recorded.
    pub abi: Option<Abis>,
    /// Syslog level of the records, 3 to 7.
    pub priority: Option<u8>,
    /// Recording of argv in `exec` events.
    pub argv: Option<Argv>,
    /// Most bytes of argv in an `exec` event.
    pub argv_bytes: Option<u32>,
    /// Most bytes of each buffer in an `args` event.
    pub buffer_bytes: Option<u32>,
    /// The environment variables that an `exec` event carries.
    pub env: Option<BTreeSet<String>>,
    /// Most ancestors of the process in an `exec` event.
    pub ancestors: Option<u8>,
    /// Secrets of an `exec` event that are hidden.
    pub redact: Option<Redact>,
    /// Results that the records wait for.
    pub result: Option<Results>,
    /// Treatment of memory that cannot be read at entry.
    pub paths: Option<Paths>,
    /// Capture of the paths of the executable and of directories; `None` where the syscall takes a path.
    pub names: Option<bool>,
    /// Recording of descriptors.
    pub fds: Option<Fds>,
    /// Capture of the effective capabilities.
    pub capabilities: Option<bool>,
    /// Digest of the program that an `exec` event is about.
    pub exe_sha256: Option<bool>,
    /// Filter of the calls that are recorded.
    pub filter: Filter,
    /// Rate of events; `Some(None)` for any number.
    pub limit: Option<Option<Rate>>,
    /// Events at once.
    pub burst: Option<u32>,
    /// Owner that the limit counts for.
    pub per: Option<Per>,
    /// Sampling: one event in `sample` is recorded, by chance.
    pub sample: Option<u32>,
    /// Time that one aggregate covers; `Some(None)` for no aggregation.
    pub aggregate: Option<Option<Duration>>,
    /// Subject whose first times are recorded; `Some(None)` for all calls.
    pub novel: Option<Option<NovelSubject>>,
    /// Arguments that belong to the key of an aggregate or of a first time.
    pub by: Option<Vec<String>>,
    /// Order in which routes lose records when the output is above its limits.
    pub keep: Option<Keep>,
}

/// Marks of options, by their keys.
pub type Marks = BTreeMap<&'static str, Mark>;

impl Options {
    /// Returns the keys of all options.
    pub(super) fn keys() -> impl Iterator<Item = &'static str> {
        rows::OPTIONS.iter().map(|(key, _)| *key)
    }

    /// Reads the option of that key and notes its mark; `false` if there is no such option.
    pub(super) fn read(
        &mut self,
        marks: &mut Marks,
        reader: &mut FileReader<'_>,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> bool {
        let Some((key, read)) = rows::OPTIONS.iter().find(|(known, _)| *known == key) else {
            return false;
        };
        read(self, reader, value);
        marks.insert(key, reader.mark(value.span()));
        true
    }

    /// Refuses two words for the same option in one table.
    pub(super) fn refuse_doubles(reader: &mut FileReader<'_>, table: &DeTable<'_>) {
        for (word, other) in rows::SAME {
            let place = |key: &str| {
                table
                    .iter()
                    .find(|(known, _)| known.get_ref() == key)
                    .map(|(known, _)| known.span())
            };
            let (Some(first), Some(second)) = (place(word), place(other)) else { continue };
            let second = if first.start < second.start { second } else { first };
            let (word, other) = (quoted(word), quoted(other));
            reader.refuse(second, format!("{word} and {other} mean the same; keep one of them"));
        }
    }

    /// Returns those marked options that are no part of a filter.
    pub(super) fn beyond_filters(marks: &Marks) -> impl Iterator<Item = (&'static str, &Mark)> {
        let is_filter = |key: &str| key == "abi" || Self::is_filter(key);
        marks.iter().map(|(key, mark)| (*key, mark)).filter(move |(key, _)| !is_filter(key))
    }

    /// Returns whether an option of that key is about the number or the time of records.
    pub(super) fn is_of_records(key: &str) -> bool {
        rows::OF_RECORDS.contains(&key)
    }

    /// Returns whether an option of that key is a part of the filter.
    pub fn is_filter(key: &str) -> bool {
        rows::FILTERS.contains(&key)
    }

    /// Returns these options, with those that are not set taken from `below`.
    pub fn or(&self, below: &Self) -> Self {
        Self {
            abi: self.abi.or(below.abi),
            priority: self.priority.or(below.priority),
            argv: self.argv.or(below.argv),
            argv_bytes: self.argv_bytes.or(below.argv_bytes),
            buffer_bytes: self.buffer_bytes.or(below.buffer_bytes),
            env: self.env.as_ref().or(below.env.as_ref()).cloned(),
            ancestors: self.ancestors.or(below.ancestors),
            redact: self.redact.as_ref().or(below.redact.as_ref()).cloned(),
            result: self.result.as_ref().or(below.result.as_ref()).cloned(),
            paths: self.paths.or(below.paths),
            names: self.names.or(below.names),
            fds: self.fds.or(below.fds),
            capabilities: self.capabilities.or(below.capabilities),
            exe_sha256: self.exe_sha256.or(below.exe_sha256),
            filter: self.filter.or(&below.filter),
            limit: self.limit.or(below.limit),
            burst: self.burst.or(below.burst),
            per: self.per.or(below.per),
            sample: self.sample.or(below.sample),
            aggregate: self.aggregate.or(below.aggregate),
            novel: self.novel.or(below.novel),
            by: self.by.as_ref().or(below.by.as_ref()).cloned(),
            keep: self.keep.or(below.keep),
        }
    }
}
