//! Names of units: `unit`, `slice`, `user_unit`, `[exclude] units`.

use toml::de::DeValue;

use super::{expected, negated};
use crate::config::fault::Problem;
use crate::config::filter::UnitName;
use crate::config::text::quoted;

const SERVICE: &str = ".service";
const SLICE: &str = ".slice";
/// Units that have processes, beside slices (systemd.unit(5)).
const WITH_PROCESSES: [&str; 5] = [SERVICE, ".scope", ".socket", ".mount", ".swap"];
const WITHOUT: [&str; 5] = [".target", ".device", ".automount", ".timer", ".path"];

/// Longest name: `UNIT_NAME_MAX` of systemd without its NUL, as a component of a path may have.
const NAME_MAX: usize = 255;

/// Parses a unit of the system or of a user; without a suffix it is a service, as for systemctl(1).
pub(in crate::config) fn unit(value: &DeValue<'_>) -> Result<UnitName, Problem> {
    name(value, |text| {
        if text.ends_with(SLICE) {
            return Err(format!("{} is a slice; use the option slice", quoted(text)).into());
        }
        if WITHOUT.iter().any(|suffix| text.ends_with(suffix)) {
            return Err(format!("{} has no processes of its own", quoted(text)).into());
        }
        let is_whole = WITH_PROCESSES.iter().any(|suffix| text.ends_with(suffix));
        Ok(if is_whole { text.to_owned() } else { format!("{text}{SERVICE}") })
    })
}

/// Parses a slice of the system.
pub(in crate::config) fn slice(value: &DeValue<'_>) -> Result<UnitName, Problem> {
    name(value, |text| {
        if WITH_PROCESSES.iter().chain(&WITHOUT).any(|suffix| text.ends_with(suffix)) {
            return Err(format!("{} is not a slice; use the option unit", quoted(text)).into());
        }
        match text.strip_suffix(SLICE).unwrap_or(text) {
            "-" => Err("\"-.slice\" contains every unit; remove slice".into()),
            stem => Ok(format!("{stem}{SLICE}")),
        }
    })
}

/// Parses a unit whose processes are never recorded.
pub(in crate::config) fn excluded_unit(value: &DeValue<'_>) -> Result<String, Problem> {
    if let DeValue::String(text) = value {
        if text.ends_with(SLICE) {
            return Err(format!("{} is a slice; list the units in it", quoted(text)).into());
        }
    }
    let UnitName { text, is_excluded } = unit(value)?;
    if is_excluded {
        return Err(
            format!("{} is excluded by being listed; remove the \"!\"", quoted(&text)).into()
        );
    }
    Ok(text)
}

fn name(
    value: &DeValue<'_>,
    whole: impl Fn(&str) -> Result<String, Problem>,
) -> Result<UnitName, Problem> {
    let DeValue::String(text) = value else {
        return Err(expected(value, "a unit name in quotes"));
    };
    let (name, is_excluded) = negated(text);
    plain(name)?;
    let text = whole(name)?;
    match text.len() {
        0..=NAME_MAX => Ok(UnitName { text, is_excluded }),
        long => {
            Err(format!("the name {} has {long} bytes, at most {NAME_MAX}", quoted(&text)).into())
        }
    }
}

/// Checks that a name has only characters that a unit's name may have.
fn plain(name: &str) -> Result<(), Problem> {
    let odd = |c: char| !(c.is_ascii_alphanumeric() || ":-_.\\@".contains(c));
    let why = match name.chars().find(|c| odd(*c)) {
        None if name.is_empty() => "is not a unit name",
        None => return Ok(()),
        Some('/') => {
            "is a path; give the name of the unit alone, which includes all cgroups below it"
        }
        Some('*' | '?' | '[') => {
            "is a pattern, but a unit matches by its full name; list the units, or use slice"
        }
        Some(_) => "is not a unit name; `systemd-escape` prints the valid form",
    };
    Err(format!("{} {why}", quoted(name)).into())
}
