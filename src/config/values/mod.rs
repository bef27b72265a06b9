//! One TOML value in, one setting or the reason why not out. One file per subject; shared helpers are here.

mod condition;
mod exec;
mod ids;
mod keep;
mod kernel;
mod level;
mod names;
mod owners;
mod patterns;
mod ranges;
mod rate;
mod results;
mod sizes;
mod time;

use toml::de::{DeInteger, DeValue};

pub(super) use condition::condition;
pub(super) use exec::{argv, env_name, secret};
pub(super) use ids::{gid, loginuid, pid, uid};
pub(super) use keep::{
    every, field, keep, metrics_interval, novel, read_back, self_test, stats_interval,
};
pub(super) use kernel::{abi, attach, fds, metrics_file, path, paths, socket};
pub use level::level_name;
pub(super) use level::priority;
pub(super) use names::{excluded_unit, slice, unit};
pub(super) use patterns::{comm, exe, file_path};
pub(super) use rate::{burst, limit, per, records, sample};
pub(super) use results::{outcome, results};
pub(super) use sizes::{
    ancestors, argv_bytes, box_calls, box_units, buffer_bytes, record_bytes, ring_bytes, ring_cpus,
};
pub use time::time_span;

use super::fault::Problem;
use super::suggest::{closest, list};
use super::text::{printable, quoted};

/// Prefix of a value that must not be.
const NOT: char = '!';
/// Value that revokes what `[defaults]` or an earlier file says.
const NONE: &str = "none";

/// Returns the text without the prefix `!`, and whether it had one.
fn negated(text: &str) -> (&str, bool) {
    match text.trim().strip_prefix(NOT) {
        Some(rest) => (rest.trim_start(), true),
        None => (text.trim(), false),
    }
}

/// Parses one of a few words.
fn one_of<T: Copy>(
    value: &DeValue<'_>,
    what: &str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<T, Problem> {
    let names = || all.iter().map(|one| name(*one));
    let DeValue::String(word) = value else {
        return Err(expected(value, &list(names())));
    };
    let known = all.iter().find(|one| name(**one) == word);
    known.copied().ok_or_else(|| {
        let message = format!("unknown {what} {}, expected {}", quoted(word), list(names()));
        Problem::from(message).meant(closest(word, names()))
    })
}

/// Parses a boolean.
pub(super) fn boolean(value: &DeValue<'_>) -> Result<bool, Problem> {
    match value {
        DeValue::Boolean(is_so) => Ok(*is_so),
        _ => Err(expected(value, "true or false")),
    }
}

/// Returns the number; `None` if it is negative or beyond 64 bits.
fn number(integer: &DeInteger<'_>) -> Option<u64> {
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// Returns the value as it can be shown in a message.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Integer(integer) => printable(&integer.to_string()),
        DeValue::String(text) => quoted(text),
        _ => kind(value).to_owned(),
    }
}

/// Returns the problem of a value of the wrong type.
pub(super) fn expected(value: &DeValue<'_>, what: &str) -> Problem {
    format!("found {}, expected {what}", kind(value)).into()
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
