//! The options of a route. Each may stand in a route and in `[defaults]`; a new one is a member of
//! [`Options`], a row of [`rows::OPTIONS`] and a line in [`Options::or`].

mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::abis::Abis;
use super::exec::{Argv, Redact};
use super::filter::Filter;
use super::keep::Keep;
use super::limit::{Per, Rate};
use super::paths::Paths;
use super::reader::Reader;
use super::results::Results;
use super::source::Mark;
use super::text::quoted;

/// What a route or `[defaults]` says; `None` where it is silent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// By which ABIs the calls are made.
    pub abi: Option<Abis>,
    /// Syslog level of the records, 3 to 7.
    pub priority: Option<u8>,
    /// Whether an `exec` event carries argv.
    pub argv: Option<Argv>,
    /// How many bytes of argv an `exec` event may carry.
    pub argv_bytes: Option<u32>,
    /// How many bytes of each buffer an `args` event may carry.
    pub buffer_bytes: Option<u32>,
    /// The environment variables that an `exec` event carries.
    pub env: Option<BTreeSet<String>>,
    /// Which secrets of an `exec` event are hidden.
    pub redact: Option<Redact>,
    /// Whether the records wait for the result.
    pub result: Option<Results>,
    /// What becomes of memory that cannot be read at entry.
    pub paths: Option<Paths>,
    /// Which calls are recorded.
    pub filter: Filter,
    /// How many events there may be; `Some(None)`: any number.
    pub limit: Option<Option<Rate>>,
    /// How many of them at once.
    pub burst: Option<u32>,
    /// What the limit counts by.
    pub per: Option<Per>,
    /// One event in so many is recorded, by chance.
    pub sample: Option<u32>,
    /// For how long events are told together; `Some(None)`: they are not.
    pub aggregate: Option<Option<Duration>>,
    /// Arguments that tell these apart.
    pub by: Option<Vec<String>>,
    /// Whose records go first when the journal takes no more.
    pub keep: Option<Keep>,
}

/// Where an option stands, by its key.
pub type Marks = BTreeMap<&'static str, Mark>;

impl Options {
    /// The keys of all options.
    pub(super) fn keys() -> impl Iterator<Item = &'static str> {
        rows::OPTIONS.iter().map(|(key, _)| *key)
    }

    /// Reads the option of that key and notes where it stands; `false` if there is none.
    pub(super) fn read(
        &mut self,
        marks: &mut Marks,
        reader: &mut Reader<'_>,
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
    pub(super) fn refuse_doubles(reader: &mut Reader<'_>, table: &DeTable<'_>) {
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

    /// Of the options that stand somewhere, those that say more than which calls are meant.
    pub(super) fn beyond_filters(marks: &Marks) -> impl Iterator<Item = (&'static str, &Mark)> {
        let is_filter = |key: &str| key == "abi" || Self::is_filter(key);
        marks.iter().map(|(key, mark)| (*key, mark)).filter(move |(key, _)| !is_filter(key))
    }

    /// Whether an option of that key asks for something of records.
    pub(super) fn is_of_records(key: &str) -> bool {
        rows::OF_RECORDS.contains(&key)
    }

    /// Whether an option of that key is a part of the filter.
    pub fn is_filter(key: &str) -> bool {
        rows::FILTERS.contains(&key)
    }

    /// These, and where they are silent, those of `below`.
    pub fn or(&self, below: &Self) -> Self {
        Self {
            abi: self.abi.or(below.abi),
            priority: self.priority.or(below.priority),
            argv: self.argv.or(below.argv),
            argv_bytes: self.argv_bytes.or(below.argv_bytes),
            buffer_bytes: self.buffer_bytes.or(below.buffer_bytes),
            env: self.env.as_ref().or(below.env.as_ref()).cloned(),
            redact: self.redact.as_ref().or(below.redact.as_ref()).cloned(),
            result: self.result.as_ref().or(below.result.as_ref()).cloned(),
            paths: self.paths.or(below.paths),
            filter: self.filter.or(&below.filter),
            limit: self.limit.or(below.limit),
            burst: self.burst.or(below.burst),
            per: self.per.or(below.per),
            sample: self.sample.or(below.sample),
            aggregate: self.aggregate.or(below.aggregate),
            by: self.by.as_ref().or(below.by.as_ref()).cloned(),
            keep: self.keep.or(below.keep),
        }
    }
}
