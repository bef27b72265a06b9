//! Contents of a message behind its header: a structure with attributes behind it, or an acknowledgement. Messages
//! may contain messages, so the functions of this file call each other.

use super::attributes::attributes;
use super::context::{Context, DEPTH, rest, unknown};
use super::header::{Control, Header};
use super::several::Several;
use crate::Structure;
use crate::netlink::{Body, netlink};
use crate::notation::bytes::{padded_uint, with_ellipsis};
use crate::notation::quote::quoted;
use crate::notation::register::register_value;
use crate::notation::structure::{Phase, with_layout};

/// Names of the attributes of an acknowledgement.
const ACKNOWLEDGEMENT: &str = "nlmsgerr";

/// Prints a message: its header alone, or a list of header and body.
pub fn message(context: &Context, header: &Header, bytes: &[u8], out: &mut String) {
    let body = bytes.get(Header::SIZE..).unwrap_or_default();
    let protocol = context.protocol.and_then(|one| netlink(context.abi).protocol(one));
    let protocol = protocol.filter(|_| header.control().is_none());
    let family = body.first().copied();
    let form = protocol.and_then(|one| one.form(header.kind(), header.is_request(), family));
    let context = Context { family: family.unwrap_or_default(), ..*context };
    let mut list = Several::new(out);
    header.print(&context, form.map(|form| form.flags), list.item());
    match (header.control(), form.map(|form| form.body)) {
        _ if body.is_empty() => {
            if context.is_cut {
                list.item().push_str("...");
            }
        }
        (Some(Control::Error), _) if body.len() >= 4 => {
            acknowledgement(&context, header, body, list.item());
        }
        (Some(Control::Done), _) if body.len() == 4 => number(body, list.item()),
        (_, Some(Body::Text)) => {
            with_ellipsis(context.is_cut, list.item(), |out| quoted(body, out));
        }
        (_, Some(Body::Structure(layout, set))) => {
            laid_out(&context, (layout, set), body, &mut list);
        }
        _ => unknown(&context, body, list.item()),
    }
    list.close();
}

/// Prints the structure at the beginning of a body, and the attributes behind it.
fn laid_out(
    context: &Context,
    (layout, set): (&'static Structure, Option<&'static str>),
    body: &[u8],
    list: &mut Several<'_>,
) {
    let size = if layout.is_variable_length() { body.len() } else { layout.size() };
    let own = body.get(..size).unwrap_or(body);
    with_layout(layout, own, Phase::Exit, list.item());
    let behind = rest(body, size, 0);
    match set {
        // The ellipsis of a structure that was cut stands within it.
        _ if body.len() < size => {}
        Some(set) if !behind.is_empty() => attributes(context, set, behind, list.item()),
        None if behind.iter().any(|byte| *byte != 0) => unknown(context, behind, list.item()),
        _ if context.is_cut => list.item().push_str("..."),
        _ => {}
    }
}

/// Prints `{error=-ENOENT, msg=...}` and the attributes behind it.
fn acknowledgement(context: &Context, header: &Header, body: &[u8], out: &mut String) {
    let (error, about) = body.split_at_checked(4).unwrap_or_default();
    let mut list = Several::new(out);
    let out = list.item();
    out.push_str("{error=");
    register_value(crate::Kind::Error, padded_uint(error), context.abi, out);
    let inner = Header::parse(about).filter(|_| context.depth < DEPTH);
    let length = match inner {
        Some(inner) if !header.is_capped() => inner.length,
        _ => Header::SIZE,
    };
    let own = about.get(..length.max(Header::SIZE)).unwrap_or(about);
    if let Some(inner) = inner {
        let within = Context { depth: context.depth + 1, ..context.of_element(length, about) };
        out.push_str(", msg=");
        message(&within, &inner, own, out);
    } else if !about.is_empty() || context.is_cut {
        out.push_str(", ...");
    }
    out.push('}');
    let behind = rest(about, length, Header::SIZE);
    let context = context.behind_element(length, about);
    if context.is_cut || header.has_attributes() && !behind.is_empty() {
        attributes(&context, ACKNOWLEDGEMENT, behind, list.item());
    }
    list.close();
}

fn number(bytes: &[u8], out: &mut String) {
    out.push_str(itoa::Buffer::new().format(padded_uint(bytes) as i32));
}
