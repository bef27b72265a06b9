//! Numbers under the names of constants, as strace tells them: what has no name stays a number, and it
//! is said what kind of name it has not.

use std::fmt::Write;

use crate::Set;
use crate::notation::flags;

/// A name, or the number and what kind of name it has not.
pub fn named(set: &Set, n: u64, out: &mut String) {
    match set.symbol(n) {
        Some(symbol) => out.push_str(symbol),
        None => {
            let _ = if n == 0 { write!(out, "0") } else { write!(out, "{n:#x}") };
            nameless(set, out);
        }
    }
}

/// Names joined by bars; flags none of which has a name are told to be what they are.
pub fn flagged(set: &Set, n: u64, out: &mut String) {
    let start = out.len();
    flags(set, n, out);
    if n != 0 && out.get(start..).is_some_and(|text| text.starts_with("0x")) {
        nameless(set, out);
    }
}

pub fn remarked(remarks: Option<&Set>, n: u64, out: &mut String) {
    let _ = match remarks.and_then(|remarks| remarks.symbol(n)) {
        Some(remark) => write!(out, "{n} /* {} */", remark.replace('_', " ")),
        None => write!(out, "{n}"),
    };
}

fn nameless(set: &Set, out: &mut String) {
    if !set.prefix().is_empty() {
        let _ = write!(out, " /* {}??? */", set.prefix());
    }
}

/// `1<<CAP_CHOWN|1<<CAP_KILL`.
pub fn capabilities(set: &Set, n: u64, out: &mut String) {
    let start = out.len();
    let mut rest = n;
    for bit in (0..u64::BITS).filter(|bit| n >> bit & 1 != 0) {
        if let Some(symbol) = set.symbol(bit.into()) {
            let _ = write!(out, "{}1<<{symbol}", if out.len() > start { "|" } else { "" });
            rest &= !(1 << bit);
        }
    }
    let _ = match (rest, out.len() > start) {
        (0, true) => Ok(()),
        (0, false) => write!(out, "0"),
        (_, true) => write!(out, "|{rest:#x}"),
        (_, false) => write!(out, "{rest:#x} /* {}??? */", set.prefix()),
    };
}

/// One name of each set that has a mask, then the flags of the last; nothing where there are none.
pub fn terminal(sets: &[&'static Set], n: u64, out: &mut String) {
    let mut rest = n;
    for set in sets {
        let bits = if set.mask() == 0 { rest } else { n & set.mask() };
        rest &= !set.mask();
        match bits {
            0 if set.mask() == 0 => {}
            _ if set.mask() == 0 => drop(flags(set, bits, out)),
            _ => {
                named(set, bits, out);
                out.push('|');
            }
        }
    }
}

/// Above the last name, how far above it.
pub fn numbered(set: &Set, n: u64, out: &mut String) {
    match set.highest() {
        Some((symbol, highest)) if n > highest => {
            let _ = write!(out, "{symbol}+{}", n.saturating_sub(highest));
        }
        _ => named(set, n, out),
    }
}

/// A limit of a resource: in multiples of 1024 where it is one.
pub fn limit(none: &str, n: u64, width: usize, out: &mut String) {
    let all = if width == 4 { u32::MAX.into() } else { u64::MAX };
    let _ = match n {
        _ if n == all => write!(out, "{none}"),
        1025.. if n % 1024 == 0 => write!(out, "{}*1024", n / 1024),
        _ => write!(out, "{n}"),
    };
}
