//! Numbers of users, groups and processes: `uid`, `gid`, `loginuid`, `pid_tree`.

use std::ops::RangeInclusive;

use toml::de::DeValue;

use super::{expected, negated, number, owners, shown};
use crate::config::fault::Problem;
use crate::config::filter::Ids;
use crate::config::text::quoted;

/// The largest number that a user may have: the one above it means none.
const ID_MAX: u32 = u32::MAX - 1;
/// A login user that was never set.
const UNSET: &str = "unset";
/// `PID_MAX_LIMIT` in include/linux/threads.h.
const PID_MAX: u32 = 4_194_304;

/// Kind of owner of a number: users or groups.
struct OwnerKind {
    name: &'static str,
    example: &'static str,
    look_up: fn(&str) -> nix::Result<Option<u32>>,
}

const USERS: OwnerKind = OwnerKind {
    name: "user",
    example: "1000, \"www-data\", \"1000-1999\" or \"!0\"",
    look_up: owners::user,
};
const GROUPS: OwnerKind = OwnerKind {
    name: "group",
    example: "1000, \"adm\", \"1000-1999\" or \"!0\"",
    look_up: owners::group,
};

/// Parses one or several users.
pub(in crate::config) fn uid(value: &DeValue<'_>) -> Result<Ids, Problem> {
    ids(&USERS, value)
}

/// Parses one or several groups.
pub(in crate::config) fn gid(value: &DeValue<'_>) -> Result<Ids, Problem> {
    ids(&GROUPS, value)
}

/// Parses one or several users who logged in, or nobody.
pub(in crate::config) fn loginuid(value: &DeValue<'_>) -> Result<Ids, Problem> {
    match value {
        DeValue::String(text) if negated(text).0 == UNSET => {
            Ok(Ids { range: u32::MAX..=u32::MAX, is_excluded: negated(text).1 })
        }
        _ => uid(value),
    }
}

/// Parses a process id.
pub(in crate::config) fn pid(value: &DeValue<'_>) -> Result<u32, Problem> {
    let DeValue::Integer(integer) = value else {
        return Err(expected(value, "a process id"));
    };
    let pid = number(integer).and_then(|pid| u32::try_from(pid).ok());
    pid.filter(|pid| (1..=PID_MAX).contains(pid))
        .ok_or_else(|| format!("pid {} is out of range, 1 to {PID_MAX}", shown(value)).into())
}

fn ids(kind: &OwnerKind, value: &DeValue<'_>) -> Result<Ids, Problem> {
    match value {
        DeValue::Integer(integer) => {
            let id = number(integer).ok_or_else(|| out_of_range(kind, &shown(value)))?;
            let id = checked(kind, id)?;
            Ok(Ids { range: id..=id, is_excluded: false })
        }
        DeValue::String(text) => {
            let (rest, is_excluded) = negated(text);
            Ok(Ids { range: range(kind, rest)?, is_excluded })
        }
        _ => Err(expected(value, kind.example)),
    }
}

/// Parses a range, a number or a name. Names of users may hold a hyphen, but do not begin with a digit.
fn range(kind: &OwnerKind, text: &str) -> Result<RangeInclusive<u32>, Problem> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('-').map(|(first, last)| (first.trim(), last.trim())) {
        Some((first, last)) if is_number(first) && is_number(last) => {
            let (first, last) = (parsed(kind, first)?, parsed(kind, last)?);
            if first > last {
                return Err(format!("range {} ends before it begins", quoted(text)).into());
            }
            Ok(first..=last)
        }
        _ if is_number(text) => parsed(kind, text).map(|id| id..=id),
        _ => named(kind, text).map(|id| id..=id),
    }
}

fn named(kind: &OwnerKind, name: &str) -> Result<u32, Problem> {
    let OwnerKind { name: what, example, look_up } = kind;
    if name.is_empty() || name.contains(['\0', ':', '/']) {
        return Err(format!("{} is not a {what}, expected {example}", quoted(name)).into());
    }
    match look_up(name) {
        Ok(Some(id)) => Ok(id),
        Ok(None) => {
            Err(format!("there is no {what} {} on this machine; use a number", quoted(name)).into())
        }
        Err(errno) => {
            let name = quoted(name);
            Err(format!("{what} {name} cannot be looked up: {}; use a number", errno.desc()).into())
        }
    }
}

fn parsed(kind: &OwnerKind, digits: &str) -> Result<u32, Problem> {
    checked(kind, digits.parse().map_err(|_| out_of_range(kind, digits))?)
}

fn checked(kind: &OwnerKind, id: u64) -> Result<u32, Problem> {
    let id_ = u32::try_from(id).ok().filter(|id| *id <= ID_MAX);
    id_.ok_or_else(|| out_of_range(kind, &id.to_string()))
}

fn out_of_range(kind: &OwnerKind, shown: &str) -> Problem {
    format!("{} {shown} is out of range, 0 to {ID_MAX}", kind.name).into()
}
