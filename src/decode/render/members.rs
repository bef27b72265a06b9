//! Files behind descriptors in the memory of arguments, behind their numbers in its text.

use std::ops::Range;

use syscalls::{Abi, Argument, Kind, descriptor_names};

use crate::decode::{Event, OpenFile};

/// Separator of memory before the call and after it.
const AFTER: &str = "] => [";
/// Text before the descriptors that control data passes.
const RIGHTS: &str = "cmsg_type=SCM_RIGHTS, cmsg_data=";

/// Descriptor in the text of memory, and the file behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member<'e> {
    /// Number of the descriptor.
    pub number: i32,
    /// File behind it.
    pub file: &'e OpenFile<'e>,
    /// End of the number in the text.
    end: usize,
}

/// Appends the file of an argument to its text, which begins at the byte `start` of `out`, or inserts those of the
/// descriptors in its memory.
pub fn append_files(event: &Event, one: &Argument<'_>, start: usize, out: &mut String) {
    if let Some(file) = event.file_of(one) {
        super::open_file(file, out);
    }
    let within = members(event, one, out.get(start..).unwrap_or_default());
    if !within.is_empty() {
        let plain = out.split_off(start);
        insert(&within, &plain, out);
    }
}

/// Appends `plain` with `</tmp/a>` behind each of the descriptors in it.
fn insert(within: &[Member<'_>], plain: &str, out: &mut String) {
    let mut begin = 0;
    for member in within {
        out.push_str(plain.get(begin..member.end).unwrap_or_default());
        super::open_file(member.file, out);
        begin = member.end;
    }
    out.push_str(plain.get(begin..).unwrap_or_default());
}

/// Returns the descriptors in `text`, that of an argument, whose files are known.
pub fn members<'e>(event: &'e Event<'_>, one: &Argument<'_>, text: &str) -> Vec<Member<'e>> {
    let files: Vec<_> = event.files_within(one).collect();
    match Places::of(one.parameter.kind, one.abi()) {
        Some(places) if !files.is_empty() => places.find(&files, text),
        _ => Vec::new(),
    }
}

/// Places of descriptors in the text of memory.
enum Places {
    /// Numbers of a list.
    List,
    /// Members of structures that have one of these names, or memory behind them.
    Members(Vec<&'static str>),
    /// `SCM_RIGHTS` of messages.
    Rights,
}

impl Places {
    fn of(kind: Kind, abi: Abi) -> Option<Self> {
        match kind {
            Kind::Pointer(Kind::Fd) | Kind::Bits("fds") => Some(Self::List),
            Kind::Msghdr | Kind::Mmsghdr => Some(Self::Rights),
            kind => Some(Self::Members(descriptor_names(abi, kind))),
        }
    }

    /// Returns the descriptors in a text. In lists as they are after the call, the same ones have no name again.
    fn find<'e>(&self, files: &[(i32, &'e OpenFile<'e>)], text: &str) -> Vec<Member<'e>> {
        let text = match (self, text.find(AFTER)) {
            (Self::List | Self::Members(_), Some(at)) => text.get(..at).unwrap_or_default(),
            _ => text,
        };
        let member = |place: Range<usize>| {
            let (before, number) = (text.get(..place.start)?, text.get(place.clone())?);
            let known = files.iter().find(|(known, _)| number.parse() == Ok(*known));
            let (number, file) = *known.filter(|_| self.is_behind(before))?;
            Some(Member { number, file, end: place.end })
        };
        numbers(text).into_iter().filter_map(member).collect()
    }

    /// Returns whether the number behind that text is a descriptor.
    fn is_behind(&self, text: &str) -> bool {
        match self {
            Self::List => text.ends_with(['[', ' ']),
            Self::Members(names) => {
                let text = text.strip_suffix('[').unwrap_or(text);
                let is_one = |name: &&str| {
                    let before = text.strip_suffix('=').and_then(|text| text.strip_suffix(*name));
                    before.is_some_and(|text| text.ends_with(['{', ' ']))
                };
                names.iter().any(is_one)
            }
            Self::Rights => text.rsplit_once('[').is_some_and(|(before, list)| {
                before.ends_with(RIGHTS)
                    && list.chars().all(|c| c.is_ascii_digit() || [',', ' ', '-'].contains(&c))
            }),
        }
    }
}

/// Returns the places of decimal numbers outside of quotes: what is in those, the process has chosen.
fn numbers(text: &str) -> Vec<Range<usize>> {
    let (mut found, mut begin) = (Vec::new(), None);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        let is_digit = byte.is_ascii_digit() && !is_quoted;
        if is_digit {
            begin.get_or_insert(at);
        } else if let Some(begin) = begin.take() {
            found.push(begin..at);
        }
        is_quoted ^= byte == b'"' && !is_escaped;
        is_escaped = is_quoted && byte == b'\\' && !is_escaped;
    }
    found.extend(begin.map(|begin| begin..text.len()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::FileKind;

    #[test]
    fn find_returns_descriptors_of_each_kind_of_memory() {
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
            (Kind::Pointer(&Kind::Status), "[3]", "[3]"),
            (Kind::Bits("fds"), "[3 4 5] => [3]", "[3<pipe:[7]> 4 5<pipe:[8]>] => [3]"),
            (
                Kind::Pointers("submitted_iocb"),
                "[{aio_data=3, aio_fildes=3, aio_offset=5}, {aio_data=0, aio_resfd=5}]",
                "[{aio_data=3, aio_fildes=3<pipe:[7]>, aio_offset=5}, {aio_data=0, aio_resfd=5<pipe:[8]>}]",
            ),
            (
                Kind::Msghdr,
                "{msg_iov=[{iov_base=\"] => [\", iov_len=3}], msg_control=[{cmsg_len=5, cmsg_type=SCM_RIGHTS, cmsg_data=[3, -1, 5]}], msg_controllen=5}",
                "{msg_iov=[{iov_base=\"] => [\", iov_len=3}], msg_control=[{cmsg_len=5, cmsg_type=SCM_RIGHTS, cmsg_data=[3<pipe:[7]>, -1, 5<pipe:[8]>]}], msg_controllen=5}",
            ),
            // Text that a process writes looks like a descriptor.
            (
                Kind::Mmsghdr,
                "[{msg_iov=[{iov_base=\"\\\"cmsg_type=SCM_RIGHTS, cmsg_data=[3]\", iov_len=5}]}]",
                "[{msg_iov=[{iov_base=\"\\\"cmsg_type=SCM_RIGHTS, cmsg_data=[3]\", iov_len=5}]}]",
            ),
        ] {
            let mut named = "3, ".to_owned();
            let within =
                Places::of(kind, Abi::Native).unwrap().find(&[(3, &three), (5, &five)], text);
            insert(&within, text, &mut named);
            assert_eq!(named, "3, ".to_owned() + expected);
        }
    }
}
