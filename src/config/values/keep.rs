//! Values about many events: `aggregate`, `novel`, `by`, `keep`, and intervals.

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::de::DeValue;

use super::time::duration;
use super::{NONE, expected, one_of};
use crate::config::fault::Problem;
use crate::config::keep::Keep;
use crate::config::novel::NovelSubject;
use crate::config::text::quoted;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// Parses the time that one aggregate covers; `None` for no aggregation.
pub(in crate::config) fn every(value: &DeValue<'_>) -> Result<Option<Duration>, Problem> {
    time(value, "aggregate", SECOND..=HOUR, "1s to 1h")
}

/// Parses the interval of `stats` records; `None` for one at the end only.
pub(in crate::config) fn stats_interval(value: &DeValue<'_>) -> Result<Option<Duration>, Problem> {
    time(value, "stats_interval", SECOND..=DAY, "1s to 1d")
}

/// Parses the interval of the self-test; `None` for none after the start.
pub(in crate::config) fn self_test(value: &DeValue<'_>) -> Result<Option<Duration>, Problem> {
    time(value, "self_test", SECOND..=HOUR, "1s to 1h")
}

/// Parses the interval in which a record is looked for in the journal; `None` for never.
pub(in crate::config) fn read_back(value: &DeValue<'_>) -> Result<Option<Duration>, Problem> {
    time(value, "read_back", SECOND..=HOUR, "1s to 1h")
}

/// Parses the interval in which the metrics are written.
pub(in crate::config) fn metrics_interval(value: &DeValue<'_>) -> Result<Duration, Problem> {
    let interval = time(value, "every", SECOND..=HOUR, "1s to 1h")?;
    interval.ok_or_else(|| {
        "every is a time such as \"10s\"; textfile = \"none\" ends the writing".to_owned().into()
    })
}

fn time(
    value: &DeValue<'_>,
    what: &str,
    range: RangeInclusive<Duration>,
    bounds: &str,
) -> Result<Option<Duration>, Problem> {
    let DeValue::String(text) = value else {
        return Err(expected(value, "a time such as \"10s\", or \"none\""));
    };
    if text.trim() == NONE {
        return Ok(None);
    }
    let time = duration(text)?.filter(|time| range.contains(time));
    let text = quoted(text);
    time.map(Some).ok_or_else(|| format!("{what} {text} is out of range, {bounds}").into())
}

/// Parses the name of an argument or of a field of the handler.
pub(in crate::config) fn field(value: &DeValue<'_>) -> Result<String, Problem> {
    let DeValue::String(name) = value else {
        return Err(expected(value, "an argument name in quotes"));
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(is_name) {
        return Err(format!("{} is not an argument name", quoted(name)).into());
    }
    Ok(name.to_string())
}

/// Parses the subject whose first times are recorded; `None` for all calls.
pub(in crate::config) fn novel(value: &DeValue<'_>) -> Result<Option<NovelSubject>, Problem> {
    if matches!(value, DeValue::String(word) if word == NONE) {
        return Ok(None);
    }
    one_of(value, "subject", &NovelSubject::ALL, NovelSubject::name).map(Some)
}

/// Parses `keep`.
pub(in crate::config) fn keep(value: &DeValue<'_>) -> Result<Keep, Problem> {
    one_of(value, "keep", &Keep::ALL, Keep::name)
}
