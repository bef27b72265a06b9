//! Parts of sentences that several kinds of record share.

use std::fmt::Write;

use syscalls::printable::{self, NO_LIMIT};

/// Number of items that a sentence names; it counts the rest. The fields of the record have all.
const ITEMS_MAX: usize = 8;

/// Bytes of a sentence. 80 columns by 25 lines are 2000; a longer sentence scrolls the one before it
/// away.
pub const SENTENCE_MAX: usize = 2000;

/// Appends what `write` makes, cut to the maximum length of a sentence.
pub fn cut(out: &mut String, write: impl FnOnce(&mut String)) {
    let start = out.len();
    write(out);
    printable::cut(out, start, SENTENCE_MAX);
}

/// Appends the first items, and how many more there are.
pub fn items(items: &[String], separator: &str, out: &mut String) {
    for (position, item) in items.iter().take(ITEMS_MAX).enumerate() {
        out.push_str(if position > 0 { separator } else { "" });
        printable::plain(item, NO_LIMIT, out);
    }
    if items.len() > ITEMS_MAX {
        let _ = write!(out, "{separator}and {} more", items.len() - ITEMS_MAX);
    }
}

/// Appends the routes that have no function in this kernel, if there are any.
pub fn unattached(routes: &[String], out: &mut String) {
    if !routes.is_empty() {
        out.push_str("; not attached, because this kernel has no function for it: ");
        items(routes, ", ", out);
    }
}

/// Appends the unit that something happened in.
pub fn unit(unit: &str, out: &mut String) {
    out.push_str(" in ");
    printable::quoted_if_needed(unit.as_bytes(), NO_LIMIT, out);
}

/// Returns the word for `count` things.
pub fn plural<'a>(count: u64, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}
