//! Attributes (`struct nlattr`). They may contain attributes, so the functions of this file call each other.

use std::fmt::Write;

use super::context::{Context, DEPTH, remainder, rest, unknown};
use super::several::Several;
use crate::netlink::{AttributeKind, NAMELESS, netlink};
use crate::notation::bytes::{padded_uint, with_ellipsis};
use crate::notation::flags::symbol;
use crate::notation::primitive::register;
use crate::notation::quote::quoted;
use crate::notation::structure::{Phase, inet, inet6, with_layout};
use crate::{Structure, constant_set};

const HEADER: usize = 4;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const NESTED: u16 = 0x8000;
const NET_BYTE_ORDER: u16 = 0x4000;
const TYPE: u16 = 0x3fff;

/// Prints `[{nla_len=8, nla_type=IFLA_MTU}, 1500]`, with the names of a set.
pub fn attributes(context: &Context, set: &str, bytes: &[u8], out: &mut String) {
    each(context, set, bytes, out, |context, kind, value, out| {
        match netlink(context.abi).attribute(set, kind) {
            Some(known) => content(context, known, value, out),
            None => unknown(context, value, out),
        }
    });
}

/// Prints numbered attributes, each of which contains attributes of a set.
fn numbered(context: &Context, set: &str, bytes: &[u8], out: &mut String) {
    each(context, NAMELESS, bytes, out, |context, _, value, out| nested(context, set, value, out));
}

/// Prints attributes; `value` prints the value of one.
fn each(
    context: &Context,
    set: &str,
    mut bytes: &[u8],
    out: &mut String,
    value: impl Fn(&Context, u16, &[u8], &mut String),
) {
    let mut list = Several::new(out);
    let mut context = *context;
    while let Some((head, _)) = bytes.split_at_checked(HEADER) {
        let (length, kind) = head.split_at(2);
        let (length, kind) = (padded_uint(length) as usize, padded_uint(kind) as u16);
        let own = bytes.get(HEADER..length.min(bytes.len())).unwrap_or_default();
        let within = context.of_element(length, bytes);
        let mut pair = Several::new(list.item());
        header(&context, set, length, kind, pair.item());
        match own {
            [] if within.is_cut => pair.item().push_str("..."),
            [] => {}
            _ => value(&within, kind & TYPE, own, pair.item()),
        }
        pair.close();
        context = context.behind_element(length, bytes);
        bytes = rest(bytes, length, HEADER);
        if length < HEADER {
            break;
        }
    }
    remainder(&context, bytes, &mut list);
    list.close();
}

fn header(context: &Context, set: &str, length: usize, kind: u16, out: &mut String) {
    let _ = write!(out, "{{nla_len={length}, nla_type=");
    out.push_str(if kind & NESTED != 0 { "NLA_F_NESTED|" } else { "" });
    out.push_str(if kind & NET_BYTE_ORDER != 0 { "NLA_F_NET_BYTEORDER|" } else { "" });
    let kind = u64::from(kind & TYPE);
    match constant_set(context.abi, set) {
        Some(names) => symbol(names, kind, out),
        None => register(kind, out),
    }
    out.push('}');
}

/// Prints the value of an attribute of a known kind.
fn content(context: &Context, kind: &AttributeKind, value: &[u8], out: &mut String) {
    match kind {
        AttributeKind::Value(layout) => single(context, layout, value, out),
        AttributeKind::Structure(layout) => with_layout(layout, value, Phase::Exit, out),
        AttributeKind::String => text(context, value, out),
        AttributeKind::Address => address(context, value, out),
        AttributeKind::Nested(set) => nested(context, set, value, out),
        AttributeKind::List(_) if context.depth == DEPTH => unknown(context, value, out),
        AttributeKind::List(set) => {
            numbered(&Context { depth: context.depth + 1, ..*context }, set, value, out);
        }
    }
}

fn nested(context: &Context, set: &str, value: &[u8], out: &mut String) {
    if context.depth == DEPTH {
        return unknown(context, value, out);
    }
    attributes(&Context { depth: context.depth + 1, ..*context }, set, value, out);
}

/// Prints the only member of a structure; as bytes if they are too few for it.
fn single(context: &Context, layout: &Structure, value: &[u8], out: &mut String) {
    let size = if layout.is_variable_length() { value.len() } else { layout.size() };
    match value.get(..size) {
        Some(own) => with_ellipsis(context.is_cut, out, |out| {
            with_layout(layout, own, Phase::Exit, out);
        }),
        None => unknown(context, value, out),
    }
}

/// Prints a text without the NUL at its end; an ellipsis marks one without a NUL.
fn text(context: &Context, value: &[u8], out: &mut String) {
    let whole = value.strip_suffix(b"\0").filter(|_| !context.is_cut);
    with_ellipsis(whole.is_none(), out, |out| quoted(whole.unwrap_or(value), out));
}

/// Prints an address of the family of the message.
fn address(context: &Context, value: &[u8], out: &mut String) {
    match (context.family, value.len()) {
        (AF_INET, 4) => inet(value, out),
        (AF_INET6, 16) => {
            inet6(value, out);
            out.push(')');
        }
        _ => unknown(context, value, out),
    }
}
