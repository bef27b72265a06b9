//! Sizes as people write them: a whole number and a binary unit.

use super::fault::Problem;
use super::text::quoted;

/// Bytes in a KiB.
pub(super) const KIB: u64 = 1 << 10;
/// Bytes in a GiB.
pub(super) const GIB: u64 = 1 << 30;

/// Smallest first.
const UNITS: [(&str, u64); 4] = [("B", 1), ("KiB", KIB), ("MiB", 1 << 20), ("GiB", GIB)];

/// Parses a size; without a unit, the number is bytes. `None` if it is beyond 64 bits.
pub(super) fn parse(text: &str) -> Result<Option<u64>, Problem> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at_checked(digits).unwrap_or_default();
    if count.is_empty() {
        return Err(format!("{} is not a size, expected one such as \"8MiB\"", quoted(text)).into());
    }
    let factor = match unit {
        "" => 1,
        _ => match UNITS.iter().find(|(name, _)| *name == unit) {
            Some((_, factor)) => *factor,
            None => return Err(unknown_unit(text, count, unit)),
        },
    };
    let count: Option<u64> = count.parse().ok();
    Ok(count.and_then(|count| count.checked_mul(factor)))
}

/// `8M` and `8 MB` are likely to mean 8MiB, but this is not for us to decide.
fn unknown_unit(text: &str, count: &str, unit: &str) -> Problem {
    let initial = unit.trim_start().chars().next();
    let meant = UNITS.iter().map(|(name, _)| *name).find(|name| {
        let first = name.chars().next();
        first.zip(initial).is_some_and(|(a, b)| a.eq_ignore_ascii_case(&b))
    });
    Problem::from(format!("{} is not a size; units are B, KiB, MiB or GiB", quoted(text)))
        .meant(meant.map(|name| format!("{count}{name}")))
}

/// Returns a size with the largest unit that leaves a whole number: `8MiB`, `1000B`.
pub fn name(bytes: u64) -> String {
    let fits = UNITS.iter().rev().find(|(_, factor)| bytes % factor == 0 && bytes > 0);
    let (unit, factor) = fits.copied().unwrap_or(("B", 1));
    format!("{}{unit}", bytes / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_reads_back_what_name_writes() {
        for bytes in [0, 1, 1000, 1 << 10, 3 << 20, 1 << 30, u64::MAX] {
            assert_eq!(parse(&name(bytes)), Ok(Some(bytes)));
        }
        assert_eq!(name(8 << 20), "8MiB");
    }

    #[test]
    fn parse_beyond_64_bits_is_none() {
        assert_eq!(parse("17179869184GiB"), Ok(None));
        assert_eq!(parse("99999999999999999999"), Ok(None));
    }
}
