//! A path in, the names out that the kernel looks up on the way to its file: of each directory, and of each link
//! and what that points to.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Links that the kernel follows in one path at most (`MAXSYMLINKS` in fs/namei.c).
const LINKS_MAX: usize = 40;

/// One name, looked up in a directory whose path has no links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// Directory.
    pub folder: PathBuf,
    /// Name in it, which need not exist.
    pub name: OsString,
    /// True for the name of a link.
    pub is_link: bool,
}

impl Lookup {
    /// Returns the path of the name.
    pub fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }
}

/// Returns every name that is looked up for a path, in the kernel's order. The last one is that of the file itself.
pub fn lookups(path: &Path) -> Vec<Lookup> {
    let Ok(path) = std::path::absolute(path) else { return Vec::new() };
    let (mut found, mut at, mut links) = (Vec::new(), PathBuf::from("/"), 0);
    let mut left: VecDeque<PathBuf> = parts(&path).collect();
    while let Some(part) = left.pop_front() {
        if part == Path::new("..") {
            at.pop();
            continue;
        }
        if part == Path::new("/") {
            at = part;
            continue;
        }
        let next = at.join(&part);
        let target = fs::read_link(&next).ok().filter(|_| links < LINKS_MAX);
        found.push(Lookup { folder: at.clone(), name: part.into(), is_link: target.is_some() });
        match target {
            Some(target) => {
                links += 1;
                parts(&target).rev().for_each(|part| left.push_front(part));
            }
            None => at = next,
        }
    }
    found
}

fn parts(path: &Path) -> impl DoubleEndedIterator<Item = PathBuf> {
    let is_name = |part: &Component<'_>| !matches!(part, Component::CurDir | Component::Prefix(_));
    path.components().filter(is_name).map(|part| PathBuf::from(part.as_os_str()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn lookups_are_names_of_every_link_on_the_way() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("it exists");
        for name in ["etc", "middle", "end"] {
            fs::create_dir(root.join(name)).expect("a folder");
        }
        symlink("../middle/link", root.join("etc/a.toml")).expect("a link");
        symlink(root.join("end/a.toml"), root.join("middle/link")).expect("a link");
        let found = lookups(&root.join("etc/../etc/./a.toml"));
        let inside = |lookup: &&Lookup| lookup.folder.starts_with(&root);
        let names = found.iter().filter(inside).map(|lookup| {
            let path = lookup.path();
            let path = path.strip_prefix(&root).expect("it is inside");
            (path.to_string_lossy().into_owned(), lookup.is_link)
        });
        let expected = [
            ("etc", false),
            ("etc", false),
            ("etc/a.toml", true),
            ("middle", false),
            ("middle/link", true),
            ("end", false),
            ("end/a.toml", false),
        ];
        let expected = expected.map(|(name, is_link)| (name.to_owned(), is_link));
        assert_eq!(names.collect::<Vec<_>>(), expected);
        assert_eq!(found.first().map(|lookup| lookup.folder.clone()), Some("/".into()));
    }

    #[test]
    fn lookups_of_link_to_itself_end() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let link = folder.path().join("link");
        symlink("link", &link).expect("a link");
        let links = lookups(&link).iter().filter(|lookup| lookup.is_link).count();
        assert_eq!(links, LINKS_MAX);
    }
}
