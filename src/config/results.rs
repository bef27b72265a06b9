//! The option `result`: whether an event waits for what came of its call.

use std::ops::RangeInclusive;

/// Which results are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Results {
    /// None: the event tells the entry, at once.
    #[default]
    None,
    /// All: the event is recorded when its call returns.
    All,
    /// Those in one of these ranges, as the kernel returns them: a failure is a negative errno. Calls
    /// with another result are not recorded.
    Within(Vec<RangeInclusive<i64>>),
}

/// What the kernel returns for a failure: `MAX_ERRNO` in include/linux/err.h.
pub const FAILURES: RangeInclusive<i64> = -4095..=-1;

impl Results {
    /// Failures only.
    pub fn failed() -> Self {
        Self::Within(vec![FAILURES])
    }

    /// Whether a call with that result is to be recorded; `None`: it is not known.
    pub fn wants(&self, result: Option<i64>) -> bool {
        match (self, result) {
            (Self::Within(ranges), Some(result)) => {
                ranges.iter().any(|range| range.contains(&result))
            }
            _ => true,
        }
    }

    /// As in the configuration.
    pub fn told(&self) -> String {
        match self {
            Self::None => "false".to_owned(),
            Self::All => "true".to_owned(),
            Self::Within(ranges) if *ranges == [FAILURES] => "failed".to_owned(),
            Self::Within(ranges) => ranges.iter().map(told).collect::<Vec<_>>().join(" or "),
        }
    }
}

/// `EACCES`, `>= 0`, `3`, `3 to 5`.
fn told(range: &RangeInclusive<i64>) -> String {
    match (*range.start(), *range.end()) {
        (from, i64::MAX) => format!(">= {from}"),
        (i64::MIN, to) => format!("<= {to}"),
        (from, to) if from == to => errno(from).unwrap_or_else(|| from.to_string()),
        (from, to) => format!("{from} to {to}"),
    }
}

/// The name of a failure.
fn errno(result: i64) -> Option<String> {
    let number = FAILURES.contains(&result).then(|| i32::try_from(-result).ok())??;
    match nix::errno::Errno::from_raw(number) {
        nix::errno::Errno::UnknownErrno => None,
        errno => Some(format!("{errno:?}")),
    }
}
