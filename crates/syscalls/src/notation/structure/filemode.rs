//! Types and permissions of files.

use std::fmt::Write;

/// Bits of the type.
const TYPE: u64 = 0o170_000;

const TYPES: [(u64, &str); 7] = [
    (0o140_000, "S_IFSOCK"),
    (0o120_000, "S_IFLNK"),
    (0o100_000, "S_IFREG"),
    (0o060_000, "S_IFBLK"),
    (0o040_000, "S_IFDIR"),
    (0o020_000, "S_IFCHR"),
    (0o010_000, "S_IFIFO"),
];

const SPECIAL: [(u64, &str); 3] = [(0o4000, "S_ISUID"), (0o2000, "S_ISGID"), (0o1000, "S_ISVTX")];

/// Prints `S_IFREG|S_ISUID|0755`; the number if the type has no name.
pub fn filemode(n: u64, out: &mut String) {
    let kind = n & TYPE;
    let mut rest = n;
    match TYPES.iter().find(|(value, _)| *value == kind) {
        Some((_, name)) => {
            let _ = write!(out, "{name}|");
            rest &= !kind;
        }
        None if kind != 0 => {
            let _ = write!(out, "0{n:02o}");
            return;
        }
        None => {}
    }
    for (bit, name) in SPECIAL.iter().filter(|(bit, _)| n & bit != 0) {
        let _ = write!(out, "{name}|");
        rest &= !bit;
    }
    let _ = write!(out, "0{rest:02o}");
}
