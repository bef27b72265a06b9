//! Points in time in, text out: as numbers, and where strace says it the day, in UTC.

use std::fmt::Write;

use jiff::Timestamp;

use super::list::List;
use super::{Side, hex_bytes, told};
use crate::Abi;

/// `utimensat` takes these for the time of the call, and for a time that stays.
const NOW: u64 = 0x3fff_ffff;
const OMIT: u64 = 0x3fff_fffe;

/// Two times of a file; `fraction` names the member that has the part of a second.
pub fn file_times(abi: Abi, name: &str, bytes: &[u8], fraction: &str, out: &mut String) {
    let layout = crate::structure(abi, name);
    let Some(one) = layout.and_then(|layout| layout.part(bytes, "").map(|(one, _)| one)) else {
        return hex_bytes(bytes, out);
    };
    let mut list = List::open("[", out);
    for bytes in bytes.chunks(one.size()) {
        let sec = one.signed(bytes, "tv_sec");
        let part = one.number(bytes, fraction);
        match (fraction, part) {
            ("tv_nsec", Some(NOW)) => list.item().push_str("UTIME_NOW"),
            ("tv_nsec", Some(OMIT)) => list.item().push_str("UTIME_OMIT"),
            _ => {
                let out = list.item();
                told(one, bytes, Side::Entry, out);
                comment(sec.unwrap_or(0), part.unwrap_or(0), fraction, out);
            }
        }
    }
    list.close("]");
}

/// Seconds since 1970, and the day but for 1970's first second, which is a time that is not known.
pub fn date(sec: i64, out: &mut String) {
    let _ = write!(out, "{sec}");
    comment(sec, 0, "", out);
}

/// ` /* 2023-11-14T22:13:20.000000005+0000 */`; nothing for what is no time.
fn comment(sec: i64, part: u64, fraction: &str, out: &mut String) {
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
