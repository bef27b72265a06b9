//! One member in, its value out: numbers, names, arrays and structures within.

use std::fmt::Write;

use super::list::List;
use super::number::plain;
use super::{Side, quote, told};
use crate::decode::render::{flags, register};
use crate::syscalls::{Content, Member, Plain, Set, Structure, word};

/// All of its elements.
pub fn value(layout: &Structure, member: &Member, bytes: &[u8], side: Side, out: &mut String) {
    let Some(count) = member.count else {
        return element(member, bytes, 0, side, out);
    };
    let whole = match count {
        0 => bytes.get(member.offset..).unwrap_or_default(),
        _ => bytes.get(member.offset..member.end()).unwrap_or_default(),
    };
    let length = member.length.and_then(|name| layout.number(bytes, name));
    let length = length.and_then(|length| usize::try_from(length).ok()).unwrap_or(usize::MAX);
    match member.content {
        Content::Plain(Plain::Text) => quote::text(whole, out),
        Content::Plain(Plain::Bytes) => {
            quote::hex(whole.get(..length.min(whole.len())).unwrap_or_default(), out);
        }
        Content::Plain(Plain::Mac) => quote::mac(whole, out),
        _ => elements(member, bytes, (count, length), side, out),
    }
}

/// As many of the elements as there are; more of them than there is place for are said to be there.
fn elements(
    member: &Member,
    bytes: &[u8],
    (count, length): (usize, usize),
    side: Side,
    out: &mut String,
) {
    let mut list = List::open("[", out);
    for index in 0..count.min(length) {
        let out = list.item();
        match (member.width, member.number(bytes, index)) {
            // In a list of bytes strace tells a 0 by two digits.
            (1, Some(0)) => out.push_str("00"),
            _ => element(member, bytes, index, side, out),
        }
    }
    if length > count && length != usize::MAX {
        list.item().push_str("...");
    }
    list.close("]");
}

fn element(member: &Member, bytes: &[u8], index: usize, side: Side, out: &mut String) {
    let raw = member.bytes(bytes, index).unwrap_or_default();
    let n = member.number(bytes, index).unwrap_or_default();
    match &member.content {
        Content::Struct(nested) => told(nested, raw, side, out),
        Content::Plain(kind) => plain(*kind, n, raw, out),
        Content::Flags(set) => flagged(set, n, out),
        Content::Enum(set) => named(set, n, out),
        Content::Name(set) => match set.symbol(n) {
            Some(symbol) => out.push_str(symbol),
            None => register(n, out),
        },
        Content::Capabilities(set) => capabilities(set, n, out),
        Content::Terminal(sets) => terminal(sets, n, out),
        Content::NetEnum(set) => ordered("htons", |out| named(set, swapped(raw), out), out),
        Content::LeEnum(set) => ordered("htobs", |out| numbered(set, n, out), out),
        Content::Limit(none) => limit(none, n, member.width, out),
        Content::Bits { remarks, .. } => remarked(*remarks, n, out),
    }
}

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

fn remarked(remarks: Option<&Set>, n: u64, out: &mut String) {
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
fn terminal(sets: &[&'static Set], n: u64, out: &mut String) {
    let mut rest = n;
    for set in sets {
        let bits = if set.mask() == 0 { rest } else { n & set.mask() };
        rest &= !set.mask();
        match bits {
            0 if set.mask() == 0 => {}
            _ if set.mask() == 0 => flagged(set, bits, out),
            _ => {
                named(set, bits, out);
                out.push('|');
            }
        }
    }
}

/// Above the last name, how far above it.
fn numbered(set: &Set, n: u64, out: &mut String) {
    match set.highest() {
        Some((symbol, highest)) if n > highest => {
            let _ = write!(out, "{symbol}+{}", n.saturating_sub(highest));
        }
        _ => named(set, n, out),
    }
}

fn ordered(function: &str, value: impl FnOnce(&mut String), out: &mut String) {
    let _ = write!(out, "{function}(");
    value(out);
    out.push(')');
}

/// Two bytes in the order of the network.
fn swapped(raw: &[u8]) -> u64 {
    word(raw).and_then(|n| u16::try_from(n).ok()).map_or(0, |n| u16::from_be(n).into())
}

/// A limit of a resource: in multiples of 1024 where it is one.
fn limit(none: &str, n: u64, width: usize, out: &mut String) {
    let all = if width == 4 { u32::MAX.into() } else { u64::MAX };
    let _ = match n {
        _ if n == all => write!(out, "{none}"),
        1025.. if n % 1024 == 0 => write!(out, "{}*1024", n / 1024),
        _ => write!(out, "{n}"),
    };
}
