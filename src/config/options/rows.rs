//! Table of the options: their keys, and the function that reads each.

use toml::Spanned;
use toml::de::DeValue;

use super::Options;
use crate::config::exec::Redact;
use crate::config::fault::Problem;
use crate::config::reader::FileReader;
use crate::config::results::Results;
use crate::config::values;

type Value<'v> = Spanned<DeValue<'v>>;
type OptionReader = fn(&mut Options, &mut FileReader<'_>, &Value<'_>);

/// Options by key.
pub(super) const OPTIONS: &[(&str, OptionReader)] = &[
    ("abi", |options, reader, value| {
        if let Some(abis) = reader.one_or_more(value, values::abi) {
            options.abi = Some(abis.into_iter().collect());
        }
    }),
    ("priority", |options, reader, value| {
        one(&mut options.priority, reader, value, values::priority);
    }),
    ("argv", |options, reader, value| one(&mut options.argv, reader, value, values::argv)),
    ("argv_bytes", |options, reader, value| {
        one(&mut options.argv_bytes, reader, value, values::argv_bytes);
    }),
    ("buffer_bytes", |options, reader, value| {
        one(&mut options.buffer_bytes, reader, value, values::buffer_bytes);
    }),
    ("env", |options, reader, value| {
        if let Some(names) = reader.any_number(value, values::env_name) {
            options.env = Some(names.into_iter().collect());
        }
    }),
    ("ancestors", |options, reader, value| {
        one(&mut options.ancestors, reader, value, values::ancestors);
    }),
    ("redact", |options, reader, value| {
        options.redact = match value.get_ref() {
            DeValue::Boolean(true) => Some(Redact::Obvious),
            DeValue::Boolean(false) => Some(Redact::Off),
            _ => {
                let patterns = reader.one_or_more(value, values::secret);
                patterns.map(|patterns| Redact::Also(patterns.into()))
            }
        }
    }),
    ("result", |options, reader, value| match value.get_ref() {
        DeValue::Boolean(true) => options.result = Some(Results::All),
        DeValue::Boolean(false) => options.result = Some(Results::None),
        _ => {
            let Some(outcomes) = reader.one_or_more(value, values::outcome) else { return };
            one(&mut options.result, reader, value, |_| values::results(&outcomes));
        }
    }),
    ("paths", |options, reader, value| one(&mut options.paths, reader, value, values::paths)),
    ("names", |options, reader, value| one(&mut options.names, reader, value, values::boolean)),
    ("fds", |options, reader, value| one(&mut options.fds, reader, value, values::fds)),
    ("capabilities", |options, reader, value| {
        one(&mut options.capabilities, reader, value, values::boolean);
    }),
    ("exe_sha256", |options, reader, value| {
        one(&mut options.exe_sha256, reader, value, values::boolean);
    }),
    ("uid", |options, reader, value| some(&mut options.filter.uid, reader, value, values::uid)),
    ("user", |options, reader, value| some(&mut options.filter.uid, reader, value, values::uid)),
    ("gid", |options, reader, value| some(&mut options.filter.gid, reader, value, values::gid)),
    ("group", |options, reader, value| some(&mut options.filter.gid, reader, value, values::gid)),
    ("euid", |options, reader, value| some(&mut options.filter.euid, reader, value, values::uid)),
    ("egid", |options, reader, value| some(&mut options.filter.egid, reader, value, values::gid)),
    ("loginuid", |options, reader, value| {
        some(&mut options.filter.loginuid, reader, value, values::loginuid);
    }),
    ("unit", |options, reader, value| some(&mut options.filter.unit, reader, value, values::unit)),
    ("slice", |options, reader, value| {
        some(&mut options.filter.slice, reader, value, values::slice);
    }),
    ("user_unit", |options, reader, value| {
        some(&mut options.filter.user_unit, reader, value, values::unit);
    }),
    ("container", |options, reader, value| {
        one(&mut options.filter.container, reader, value, values::boolean);
    }),
    ("comm", |options, reader, value| some(&mut options.filter.comm, reader, value, values::comm)),
    ("exe", |options, reader, value| some(&mut options.filter.exe, reader, value, values::exe)),
    ("path", |options, reader, value| {
        some(&mut options.filter.path, reader, value, values::file_path);
    }),
    ("fd_path", |options, reader, value| {
        some(&mut options.filter.fd_path, reader, value, values::file_path);
    }),
    ("parent_comm", |options, reader, value| {
        some(&mut options.filter.parent_comm, reader, value, values::comm);
    }),
    ("pid_tree", |options, reader, value| {
        some(&mut options.filter.pid_tree, reader, value, values::pid);
    }),
    ("argument", |options, reader, value| {
        some(&mut options.filter.argument, reader, value, values::condition);
    }),
    ("limit", |options, reader, value| one(&mut options.limit, reader, value, values::limit)),
    ("burst", |options, reader, value| one(&mut options.burst, reader, value, values::burst)),
    ("per", |options, reader, value| one(&mut options.per, reader, value, values::per)),
    ("sample", |options, reader, value| one(&mut options.sample, reader, value, values::sample)),
    ("aggregate", |options, reader, value| {
        one(&mut options.aggregate, reader, value, values::every);
    }),
    ("novel", |options, reader, value| one(&mut options.novel, reader, value, values::novel)),
    ("by", |options, reader, value| some(&mut options.by, reader, value, values::field)),
    ("keep", |options, reader, value| one(&mut options.keep, reader, value, values::keep)),
];

/// Two words for the same option.
pub(super) const SAME: [(&str, &str); 2] = [("uid", "user"), ("gid", "group")];

/// Options about the number or the time of records.
pub(super) const OF_RECORDS: [&str; 9] =
    ["result", "limit", "burst", "per", "sample", "aggregate", "novel", "by", "keep"];

/// Options that are parts of the filter.
pub(super) const FILTERS: [&str; 18] = [
    "uid",
    "user",
    "gid",
    "group",
    "euid",
    "egid",
    "loginuid",
    "unit",
    "slice",
    "user_unit",
    "container",
    "comm",
    "exe",
    "path",
    "fd_path",
    "parent_comm",
    "pid_tree",
    "argument",
];

fn one<T>(
    option: &mut Option<T>,
    reader: &mut FileReader<'_>,
    value: &Value<'_>,
    read: impl FnOnce(&DeValue<'_>) -> Result<T, Problem>,
) {
    reader.store(option, value, |value| read(value).map(Some));
}

/// Reads a list. An empty list revokes what `[defaults]` says.
fn some<T>(
    option: &mut Option<Vec<T>>,
    reader: &mut FileReader<'_>,
    value: &Value<'_>,
    read: fn(&DeValue<'_>) -> Result<T, Problem>,
) {
    if let Some(all) = reader.any_number(value, read) {
        *option = Some(all);
    }
}
