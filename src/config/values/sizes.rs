//! Sizes: `ancestors`, `argv_bytes`, `buffer_bytes`, `[ring] size` and `cpus`, `[blackbox] calls` and `boxes`,
//! `[journal] max_bytes_per_second`.

use std::ops::RangeInclusive;

use toml::de::DeValue;

use super::{expected, number, shown};
use crate::bpf::types;
use crate::config::byte_limit::ByteLimit;
use crate::config::byte_size::{self, GIB, KIB};
use crate::config::fault::Problem;

/// `ARGV_MAX_BYTES` in `bpf/event.h`.
const ARGV_MAX_BYTES: u64 = 16 * KIB;
/// `ANCESTORS_MAX` in `bpf/event.h`.
const ANCESTORS_MAX: u8 = 8;
/// `TEXT_MAX_BYTES` in `bpf/event.h`.
const BUFFER_MAX_BYTES: u64 = 4 * KIB;

/// The largest page of any Linux: a power of two from here on is a multiple of every page size.
const RING_MIN_BYTES: u64 = 64 * KIB;
/// The ring is kernel memory, never swapped out: more than this is a slip of the pen.
const RING_MAX_BYTES: u64 = GIB;

/// The largest record takes about as much: with less, none of them would ever be written.
const RECORDS_MIN_BYTES: u64 = 64 * KIB;

/// Parses the number of ancestors that an event may carry.
pub(in crate::config) fn ancestors(value: &DeValue<'_>) -> Result<u8, Problem> {
    let DeValue::Integer(integer) = value else {
        return Err(expected(value, "a number of ancestors"));
    };
    let levels = number(integer).and_then(|levels| u8::try_from(levels).ok());
    levels
        .filter(|levels| *levels <= ANCESTORS_MAX)
        .ok_or_else(|| format!("ancestors {} is out of range, 0 to 8", shown(value)).into())
}

/// Parses the bytes of argv that an event may carry.
pub(in crate::config) fn argv_bytes(value: &DeValue<'_>) -> Result<u32, Problem> {
    let bytes = bytes(value)?.filter(|bytes| *bytes <= ARGV_MAX_BYTES);
    let fits = bytes.and_then(|bytes| u32::try_from(bytes).ok());
    fits.ok_or_else(|| format!("argv_bytes {} is out of range, 0 to 16KiB", shown(value)).into())
}

/// Parses the bytes of a buffer that an event may carry.
pub(in crate::config) fn buffer_bytes(value: &DeValue<'_>) -> Result<u32, Problem> {
    let bytes = bytes(value)?.filter(|bytes| *bytes <= BUFFER_MAX_BYTES);
    let fits = bytes.and_then(|bytes| u32::try_from(bytes).ok());
    fits.ok_or_else(|| format!("buffer_bytes {} is out of range, 0 to 4KiB", shown(value)).into())
}

/// Parses the size of a ring, in bytes.
pub(in crate::config) fn ring_bytes(value: &DeValue<'_>) -> Result<u32, Problem> {
    let allowed = RING_MIN_BYTES..=RING_MAX_BYTES;
    let bytes = bytes(value)?.filter(|bytes| allowed.contains(bytes));
    let Some(bytes) = bytes.and_then(|bytes| u32::try_from(bytes).ok()) else {
        let why = "is out of range, 64KiB to 1GiB";
        return Err(format!("ring size {} {why}", shown(value)).into());
    };
    if bytes.is_power_of_two() {
        return Ok(bytes);
    }
    // No overflow: the largest size allowed is a power of two.
    let meant = byte_size::name(u64::from(bytes).next_power_of_two());
    let why = "is not a power of two, which the kernel requires of a ring buffer";
    Err(Problem::from(format!("ring size {} {why}", shown(value))).meant(Some(meant)))
}

/// Parses the number of CPUs that share a ring.
pub(in crate::config) fn ring_cpus(value: &DeValue<'_>) -> Result<u32, Problem> {
    let DeValue::Integer(integer) = value else {
        return Err(expected(value, "a number of CPUs"));
    };
    let cpus = number(integer).and_then(|cpus| u32::try_from(cpus).ok());
    cpus.filter(|cpus| *cpus > 0)
        .ok_or_else(|| format!("ring cpus {} is out of range, 1 or more", shown(value)).into())
}

/// Parses the number of calls that a black box keeps.
pub(in crate::config) fn box_calls(value: &DeValue<'_>) -> Result<u32, Problem> {
    count(value, "a number of calls", "blackbox calls", 1..=65_536)
}

/// Parses the number of black boxes.
pub(in crate::config) fn box_units(value: &DeValue<'_>) -> Result<u32, Problem> {
    count(value, "a number of black boxes", "blackbox boxes", 1..=types::box_size::BOXES_MAX.0)
}

fn count(
    value: &DeValue<'_>,
    wanted: &str,
    what: &str,
    range: RangeInclusive<u32>,
) -> Result<u32, Problem> {
    let DeValue::Integer(integer) = value else { return Err(expected(value, wanted)) };
    let count = number(integer).and_then(|count| u32::try_from(count).ok());
    count.filter(|count| range.contains(count)).ok_or_else(|| {
        let (given, from, to) = (shown(value), range.start(), range.end());
        format!("{what} {given} is out of range, {from} to {to}").into()
    })
}

/// Parses the bytes of records in a second; 0 is any number.
pub(in crate::config) fn record_bytes(value: &DeValue<'_>) -> Result<ByteLimit, Problem> {
    match bytes(value)? {
        Some(0) => Ok(ByteLimit::Unlimited),
        Some(bytes) if bytes >= RECORDS_MIN_BYTES => Ok(ByteLimit::Bytes(bytes)),
        _ => {
            let range = "is out of range, 64KiB or more, or 0 for no limit";
            Err(format!("max_bytes_per_second {} {range}", shown(value)).into())
        }
    }
}

/// Parses bytes: an integer, or a string with a unit. `None` beyond every range.
fn bytes(value: &DeValue<'_>) -> Result<Option<u64>, Problem> {
    match value {
        DeValue::Integer(integer) => Ok(number(integer)),
        DeValue::String(text) => byte_size::parse(text),
        _ => Err(expected(value, "a size such as \"8MiB\"")),
    }
}
