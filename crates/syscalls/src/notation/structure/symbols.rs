//! Members that are named constants. A number without a name is followed by a comment with the prefix of the
//! names: `/* CLOCK_??? */`.

use std::fmt::Write;

use crate::ConstantSet;
use crate::notation::flags::flags;

/// Prints a name, or a number with a comment.
pub fn named(set: &ConstantSet, n: u64, out: &mut String) {
    match set.symbol(n) {
        Some(symbol) => out.push_str(symbol),
        None => {
            let _ = if n == 0 { write!(out, "0") } else { write!(out, "{n:#x}") };
            nameless(set, out);
        }
    }
}

/// Prints names joined by bars; a comment follows if no flag has a name.
pub fn flagged(set: &ConstantSet, n: u64, out: &mut String) {
    let start = out.len();
    flags(set, n, out);
    if n != 0 && out.get(start..).is_some_and(|text| text.starts_with("0x")) {
        nameless(set, out);
    }
}

/// Prints a number, and the name that a set has for it in a comment.
pub fn commented(comments: Option<&ConstantSet>, n: u64, out: &mut String) {
    let _ = match comments.and_then(|set| set.symbol(n)) {
        Some(comment) => write!(out, "{n} /* {} */", comment.replace('_', " ")),
        None => write!(out, "{n}"),
    };
}

/// Prints a comment on a number without a name.
fn nameless(set: &ConstantSet, out: &mut String) {
    if !set.prefix().is_empty() {
        let _ = write!(out, " /* {}??? */", set.prefix());
    }
}

/// Prints `1<<CAP_CHOWN|1<<CAP_KILL`.
pub fn capabilities(set: &ConstantSet, n: u64, out: &mut String) {
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

/// Prints `[ICMP_ECHO ICMP_REDIRECT]`, or `~[ICMP_ECHO]` if most of 32 bits are in the set.
pub fn members_of(set: &ConstantSet, n: u64, out: &mut String) {
    let bits = u32::try_from(n).unwrap_or(u32::MAX);
    let is_reversed = bits.count_ones() >= u32::BITS * 2 / 3;
    out.push_str(if is_reversed { "~[" } else { "[" });
    let is_printed = |bit: &u32| (bits >> bit & 1 != 0) != is_reversed;
    for (at, bit) in (0..u32::BITS).filter(is_printed).enumerate() {
        out.push_str(if at > 0 { " " } else { "" });
        named(set, bit.into(), out);
    }
    out.push(']');
}

/// Prints one name of each set that has a mask, then the flags of the last set, if any.
pub fn terminal(sets: &[&'static ConstantSet], n: u64, out: &mut String) {
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

/// Prints a name; for a value above the last one, the distance from it.
pub fn numbered(set: &ConstantSet, n: u64, out: &mut String) {
    match set.highest() {
        Some((symbol, highest)) if n > highest => {
            let _ = write!(out, "{symbol}+{}", n.saturating_sub(highest));
        }
        _ => named(set, n, out),
    }
}

/// Prints a resource limit, in multiples of 1024 if possible; `none` is the name of "no limit".
pub fn limit(none: &str, n: u64, width: usize, out: &mut String) {
    let all = if width == 4 { u32::MAX.into() } else { u64::MAX };
    let _ = match n {
        _ if n == all => write!(out, "{none}"),
        1025.. if n % 1024 == 0 => write!(out, "{}*1024", n / 1024),
        _ => write!(out, "{n}"),
    };
}
