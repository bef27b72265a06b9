//! Paths of the kernel, and the paths that a call passes, as fields.

use crate::decode::{Event, JoinedPath, KernelPath};
use crate::output::fields::Fields;
use crate::output::key::Key;
use crate::output::scratch::Scratch;

/// Names of fields of which something is missing.
#[derive(Debug, Default)]
pub struct Lacking {
    /// Fields that are cut.
    pub truncated: Vec<&'static str>,
    /// Fields that could not be read.
    pub unreadable: Vec<&'static str>,
}

/// The name of a path in the list of those that are cut; its field has all of them.
const PATH: &str = "path";

/// Writes the executable, the working directory, the root and the paths. Adds those that are not whole to `lacking`.
pub fn write(event: &Event, lacking: &mut Lacking, scratch: &mut Scratch, out: &mut impl Fields) {
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
    lacking: &mut Lacking,
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

fn paths(event: &Event, lacking: &mut Lacking, scratch: &mut Scratch, out: &mut impl Fields) {
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
