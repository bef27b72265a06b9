//! Files behind descriptors in the memory of arguments, behind their numbers in its text.

use syscalls::{Argument, Kind};

use crate::decode::{Event, OpenFile};

/// Separator of memory before the call and after it.
const AFTER: &str = "] => [";

/// Appends the file of an argument to its text, which begins at the byte `start` of `out`, or inserts those of the
/// descriptors in its memory.
pub fn append_files(event: &Event, one: &Argument<'_>, start: usize, out: &mut String) {
    if let Some(file) = event.file_of(one) {
        super::open_file(file, out);
    }
    name_members(one.parameter.kind, event.files_within(one), start, out);
}

/// Inserts `</tmp/a>` behind each descriptor in `text`, from the byte `start` on: the memory of an argument of that
/// kind. Descriptors are the numbers of a list, or members of that name in structures; in structures as they are after
/// the call, the same ones have no name again.
fn name_members<'e>(
    kind: Kind,
    files: impl Iterator<Item = (i32, &'e OpenFile<'e>)>,
    start: usize,
    text: &mut String,
) {
    let files: Vec<_> = files.collect();
    if files.is_empty() {
        return;
    }
    let plain = text.split_off(start);
    let (mut rest, after) = match plain.find(AFTER) {
        Some(at) => plain.split_at(at),
        None => (plain.as_str(), ""),
    };
    while let Some((before, number, after)) = next_number(rest) {
        text.push_str(before);
        text.push_str(number);
        let is_one = match kind {
            Kind::Struct(_) => before.ends_with("{fd="),
            _ => before.ends_with(['[', ' ']),
        };
        let known = files.iter().find(|(known, _)| number.parse() == Ok(*known));
        if let Some((_, file)) = known.filter(|_| is_one) {
            super::open_file(file, text);
        }
        rest = after;
    }
    text.extend([rest, after]);
}

/// Returns the text before, in and after the first number.
fn next_number(text: &str) -> Option<(&str, &str, &str)> {
    let begin = text.find(|c: char| c.is_ascii_digit())?;
    let (before, rest) = text.split_at_checked(begin)?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (number, after) = rest.split_at_checked(end)?;
    Some((before, number, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::FileKind;

    #[test]
    fn name_members_appends_files_to_descriptors() {
        let file = |inode| OpenFile { inode, kind: FileKind::Pipe };
        let (three, five) = (file(7), file(8));
        for (kind, text, expected) in [
            (
                Kind::Struct("pollfd"),
                "[{fd=3, events=POLLIN|0x3}, {fd=33}, {fd=5}] => [{fd=5, revents=POLLIN}]",
                "[{fd=3<pipe:[7]>, events=POLLIN|0x3}, {fd=33}, {fd=5<pipe:[8]>}] => [{fd=5, revents=POLLIN}]",
            ),
            (Kind::Pointer(&Kind::Fd), "[3, 5]", "[3<pipe:[7]>, 5<pipe:[8]>]"),
            // Numbers below 0 are none, nor is an address.
            (Kind::Pointer(&Kind::Fd), "[4, -3]", "[4, -3]"),
            (Kind::Pointer(&Kind::Fd), "0x3", "0x3"),
        ] {
            let mut named = "3, ".to_owned() + text;
            name_members(kind, [(3, &three), (5, &five)].into_iter(), 3, &mut named);
            assert_eq!(named, "3, ".to_owned() + expected);
        }
    }
}
