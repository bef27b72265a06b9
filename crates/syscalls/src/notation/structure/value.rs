//! One member in, its value out: numbers, names, arrays and structures within.

use std::fmt::Write;

use super::list::List;
use super::number::{inet6, plain};
use super::symbols::{capabilities, flagged, limit, named, numbered, remarked, terminal};
use super::{Side, quote, told};
use crate::notation::register;
use crate::{Content, Member, Plain, Structure, word};

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
    let counted = whole.get(..length).unwrap_or(whole);
    match member.content {
        Content::Plain(Plain::Text) => quote::text(whole, out),
        Content::Plain(Plain::String) => quote::quoted(counted, out),
        Content::Plain(Plain::Bytes) => quote::hex(counted, out),
        Content::Plain(Plain::Mac) => quote::mac(counted, out),
        _ if count == 0 => elements(member, bytes, (whole.len() / member.width, length), side, out),
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
        Content::Inet6(to) => inet6(raw, to, out),
        Content::Limit(none) => limit(none, n, member.width, out),
        Content::Bits { remarks, .. } => remarked(*remarks, n, out),
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
