//! Files behind descriptors: in the journal and in sentences behind the number, `3</etc/passwd>`; in JSON a table, so
//! that numbers stay numbers.

use syscalls::notation::int;
use syscalls::{Argument, notation};

use crate::decode::{Event, KnownCall, OpenFile, is_cwd, render};
use crate::handlers::FieldKind;
use crate::output::fields::{Fields, TableCell};
use crate::output::key::Key;
use crate::output::scratch::Scratch;

/// Name of the result in the table.
const RESULT: &str = "result";

/// Returns the position of an argument that is a descriptor.
fn position(one: &Argument<'_>) -> Option<u8> {
    one.position().filter(|_| one.parameter.is_descriptor())
}

/// Returns whether only a part of the file's name is known, or the event had no room for it.
pub fn is_cut(event: &Event, one: &Argument<'_>) -> bool {
    let is_directory = one.parameter.is_directory() && is_cwd(Some(one.register));
    let is_one = is_directory || int(one.register) >= 0;
    position(one).is_some_and(|position| event.files.is_cut(position, is_one))
}

/// Returns whether the file could not be read.
pub fn is_unreadable(event: &Event, one: &Argument<'_>) -> bool {
    position(one).is_some_and(|position| event.files.is_unreadable(position))
}

/// Returns whether the file of an argument, or of a descriptor in its memory, is known.
pub fn has(event: &Event, one: &Argument<'_>) -> bool {
    event.file_of(one).is_some() || event.files_within(one).next().is_some()
}

/// Appends the file of a field that a handler declares.
pub fn append_to_field(event: &Event, kind: FieldKind, out: &mut String) {
    let first = || syscalls::descriptor_arguments(event.slot).next();
    let position = (kind == FieldKind::Dirfd).then(first).flatten();
    if let Some(file) = position.and_then(|position| event.files.of(position)) {
        render::open_file(file, out);
    }
}

/// Writes the table of files, if the output has one.
pub fn write(event: &Event, scratch: &mut Scratch, out: &mut impl Fields) {
    if event.files.is_empty() || !out.has(Key::Fds) {
        return;
    }
    let known = named(event);
    let ((), texts) = scratch.texts(|texts, ends| {
        for (_, _, file) in &known {
            let mut text = String::new();
            render::bare(file, &mut text);
            texts.extend_from_slice(text.as_bytes());
            ends.push(texts.len());
        }
    });
    if !known.is_empty() {
        let places = known.iter().map(|(name, fd, _)| (*name, *fd));
        out.rows(Key::Fds, places.zip(texts).map(|(place, text)| row(place, text)));
    }
}

fn row<'v>(
    (name, fd): (&'v str, Option<u64>),
    text: &'v [u8],
) -> [(&'static str, TableCell<'v>); 3] {
    let fd = fd.map_or(TableCell::Absent, TableCell::Count);
    [("argument", TableCell::Word(name)), ("fd", fd), ("file", TableCell::Bytes(text))]
}

/// Name of an argument, number of a descriptor in its memory, and the file.
type NamedFile<'e> = (&'e str, Option<u64>, &'e OpenFile<'e>);

/// Returns the files of the event, with the names of their arguments.
fn named<'e>(event: &'e Event<'_>) -> Vec<NamedFile<'e>> {
    let call = event.known_call();
    let mut names = vec![];
    for one in call.iter().flat_map(KnownCall::arguments) {
        let name = one.parameter.name;
        names.extend(event.file_of(&one).map(|file| (name, None, file)));
        if event.files_within(&one).next().is_some() {
            let mut text = String::new();
            notation::argument_with_memory(&one, &mut text);
            let within = render::members(event, &one, &text).into_iter();
            names.extend(within.map(|one| (name, u64::try_from(one.number).ok(), one.file)));
        }
    }
    names.extend(event.handler.fields.iter().filter_map(|field| {
        let position = syscalls::descriptor_arguments(event.slot).next()?;
        let is_one = field.kind == FieldKind::Dirfd;
        Some((field.name.as_str(), None, event.files.of(position).filter(|_| is_one)?))
    }));
    names.extend(event.file_of_result().map(|file| (RESULT, None, file)));
    names
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use syscalls::{Abi, Capture, Moment, Part, Slot, Status, Value, number};

    use super::*;
    use crate::decode::{Descriptor, FileKind, KernelPath, OpenFiles, OpenSocket, SocketFamily};
    use crate::handlers::{Field, Handler, Role};
    use crate::output::{journal_entry, json_line, samples};

    const ETC: KernelPath<'static> = KernelPath {
        names: b"etc\0",
        status: Status::Ok,
        is_deleted: false,
        is_unreachable: false,
        is_pseudo: false,
    };
    const RESULT: u8 = Descriptor::RESULT;

    fn descriptor(position: u8, path: KernelPath<'static>) -> Descriptor<'static> {
        let file = Some(OpenFile { inode: 7, kind: FileKind::Path(path) });
        Descriptor {
            position,
            status: path.status,
            file: file.filter(|_| path.status.is_readable()),
        }
    }

    /// Returns an `openat` from the descriptor 3 that returned 4, as JSON and as an entry of the journal.
    fn outputs(files: &[Descriptor<'static>]) -> (Json, String) {
        let handler = samples::plain_handler();
        let mut all = OpenFiles::new(true);
        assert!(files.iter().all(|one| all.add(*one)));
        let (outcome, args) = (Some(samples::returned(4)), [3, 0x7ffd_1234, 0, 0, 0, 0]);
        let event = Event { args, files: all, outcome, ..samples::openat(&handler) };
        let (mut line, mut scratch) = (Vec::new(), Scratch::new());
        json_line(&samples::record(&event, None), &mut scratch, &mut line);
        let mut entry = Vec::new();
        journal_entry(&samples::record(&event, None), &mut scratch, &mut entry);
        (serde_json::from_slice(&line).unwrap(), String::from_utf8_lossy(&entry).into_owned())
    }

    #[test]
    fn write_has_names_of_descriptors_behind_numbers_and_in_table() {
        let gone = KernelPath { names: b"a\0etc\0", is_deleted: true, ..ETC };
        let (json, entry) = outputs(&[descriptor(0, ETC), descriptor(RESULT, gone)]);
        let fds = json!([
            {"argument": "dfd", "file": "/etc"},
            {"argument": "result", "file": "/etc/a (deleted)"},
        ]);
        assert_eq!(json["fds"], fds);
        assert_eq!((&json["args"]["dfd"], &json["result"]), (&json!("3"), &json!(4)));
        let message = json["message"].as_str().unwrap();
        assert!(message.starts_with("openat(3</etc>, "), "{message}");
        assert!(message.ends_with(" = 4</etc/a>(deleted)"), "{message}");
        assert!(entry.contains("dfd=3</etc>\n") && entry.contains("4</etc/a>(deleted)\n"));
        assert_eq!((&json["truncated"], &json["unreadable"]), (&Json::Null, &Json::Null));
    }

    #[test]
    fn write_names_descriptors_that_are_lacking() {
        let unreadable = |errno| KernelPath { status: Status::Unreadable { errno }, ..ETC };
        let cut = KernelPath { status: Status::Truncated { length: None }, ..ETC };
        let dfd = json!(["dfd"]);
        for (files, truncated, unreadable) in [
            (vec![], dfd.clone(), Json::Null),
            (vec![descriptor(0, cut)], dfd.clone(), Json::Null),
            (vec![descriptor(0, unreadable(11))], Json::Null, dfd),
            (vec![descriptor(0, unreadable(9))], Json::Null, Json::Null),
        ] {
            let (json, entry) = outputs(&files);
            assert_eq!((&json["truncated"], &json["unreadable"]), (&truncated, &unreadable));
            let name = if files == [descriptor(0, cut)] { "dfd=3<.../etc>\n" } else { "dfd=3\n" };
            assert!(entry.contains(name), "{entry}");
        }
    }

    #[test]
    fn write_has_working_directory_behind_its_number() {
        let handler = samples::plain_handler();
        let cwd = KernelPath { names: b"srv\0", ..ETC };
        for (has_base, is_wanted, expected) in [
            (true, true, Some("AT_FDCWD</srv>")),
            (false, true, Some("AT_FDCWD")),
            (true, false, Some("AT_FDCWD")),
        ] {
            let (mut files, args) = (OpenFiles::new(is_wanted), [-100_i64 as u64, 1, 0, 0, 0, 0]);
            let event = samples::openat(&handler);
            if has_base {
                files.add_cwd(event.slot, &args, &cwd);
            }
            let event = Event { args, files, ..event };
            let text = crate::output::sentence(&event);
            assert_eq!(
                text.strip_prefix("openat(").and_then(|text| text.split(", ").next()),
                expected
            );
            let mut line = Vec::new();
            json_line(&samples::record(&event, None), &mut Scratch::new(), &mut line);
            let json: Json = serde_json::from_slice(&line).unwrap();
            let file = json!([{"argument": "dfd", "file": "/srv"}]);
            assert_eq!(json["fds"], if has_base && is_wanted { file } else { Json::Null });
            assert_eq!(
                json["truncated"],
                if has_base || !is_wanted { Json::Null } else { json!(["dfd"]) }
            );
        }
    }

    #[test]
    fn write_has_descriptors_in_memory_with_their_numbers() {
        let handler = samples::plain_handler();
        let slot = Slot::new(Abi::Native, number(Abi::Native, "pipe2").unwrap()).unwrap();
        let (part, moment, status) = (Part::Whole, Moment::Return, Status::Ok);
        let pair = [[3, 0, 0, 0], [4, 0, 0, 0]].concat();
        let capture = Capture { index: 0, part, moment, value: Value::Bytes(&pair), status };
        let mut files = OpenFiles::new(true);
        let file = Some(OpenFile { inode: 9, kind: FileKind::Pipe });
        files.add_member(4, Descriptor { position: 0, status, file });
        let (outcome, args) = (Some(samples::returned(0)), [0x1000, 0, 0, 0, 0, 0]);
        let event = Event { slot, files, outcome, args, ..samples::event(&handler, vec![capture]) };
        let text = crate::output::sentence(&event);
        assert!(text.starts_with("pipe2([3, 4<pipe:[9]>], 0) by "), "{text}");
        let mut line = Vec::new();
        json_line(&samples::record(&event, None), &mut Scratch::new(), &mut line);
        let json: Json = serde_json::from_slice(&line).unwrap();
        assert_eq!(json["fds"], json!([{"argument": "fildes", "fd": 4, "file": "pipe:[9]"}]));
        assert_eq!(json["args"]["fildes"], json!("[3, 4]"));
    }

    #[test]
    fn messages_of_netlink_have_types_of_the_protocol_behind_the_descriptor() {
        let handler = samples::plain_handler();
        let message = [&16_u32.to_ne_bytes()[..], &[18, 0, 1, 0], &[0; 8]].concat();
        let slot = Slot::new(Abi::Native, number(Abi::Native, "sendto").unwrap()).unwrap();
        let family = SocketFamily::Netlink(0, 9);
        let kind = FileKind::Socket(OpenSocket { protocol: b"NETLINK", family });
        let file = Some(OpenFile { inode: 7, kind });
        let mut files = OpenFiles::new(true);
        assert!(files.add(Descriptor { position: 0, status: Status::Ok, file }));
        for (files, expected) in [(files, "RTM_GETLINK"), (OpenFiles::default(), "\\20")] {
            let (part, moment, status) = (Part::Whole, Moment::Entry, Status::Ok);
            let capture = Capture { index: 1, part, moment, value: Value::Bytes(&message), status };
            let args = [3, 0x1000, 16, 0, 0, 0];
            let event = Event { slot, files, args, ..samples::event(&handler, vec![capture]) };
            let text = crate::output::sentence(&event);
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn append_to_field_has_directory_of_execveat() {
        let field = Field { name: "dirfd".into(), kind: FieldKind::Dirfd, role: Role::None };
        let messages = vec!["in {dirfd}".to_owned()];
        let handler = Handler { fields: vec![field], messages, ..samples::handler() };
        let (part, moment, status) = (Part::Whole, Moment::Entry, Status::Ok);
        let capture = Capture { index: 0, part, moment, value: Value::Number(3), status };
        let slot = Slot::new(Abi::Native, number(Abi::Native, "execveat").unwrap()).unwrap();
        let mut files = OpenFiles::new(true);
        assert!(files.add(descriptor(0, ETC)));
        let event = Event { slot, files, ..samples::event(&handler, vec![capture]) };
        let text = crate::output::sentence(&event);
        assert!(text.starts_with("in 3</etc> by "), "{text}");
        let (mut line, mut scratch) = (Vec::new(), Scratch::new());
        json_line(&samples::record(&event, None), &mut scratch, &mut line);
        let json: Json = serde_json::from_slice(&line).unwrap();
        assert_eq!(json["fds"], json!([{"argument": "dirfd", "file": "/etc"}]));
        assert_eq!(json["args"]["dirfd"], json!("3"));
    }
}
