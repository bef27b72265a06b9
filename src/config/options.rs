//! The options of a route. Each may stand in a route and in `[defaults]`; a new one is a member of
//! [`Options`], a row of [`OPTIONS`] and a line in [`Options::or`].

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::DeValue;

use super::abis::Abis;
use super::exec::{Argv, Redact};
use super::filter::Filter;
use super::keep::{Aggregate, Keep};
use super::limit::{Per, Rate};
use super::paths::Paths;
use super::reader::Reader;
use super::results::Results;
use super::values;

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
    /// Whether events are told together; `Some(None)`: they are not.
    pub aggregate: Option<Option<Aggregate>>,
    /// Whose records go first when the journal takes no more.
    pub keep: Option<Keep>,
}

type Read = fn(&mut Options, &mut Reader<'_>, &Spanned<DeValue<'_>>);

/// By key.
const OPTIONS: &[(&str, Read)] = &[
    ("abi", |options, reader, value| {
        if let Some(abis) = reader.one_or_more(value, values::abi) {
            options.abi = Some(abis.into_iter().collect());
        }
    }),
    ("priority", |options, reader, value| {
        reader.store(&mut options.priority, value, |value| values::priority(value).map(Some));
    }),
    ("argv", |options, reader, value| {
        reader.store(&mut options.argv, value, |value| values::argv(value).map(Some));
    }),
    ("argv_bytes", |options, reader, value| {
        reader.store(&mut options.argv_bytes, value, |value| values::argv_bytes(value).map(Some));
    }),
    ("buffer_bytes", |options, reader, value| {
        let bytes = |value: &DeValue<'_>| values::buffer_bytes(value).map(Some);
        reader.store(&mut options.buffer_bytes, value, bytes);
    }),
    ("env", |options, reader, value| {
        if let Some(names) = reader.any_number(value, values::env_name) {
            options.env = Some(names.into_iter().collect());
        }
    }),
    ("redact", |options, reader, value| {
        options.redact = match value.get_ref() {
            DeValue::Boolean(true) => Some(Redact::Obvious),
            DeValue::Boolean(false) => Some(Redact::Off),
            _ => reader.one_or_more(value, values::pattern).map(Redact::Also),
        }
    }),
    ("result", |options, reader, value| {
        reader.store(&mut options.result, value, |value| values::result(value).map(Some));
    }),
    ("paths", |options, reader, value| {
        reader.store(&mut options.paths, value, |value| values::paths(value).map(Some));
    }),
];

impl Options {
    /// The keys of all options.
    pub(super) fn keys() -> impl Iterator<Item = &'static str> {
        OPTIONS.iter().map(|(key, _)| *key)
    }

    /// Reads the option of that key; `false` if there is none.
    pub(super) fn read(
        &mut self,
        reader: &mut Reader<'_>,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> bool {
        let row = OPTIONS.iter().find(|(known, _)| *known == key);
        row.map(|(_, read)| read(self, reader, value)).is_some()
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
            aggregate: self.aggregate.as_ref().or(below.aggregate.as_ref()).cloned(),
            keep: self.keep.or(below.keep),
        }
    }
}
