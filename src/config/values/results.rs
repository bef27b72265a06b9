//! The option `result`: the results of a call that are recorded.

use std::ops::RangeInclusive;

use nix::errno::Errno;
use toml::de::DeValue;

use super::ranges::{merged, without};
use super::{expected, negated};
use crate::config::fault::Problem;
use crate::config::results::{FAILURES, Results};
use crate::config::suggest::closest;
use crate::config::text::quoted;

/// Words and forms that `result` accepts.
const WORDS: &str = "true, false, \"failed\", an error such as \"EACCES\", or \">= 0\"";
const FAILED: &str = "failed";

/// Second names of errors (include/uapi/asm-generic/errno.h, and the C library's).
const SAME: [(&str, Errno); 3] =
    [("EWOULDBLOCK", Errno::EAGAIN), ("EDEADLOCK", Errno::EDEADLK), ("ENOTSUP", Errno::EOPNOTSUPP)];
/// The last error that has a name.
const ERRNO_MAX: i32 = 133;

/// Signs, those of two characters first, since one begins with the other.
const COMPARISONS: [&str; 7] = ["==", "!=", ">=", "<=", ">", "<", "="];

/// Results that are wanted, or not wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct Outcome {
    range: RangeInclusive<i64>,
    is_excluded: bool,
}

/// Parses one value of the option.
pub(in crate::config) fn outcome(value: &DeValue<'_>) -> Result<Outcome, Problem> {
    let DeValue::String(text) = value else {
        return Err(expected(value, WORDS));
    };
    let (rest, is_negated) =
        if text.starts_with("!=") { (text.trim(), false) } else { negated(text) };
    let (range, is_unlike) = match compared(rest) {
        Some((sign, number)) => (range(sign, number).ok_or_else(|| unknown(text))?, sign == "!="),
        None => (named(rest).ok_or_else(|| unknown(text))?, false),
    };
    Ok(Outcome { range, is_excluded: is_negated || is_unlike })
}

/// Combines all values of the option.
pub(in crate::config) fn results(outcomes: &[Outcome]) -> Result<Results, Problem> {
    let of = |is_excluded| -> Vec<RangeInclusive<i64>> {
        let some = outcomes.iter().filter(|outcome| outcome.is_excluded == is_excluded);
        some.map(|outcome| outcome.range.clone()).collect()
    };
    let (wanted, unwanted) = (of(false), of(true));
    let all = || vec![i64::MIN..=i64::MAX];
    let left = merged(if wanted.is_empty() { all() } else { wanted });
    let left = unwanted.iter().fold(left, without);
    match &*left {
        [] => Err("these values exclude every result".into()),
        [range] if *range == (i64::MIN..=i64::MAX) => Ok(Results::All),
        _ => Ok(Results::Within(left)),
    }
}

/// Parses the sign and the number of a comparison; a number alone means equality.
fn compared(text: &str) -> Option<(&'static str, i64)> {
    let sign = COMPARISONS.into_iter().find(|sign| text.starts_with(sign));
    let number = text.strip_prefix(sign.unwrap_or_default())?.trim().parse().ok()?;
    Some((sign.unwrap_or("="), number))
}

/// Returns the range of a comparison; `None` if no number is in it.
fn range(sign: &str, number: i64) -> Option<RangeInclusive<i64>> {
    match sign {
        ">=" => Some(number..=i64::MAX),
        ">" => Some(number.checked_add(1)?..=i64::MAX),
        "<=" => Some(i64::MIN..=number),
        "<" => Some(i64::MIN..=number.checked_sub(1)?),
        _ => Some(number..=number),
    }
}

fn named(name: &str) -> Option<RangeInclusive<i64>> {
    if name == FAILED {
        return Some(FAILURES);
    }
    let second = SAME.into_iter().find(|(second, _)| *second == name).map(|(_, errno)| errno);
    let errno =
        second.or_else(|| errnos().find(|(known, _)| known == name).map(|(_, errno)| errno));
    errno.map(|errno| -i64::from(errno as i32)).map(|result| result..=result)
}

fn errnos() -> impl Iterator<Item = (String, Errno)> {
    let all = (1..=ERRNO_MAX).map(Errno::from_raw);
    let known = all.filter(|errno| *errno != Errno::UnknownErrno);
    known.map(|errno| (format!("{errno:?}"), errno))
}

fn unknown(text: &str) -> Problem {
    let (word, _) = negated(text);
    let meant = match word.to_ascii_lowercase().as_str() {
        word @ ("true" | "false") => {
            return format!("result {} is a string; write {word} without quotes", quoted(text))
                .into();
        }
        "fail" | "fails" | "failure" | "failures" | "error" | "errors" => Some(FAILED.to_owned()),
        lower => closest(lower, [FAILED]).or_else(|| errno_like(word)),
    };
    Problem::from(format!("unknown result {}, expected {WORDS}", quoted(text))).meant(meant)
}

fn errno_like(word: &str) -> Option<String> {
    let names: Vec<String> = errnos().map(|(name, _)| name.to_ascii_lowercase()).collect();
    closest(word, names.iter().map(String::as_str)).map(|name| name.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(texts: &[&str]) -> Result<Results, Problem> {
        let outcome = |text: &&str| outcome(&DeValue::String((*text).into())).unwrap();
        results(&texts.iter().map(outcome).collect::<Vec<_>>())
    }

    fn within(ranges: &[RangeInclusive<i64>]) -> Result<Results, Problem> {
        Ok(Results::Within(ranges.to_vec()))
    }

    #[test]
    fn results_of_values_are_merged_ranges() {
        assert_eq!(of(&["failed"]), Ok(Results::failed()));
        assert_eq!(of(&["ENOENT", "EACCES"]), within(&[-13..=-13, -2..=-2]));
        assert_eq!(of(&["EPERM", "ENOENT", "ESRCH"]), within(&[-3..=-1]));
        assert_eq!(of(&["ENOTSUP"]), within(&[-95..=-95]));
        assert_eq!(of(&["failed", "!ENOENT"]), within(&[-4095..=-3, -1..=-1]));
        assert_eq!(of(&["!ENOENT"]), within(&[i64::MIN..=-3, -1..=i64::MAX]));
        assert_eq!(of(&["!= -2"]), of(&["!ENOENT"]));
        assert_eq!(of(&[">= 0"]), within(&[0..=i64::MAX]));
        assert_eq!(of(&["> 4096"]), within(&[4097..=i64::MAX]));
        assert_eq!(of(&["< 0"]), within(&[i64::MIN..=-1]));
        assert_eq!(of(&["= 3"]), of(&["3"]));
        assert_eq!(of(&["== 3"]), within(&[3..=3]));
    }

    #[test]
    fn is_success_only_is_true_without_failures_and_with_zero() {
        let is_success_only = |texts: &[&str]| of(texts).unwrap().is_success_only();
        assert!(
            is_success_only(&[">= 0"])
                && is_success_only(&["= 0"])
                && is_success_only(&["!failed"])
        );
        assert!(!is_success_only(&["> 0"]) && !is_success_only(&["failed"]));
        assert!(!is_success_only(&["= 0", "EACCES"]) && !is_success_only(&["!ENOENT"]));
        assert!(!Results::All.is_success_only() && !Results::None.is_success_only());
    }

    #[test]
    fn results_of_all_or_no_values() {
        assert_eq!(of(&[">= 0", "< 0"]), Ok(Results::All));
        assert_eq!(of(&["EACCES", "!failed"]), Err("these values exclude every result".into()));
    }

    proptest! {
        /// The ranges hold what the values say, and none overlaps another.
        #[test]
        fn wants_any_result_follows_values(
            values in prop::collection::vec((-6..6_i64, 0..4_i64, any::<bool>()), 1..6),
        ) {
            let outcome = |&(start, length, is_excluded): &(i64, i64, bool)| {
                Outcome { range: start..=start + length, is_excluded }
            };
            let outcomes: Vec<Outcome> = values.iter().map(outcome).collect();
            let Ok(results) = results(&outcomes) else { return Ok(()) };
            let is_in = |wanted: i64, is_excluded: bool| {
                let some = |one: &Outcome| one.is_excluded == is_excluded && one.range.contains(&wanted);
                outcomes.iter().any(some)
            };
            let has_wanted = outcomes.iter().any(|outcome| !outcome.is_excluded);
            for result in -20..20 {
                let expected = (!has_wanted || is_in(result, false)) && !is_in(result, true);
                prop_assert_eq!(results.wants(Some(result)), expected, "{}", result);
            }
            let Results::Within(ranges) = results else { return Ok(()) };
            prop_assert!(ranges.windows(2).all(|pair| *pair[0].end() < pair[1].start() - 1));
        }
    }
}
