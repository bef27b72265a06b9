//! The option `result`: events that wait for the result of their call.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// Results of the calls that are recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Results {
    /// No result: the event is recorded at the entry of its call.
    #[default]
    None,
    /// Any result: the event is recorded when its call returns.
    All,
    /// Results in one of these ranges, as the kernel returns them: a failure is a negative errno. Calls
    /// with another result are not recorded.
    Within(Vec<RangeInclusive<i64>>),
}

/// Values that the kernel returns for a failure: `MAX_ERRNO` in include/linux/err.h.
pub const FAILURES: RangeInclusive<i64> = -4095..=-1;

impl Results {
    /// Returns the ranges of failures.
    pub fn failed() -> Self {
        Self::Within(vec![FAILURES])
    }

    /// Returns whether a call with `result` is to be recorded; an unknown result (`None`) is.
    pub fn wants(&self, result: Option<i64>) -> bool {
        match (self, result) {
            (Self::Within(ranges), Some(result)) => {
                ranges.iter().any(|range| range.contains(&result))
            }
            _ => true,
        }
    }

    /// Returns whether no failure is recorded of a call that returns 0 if it succeeds.
    pub fn is_success_only(&self) -> bool {
        let Self::Within(ranges) = self else { return false };
        let is_failure = |range: &RangeInclusive<i64>| {
            range.start() <= FAILURES.end() && range.end() >= FAILURES.start()
        };
        self.wants(Some(0)) && !ranges.iter().any(is_failure)
    }

    /// Returns the value as the configuration writes it.
    pub fn summary(&self) -> String {
        match self {
            Self::None => "false".to_owned(),
            Self::All => "true".to_owned(),
            Self::Within(ranges) if *ranges == [FAILURES] => "failed".to_owned(),
            Self::Within(ranges) => ranges.iter().map(range_name).collect::<Vec<_>>().join(" or "),
        }
    }
}

/// Returns a range for people: `EACCES`, `>= 0`, `3`, `3 to 5`.
fn range_name(range: &RangeInclusive<i64>) -> String {
    match (*range.start(), *range.end()) {
        (from, i64::MAX) => format!(">= {from}"),
        (i64::MIN, to) => format!("<= {to}"),
        (from, to) if from == to => errno(from).unwrap_or_else(|| from.to_string()),
        (from, to) => format!("{from} to {to}"),
    }
}

/// Returns the name of a failure.
fn errno(result: i64) -> Option<String> {
    let number = FAILURES.contains(&result).then(|| i32::try_from(-result).ok())??;
    match nix::errno::Errno::from_raw(number) {
        nix::errno::Errno::UnknownErrno => None,
        errno => Some(format!("{errno:?}")),
    }
}
