//! Vectors of strings: the arguments and the environment of a program.

use super::bytes::with_ellipsis;
use super::primitive::register;
use crate::printable::{NO_LIMIT, quoted};
use crate::{Capture, Value};

/// Prints `["ls", "-l"]`, or `["ls", ... /* 300 in all */]` if not all were captured; returns whether
/// anything was.
pub fn strings<'e>(
    captures: impl Iterator<Item = &'e Capture<'e>> + Clone,
    out: &mut String,
) -> bool {
    let mut printed = 0;
    for capture in captures.clone().filter(|capture| !matches!(capture.value, Value::Number(_))) {
        out.push_str(if printed > 0 { ", " } else { "[" });
        printed += 1;
        match capture.value {
            Value::Text(text) if capture.status.is_readable() => {
                let is_cut = capture.status.is_truncated();
                with_ellipsis(is_cut, out, |out| quoted(text, NO_LIMIT, out));
            }
            _ => out.push_str("<unreadable>"),
        }
    }
    let total = captures.into_iter().find_map(|capture| match capture.value {
        Value::Number(count) if count > printed => Some(count),
        _ => None,
    });
    if let Some(count) = total {
        out.push_str(if printed > 0 { ", " } else { "[" });
        out.extend(["... /* ", itoa::Buffer::new().format(count), " in all */"]);
    }
    let is_captured = printed > 0 || total.is_some();
    out.push_str(if is_captured { "]" } else { "" });
    is_captured
}

/// Prints `0x7ffd12345678 /* 23 vars */`; returns whether the number of variables was captured.
pub fn environment<'e>(
    address: u64,
    mut captures: impl Iterator<Item = &'e Capture<'e>>,
    out: &mut String,
) -> bool {
    let Some(Value::Number(count)) = captures.next().map(|capture| capture.value) else {
        return false;
    };
    register(address, out);
    let unit = if count == 1 { " var */" } else { " vars */" };
    out.extend([" /* ", itoa::Buffer::new().format(count), unit]);
    true
}
