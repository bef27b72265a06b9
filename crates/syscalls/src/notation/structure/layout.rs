//! Structures by their layout: members, arrays and structures within. Members contain structures, so the
//! functions of this file call each other.

use std::fmt::Write;

use super::list::List;
use super::number::{inet6_to, member_value};
use super::phase::Phase;
use super::symbols::{
    capabilities, commented, flagged, limit, members_of, named, numbered, terminal,
};
use crate::notation::bytes::with_ellipsis;
use crate::notation::primitive::{hex_bytes, register};
use crate::notation::quote;
use crate::{Abi, Format, Member, MemberKind, Structure, Visibility, native_uint};

/// Prints a structure by its layout; as bytes if there is none, or an opaque one.
pub fn laid_out(abi: Abi, name: &str, bytes: &[u8], phase: Phase, out: &mut String) {
    match crate::structure(abi, name) {
        Some(layout) if !layout.is_opaque() => with_layout(layout, bytes, phase, out),
        _ => hex_bytes(bytes, out),
    }
}

/// Prints a structure: in braces, in brackets if its layout is a list, bare if it is a value without a
/// name.
pub fn with_layout(layout: &Structure, bytes: &[u8], phase: Phase, out: &mut String) {
    let (open, close) = match layout.members() {
        _ if layout.is_list() => ("[", "]"),
        [member] if member.name.is_empty() => ("", ""),
        _ => ("{", "}"),
    };
    let mut list = List::open(open, out);
    members(layout, bytes, phase, &mut list);
    list.close(close);
}

/// Prints a structure in braces, its members by `write`; as their values where that returns false.
pub fn with_members(
    layout: &Structure,
    bytes: &[u8],
    phase: Phase,
    out: &mut String,
    write: impl Fn(&Member, &mut String) -> bool,
) {
    let mut list = List::open("{", out);
    members_by(layout, bytes, phase, &mut list, |member, out| {
        if !write(member, out) {
            value(layout, member, bytes, phase, out);
        }
    });
    list.close("}");
}

/// Adds the members that are printed in that phase and complete.
pub fn members(layout: &Structure, bytes: &[u8], phase: Phase, list: &mut List) {
    members_by(layout, bytes, phase, list, |member, out| value(layout, member, bytes, phase, out));
}

fn members_by(
    layout: &Structure,
    bytes: &[u8],
    phase: Phase,
    list: &mut List,
    write: impl Fn(&Member, &mut String),
) {
    let extent = layout.extent(bytes);
    for member in layout.members().iter().filter(|member| is_visible(member.visibility, phase)) {
        // The kernel takes no more than the structure claims to have.
        if extent.is_some_and(|extent| member.end() > extent) && member.count != Some(0) {
            return;
        }
        if member.end() > bytes.len() {
            return if !member.is_optional {
                list.item().push_str("...")
            };
        }
        if member.is_present(layout, bytes) {
            let out = list.item();
            if !member.name.is_empty() {
                out.push_str(member.name);
                out.push('=');
            }
            write(member, out);
        }
    }
    let extent = extent.unwrap_or(bytes.len());
    let rest = bytes.get(layout.size()..extent.min(bytes.len())).unwrap_or_default();
    let is_cut = extent > bytes.len() && !layout.is_variable_length();
    if layout.has_more()
        || is_cut
        || rest.iter().any(|byte| *byte != 0) && !layout.is_variable_length()
    {
        list.item().push_str("...");
    }
}

fn is_visible(visibility: Visibility, phase: Phase) -> bool {
    match visibility {
        Visibility::Always => true,
        Visibility::Entry => phase == Phase::Entry,
        Visibility::Exit => phase == Phase::Exit,
        Visibility::Never => false,
    }
}

/// Prints a member, all elements of an array.
pub fn value(layout: &Structure, member: &Member, bytes: &[u8], phase: Phase, out: &mut String) {
    let Some(count) = member.count else {
        return element(member, bytes, 0, phase, out);
    };
    let whole = match count {
        0 => bytes.get(member.offset..).unwrap_or_default(),
        _ => bytes.get(member.offset..member.end()).unwrap_or_default(),
    };
    let length = member.length.and_then(|name| layout.number(bytes, name));
    let length = length.and_then(|length| usize::try_from(length).ok()).unwrap_or(usize::MAX);
    let counted = whole.get(..length).unwrap_or(whole);
    match member.kind {
        MemberKind::Plain(Format::Text) => quote::text(whole, out),
        MemberKind::Plain(Format::String) => quote::quoted(counted, out),
        MemberKind::Plain(Format::Bytes) => {
            let is_cut = member.length.is_some() && length > whole.len();
            with_ellipsis(is_cut, out, |out| quote::hex(counted, out));
        }
        MemberKind::Plain(Format::Mac) => quote::mac(counted, out),
        _ if count == 0 => {
            elements(member, bytes, (whole.len() / member.width, length), phase, out)
        }
        _ => elements(member, bytes, (count, length), phase, out),
    }
}

/// Prints the valid elements of an array; an ellipsis follows if the structure claims more than fit.
fn elements(
    member: &Member,
    bytes: &[u8],
    (count, length): (usize, usize),
    phase: Phase,
    out: &mut String,
) {
    let mut list = List::open("[", out);
    for index in 0..count.min(length) {
        let out = list.item();
        match (member.width, member.number(bytes, index)) {
            // strace prints a 0 in a list of bytes by two digits.
            (1, Some(0)) => out.push_str("00"),
            _ => element(member, bytes, index, phase, out),
        }
    }
    if length > count && length != usize::MAX {
        list.item().push_str("...");
    }
    list.close("]");
}

fn element(member: &Member, bytes: &[u8], index: usize, phase: Phase, out: &mut String) {
    let raw = member.bytes(bytes, index).unwrap_or_default();
    let n = member.number(bytes, index).unwrap_or_default();
    match &member.kind {
        MemberKind::Struct(nested) => with_layout(nested, raw, phase, out),
        MemberKind::Plain(format) => member_value(*format, n, raw, out),
        MemberKind::Flags(set) => flagged(set, n, out),
        MemberKind::Enum(set) => named(set, n, out),
        MemberKind::Name(set) => match set.symbol(n) {
            Some(symbol) => out.push_str(symbol),
            None => register(n, out),
        },
        MemberKind::Capabilities(set) => capabilities(set, n, out),
        MemberKind::Members(set) => members_of(set, n, out),
        MemberKind::Terminal(sets) => terminal(sets, n, out),
        MemberKind::NetEnum(set) => {
            converted("htons", |out| named(set, from_network(raw), out), out)
        }
        MemberKind::LeEnum(set) => converted("htobs", |out| numbered(set, n, out), out),
        MemberKind::Inet6(to) => inet6_to(raw, to, out),
        MemberKind::Limit(none) => limit(none, n, member.width, out),
        MemberKind::Bits { remarks, .. } => commented(*remarks, n, out),
    }
}

/// Prints the call that converts a value to its byte order.
fn converted(function: &str, value: impl FnOnce(&mut String), out: &mut String) {
    let _ = write!(out, "{function}(");
    value(out);
    out.push(')');
}

/// Converts two bytes in network byte order to a number.
fn from_network(raw: &[u8]) -> u64 {
    native_uint(raw).and_then(|n| u16::try_from(n).ok()).map_or(0, |n| u16::from_be(n).into())
}
