//! Paths of the kernel, and the paths that a call passes, as fields.

use crate::decode::{Event, JoinedPath, KernelPath};
use crate::output::fields::Fields;
use crate::output::key::Key;
use crate::output::scratch::Scratch;

/// Names of fields of which something is missing.
#[derive(Debug, Default)]
pub struct Lacking<'e> {
    /// Fields that are cut.
    pub truncated: Vec<&'e str>,
    /// Fields that could not be read.
    pub unreadable: Vec<&'e str>,
}

/// The name of a path in the list of those that are cut; its field has all of them.
const PATH: &str = "path";

/// Writes the executable, the working directory, the root and the paths. Adds those that are not whole to `lacking`.
pub fn write(
    event: &Event,
    lacking: &mut Lacking<'_>,
    scratch: &mut Scratch,
    out: &mut impl Fields,
) {
    let names = &event.names;
    for (key, path) in [(Key::Exe, names.exe), (Key::Cwd, names.cwd), (Key::Root, names.root)] {
        if let Some(path) = path {
            one(key, &path, lacking, scratch, out);
        }
    }
    if names.are_wanted && names.exe.is_none() {
        lacking.truncated.push(Key::Exe.json());
    }
    paths(event, lacking, scratch, out);
}

fn one(
    key: Key,
    path: &KernelPath<'_>,
    lacking: &mut Lacking<'_>,
    scratch: &mut Scratch,
    out: &mut impl Fields,
) {
    if path.status.is_truncated() {
        lacking.truncated.push(key.json());
    } else if !path.status.is_readable() {
        return lacking.unreadable.push(key.json());
    }
    out.text(key, scratch.bytes(|text| path.append(text)));
}

fn paths(event: &Event, lacking: &mut Lacking<'_>, scratch: &mut Scratch, out: &mut impl Fields) {
    let (is_cut, texts) = scratch.texts(|texts, ends| {
        let mut is_cut = false;
        for path in event.paths() {
            let known = event.append_path(path, texts);
            is_cut |= known == JoinedPath::Truncated;
            if ends.last().copied().unwrap_or_default() < texts.len() {
                ends.push(texts.len());
            }
        }
        is_cut
    });
    let mut texts = texts.peekable();
    if texts.peek().is_some() {
        out.list(Key::Path, texts);
    }
    if is_cut {
        lacking.truncated.push(PATH);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use syscalls::{Capture, Moment, Part, Status, Value};

    use crate::decode::{Captures, Event, KernelPath, KernelPaths};
    use crate::output::{Scratch, json_line, samples};

    const CWD: KernelPath<'static> = KernelPath {
        names: b"lib\0var\0",
        status: Status::Ok,
        is_deleted: false,
        is_unreachable: false,
        is_pseudo: false,
    };

    /// Returns the keys of an `openat` of a path that have to do with names.
    fn keys(path: &[u8], names: KernelPaths<'_>) -> Json {
        let handler = samples::plain_handler();
        let (part, moment, status) = (Part::Whole, Moment::Entry, Status::Ok);
        let capture = Capture { index: 1, part, moment, value: Value::Text(path), status };
        let captures = Captures::from_iter([capture]);
        let event = Event { captures, names, ..samples::openat(&handler) };
        let mut line = Vec::new();
        json_line(&samples::record(&event, None), &mut Scratch::new(), &mut line);
        let all: Json = serde_json::from_slice(&line).unwrap();
        let keys = ["exe", "cwd", "root", "paths", "truncated", "unreadable"];
        keys.into_iter().map(|key| all[key].clone()).collect()
    }

    #[test]
    fn write_has_paths_that_are_known() {
        let exe = Some(KernelPath { names: b"cat\0bin\0", is_deleted: true, ..CWD });
        let root = Some(KernelPath { names: b"jail\0", ..CWD });
        let mut names = KernelPaths::new(true);
        (names.exe, names.cwd, names.root) = (exe, Some(CWD), root);
        let expected =
            json!(["/bin/cat (deleted)", "/var/lib", "/jail", ["/var/lib/a\n"], null, null]);
        assert_eq!(keys(b"a\n", names), expected);
    }

    #[test]
    fn write_names_what_is_lacking() {
        let mut names = KernelPaths::new(true);
        assert_eq!(
            keys(b"a", names.clone()),
            json!([null, null, null, null, ["exe", "path"], null])
        );
        let status = Status::Unreadable { errno: 11 };
        (names.exe, names.cwd) = (Some(CWD), Some(KernelPath { status, ..CWD }));
        assert_eq!(keys(b"a", names.clone()), json!(["/var/lib", null, null, null, null, ["cwd"]]));
        names.cwd = Some(KernelPath { status: Status::Truncated { length: None }, ..CWD });
        let cut =
            json!(["/var/lib", ".../var/lib", null, [".../var/lib/a"], ["cwd", "path"], null]);
        assert_eq!(keys(b"a", names), cut);
    }

    #[test]
    fn write_of_rule_without_names_has_none() {
        assert_eq!(
            keys(b"/a", KernelPaths::default()),
            json!([null, null, null, null, null, null])
        );
    }
}
