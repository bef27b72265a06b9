//! `priority`: a syslog level.

use toml::de::DeValue;

use super::{expected, number, shown};
use crate::config::fault::Problem;
use crate::config::suggest::{closest, list};
use crate::config::text::quoted;

/// Syslog levels by number.
const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
/// Lowest level: journald syncs to disk for each entry of a lower number, and the host would wait for its disk.
const LEVEL_MIN: u8 = 3;

/// Returns the name of a syslog level, as in the configuration.
pub fn level_name(level: u8) -> &'static str {
    LEVELS.get(usize::from(level)).copied().unwrap_or("unknown")
}

/// Parses a syslog level, 3 to 7, by number or name.
pub(in crate::config) fn priority(value: &DeValue<'_>) -> Result<u8, Problem> {
    let level = match value {
        DeValue::Integer(integer) => number(integer),
        DeValue::String(name) => Some(level_of(name)?),
        _ => return Err(expected(value, "a level from 3 to 7, or its name")),
    };
    let small = level.and_then(|level| u8::try_from(level).ok()).filter(|level| *level <= 7);
    match small {
        Some(level) if level >= LEVEL_MIN => Ok(level),
        Some(level) => Err(format!(
            "priority {level} ({}) would make journald sync to disk for each record; \
             use 3 (err) to 7 (debug)",
            level_name(level)
        )
        .into()),
        None => {
            Err(format!("priority {} is out of range, 3 (err) to 7 (debug)", shown(value)).into())
        }
    }
}

fn level_of(name: &str) -> Result<u64, Problem> {
    if let Some(level) = (0..).zip(LEVELS).find_map(|(nr, level)| (level == name).then_some(nr)) {
        return Ok(level);
    }
    let allowed = || LEVELS.into_iter().skip(LEVEL_MIN.into());
    let meant = match name.to_ascii_lowercase().as_str() {
        "error" => Some("err".to_owned()),
        "warn" => Some("warning".to_owned()),
        other => closest(other, allowed()),
    };
    let message = format!("unknown priority {}, expected {}", quoted(name), list(allowed()));
    Err(Problem::from(message).meant(meant))
}
