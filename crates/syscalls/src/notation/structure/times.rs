//! Points in time: numbers, with the date in UTC in a comment.

use std::fmt::Write;

use jiff::Timestamp;

/// Prints seconds since 1970, and the date unless they are 0, which means an unknown time.
pub fn date(sec: i64, out: &mut String) {
    let _ = write!(out, "{sec}");
    comment(sec, 0, "", out);
}

/// Prints ` /* 2023-11-14T22:13:20.000000005+0000 */`; nothing for 0 and for an invalid time.
pub fn comment(sec: i64, part: u64, fraction: &str, out: &mut String) {
    let (digits, limit) = match fraction {
        "tv_nsec" => (9, 1_000_000_000),
        "tv_usec" => (6, 1_000_000),
        _ => (0, 1),
    };
    let day = Timestamp::from_second(sec).ok().filter(|_| (sec, part) != (0, 0) && part < limit);
    let Some(day) = day else { return };
    let _ = write!(out, " /* {}", day.strftime("%Y-%m-%dT%H:%M:%S"));
    let _ = if part == 0 { Ok(()) } else { write!(out, ".{part:0digits$}") };
    out.push_str("+0000 */");
}
