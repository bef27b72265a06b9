//! Times of files (`utimensat`, `utimes`), with the date in a comment.

use super::layout::with_layout;
use super::list::List;
use super::phase::Phase;
use super::times::comment;
use crate::Abi;
use crate::notation::primitive::hex_bytes;

/// Values of `utimensat` for the time of the call, and for a time that is not changed.
const NOW: u64 = 0x3fff_ffff;
const OMIT: u64 = 0x3fff_fffe;

/// Prints two times of a file; `fraction` is the member with the fraction of a second.
pub fn file_times(abi: Abi, name: &str, bytes: &[u8], fraction: &str, out: &mut String) {
    let layout = crate::structure(abi, name);
    let Some(one) = layout.and_then(|layout| layout.nested(bytes, "").map(|(one, _)| one)) else {
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
                with_layout(one, bytes, Phase::Entry, out);
                comment(sec.unwrap_or(0), part.unwrap_or(0), fraction, out);
            }
        }
    }
    list.close("]");
}
