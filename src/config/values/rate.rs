//! Rates and counts: `limit`, `burst`, `per`, `sample`, `[limits]`, `[journal] max_per_second`.

use toml::de::DeValue;

use super::time::{unit, unit_like};
use super::{NONE, expected, number, one_of, shown};
use crate::config::fault::Problem;
use crate::config::limit::{Per, Rate};
use crate::config::text::quoted;

/// Highest rate: more calls than a machine makes.
const PER_SECOND_MAX: u64 = 10_000_000;
const BURST_MAX: u64 = 10_000_000;
const SAMPLE_MAX: u32 = 1_000_000;
const SECOND_NS: u64 = 1_000_000_000;

/// Parses a rate of events; `None` for any number.
pub(in crate::config) fn limit(value: &DeValue<'_>) -> Result<Option<Rate>, Problem> {
    let DeValue::String(text) = value else {
        return Err(expected(value, "a rate such as \"100/s\", or \"none\""));
    };
    let text = text.trim();
    if text == NONE {
        return Ok(None);
    }
    let (count, period) =
        text.split_once('/').map_or((text, ""), |(n, unit)| (n.trim(), unit.trim()));
    let is_count = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    let Some(period_ns) = unit(period).filter(|_| is_count) else {
        let meant = unit_like(period).or_else(|| period.is_empty().then_some("s"));
        let meant = meant.filter(|_| is_count).map(|unit| format!("{count}/{unit}"));
        let problem = format!(
            "{} is not a rate, expected one such as \"100/s\"; units are s, min, h and d",
            quoted(text)
        );
        return Err(Problem::from(problem).meant(meant));
    };
    rate(count, period_ns, text).map(Some)
}

fn rate(count: &str, period_ns: u64, text: &str) -> Result<Rate, Problem> {
    let most = PER_SECOND_MAX.saturating_mul(period_ns / SECOND_NS).min(u32::MAX.into());
    let count: Option<u64> = count.parse().ok().filter(|count| *count <= most);
    match count.and_then(|count| u32::try_from(count).ok()) {
        Some(0) => {
            let why = "allows no events; route to \"count\" or \"none\"";
            Err(format!("{} {why}", quoted(text)).into())
        }
        Some(count) => Ok(Rate { count, period_ns }),
        None => {
            Err(format!("{} is out of range, at most {most} for this unit", quoted(text)).into())
        }
    }
}

/// Parses a burst.
pub(in crate::config) fn burst(value: &DeValue<'_>) -> Result<u32, Problem> {
    within(value, "burst", 1..=BURST_MAX)
}

/// Parses the records that may be written in a second; 0 is any number.
pub(in crate::config) fn records(value: &DeValue<'_>) -> Result<Option<u32>, Problem> {
    within(value, "max_per_second", 0..=PER_SECOND_MAX).map(|count| (count > 0).then_some(count))
}

fn within(
    value: &DeValue<'_>,
    what: &str,
    range: std::ops::RangeInclusive<u64>,
) -> Result<u32, Problem> {
    let DeValue::Integer(integer) = value else {
        return Err(expected(value, "a number"));
    };
    let count = number(integer).filter(|count| range.contains(count));
    let count = count.and_then(|count| u32::try_from(count).ok());
    let (least, most) = (range.start(), range.end());
    count
        .ok_or_else(|| format!("{what} {} is out of range, {least} to {most}", shown(value)).into())
}

/// Parses the owner that a limit counts for.
pub(in crate::config) fn per(value: &DeValue<'_>) -> Result<Per, Problem> {
    one_of(value, "per", &Per::ALL, Per::name)
}

/// Returns the fraction for a percentage, if its numerator is 1.
fn one_in_percent(text: &str) -> Option<String> {
    let percent: u32 = text.trim().strip_suffix('%')?.trim().parse().ok()?;
    (percent > 0 && 100 % percent == 0).then(|| format!("1/{}", 100 / percent))
}

/// Parses a sample: `1/100`.
pub(in crate::config) fn sample(value: &DeValue<'_>) -> Result<u32, Problem> {
    let what = "a fraction such as \"1/100\"";
    let DeValue::String(text) = value else {
        return Err(expected(value, what));
    };
    let one_in =
        text.split_once('/').filter(|(one, _)| one.trim() == "1").map(|(_, many)| many.trim());
    let digits =
        one_in.filter(|many| !many.is_empty() && many.bytes().all(|byte| byte.is_ascii_digit()));
    let Some(digits) = digits else {
        let problem = format!("{} is not a sample, expected {what}", quoted(text));
        return Err(Problem::from(problem).meant(one_in_percent(text)));
    };
    let one_in = digits.parse().ok().filter(|many| (1..=SAMPLE_MAX).contains(many));
    one_in.ok_or_else(|| {
        format!("sample {} is out of range, 1/1 to 1/{SAMPLE_MAX}", quoted(text)).into()
    })
}
