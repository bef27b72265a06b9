//! Vectors of strings: the arguments and the environment of a program.

use super::bytes::with_ellipsis;
use super::primitive::register;
use crate::capture::strings_in_all;
use crate::printable::{NO_LIMIT, quoted};
use crate::{Capture, Status, Value};

/// Prints `["ls", "-l"]`, or `["ls", ... /* 300 in all */]` if not all were captured; returns whether
/// anything was.
pub fn strings<'e>(
    captures: impl Iterator<Item = &'e Capture<'e>> + Clone,
    out: &mut String,
) -> bool {
    let mut is_first = true;
    for capture in captures.clone().filter(|capture| !matches!(capture.value, Value::Number(_))) {
        out.push_str(if is_first { "[" } else { ", " });
        is_first = false;
        match capture.value {
            Value::Text(text) if capture.status.is_readable() => {
                let is_cut = capture.status.is_truncated();
                with_ellipsis(is_cut, out, |out| quoted(text, NO_LIMIT, out));
            }
            _ => out.push_str("<unreadable>"),
        }
    }
    if let Some(total) = strings_in_all(captures) {
        out.push_str(if is_first { "[... /* " } else { ", ... /* " });
        is_first = false;
        number(total, out);
        out.push_str(" in all */");
    }
    out.push_str(if is_first { "" } else { "]" });
    !is_first
}

/// Prints `0x7ffd12345678 /* 23 vars */`; returns whether the number of variables was captured.
pub fn environment<'e>(
    address: u64,
    mut captures: impl Iterator<Item = &'e Capture<'e>>,
    out: &mut String,
) -> bool {
    let Some((Value::Number(count), status)) = captures.next().map(|one| (one.value, one.status))
    else {
        return false;
    };
    register(address, out);
    out.push_str(" /* ");
    number((count, status), out);
    out.push_str(if count == 1 { " var */" } else { " vars */" });
    true
}

/// Prints a number that may be a lower bound.
fn number((count, status): (u64, Status), out: &mut String) {
    out.push_str(if status.is_truncated() { "at least " } else { "" });
    out.push_str(itoa::Buffer::new().format(count));
}
