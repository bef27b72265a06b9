//! A path as the kernel walked it: names of directories, the last one first.

use syscalls::Status;

/// Path of the kernel, from the root of the mounts or of the task down to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelPath<'a> {
    /// Names, the last one first, a NUL after each.
    pub names: &'a [u8],
    /// Truncated: only the last names are known. Unreadable: none.
    pub status: Status,
    /// The file has lost its name.
    pub is_deleted: bool,
    /// The way up ends outside of the root.
    pub is_unreachable: bool,
    /// The file never had a path.
    pub is_pseudo: bool,
}

/// Notation of the kernel in `/proc/PID/exe` and of getcwd(2); in front of the last names of a longer path.
const DELETED: &[u8] = b" (deleted)";
const UNREACHABLE: &[u8] = b"(unreachable)";
const CUT: &[u8] = b"...";

impl<'a> KernelPath<'a> {
    /// Appends the path: `/usr/bin/cat`, `/usr/bin/old (deleted)`, `(unreachable)/a`, `.../last/names`.
    pub fn append(&self, out: &mut Vec<u8>) {
        self.append_mark(out);
        let begin = out.len();
        self.append_names(0, out);
        if out.len() == begin {
            out.push(b'/');
        }
    }

    /// Appends the mark of a path that does not begin at the root.
    pub(super) fn append_mark(&self, out: &mut Vec<u8>) {
        if self.is_unreachable {
            out.extend_from_slice(UNREACHABLE);
        } else if self.status.is_truncated() {
            out.extend_from_slice(CUT);
        }
    }

    /// Appends the names but for so many of the last ones, a slash in front of each; nothing for the root.
    pub(super) fn append_names(&self, without: usize, out: &mut Vec<u8>) {
        let names: Vec<_> = self.names().skip(without).collect();
        for name in names.into_iter().rev() {
            out.push(b'/');
            out.extend_from_slice(name);
        }
        if without == 0 && (self.is_deleted || self.is_pseudo) {
            out.extend_from_slice(DELETED);
        }
    }

    /// Returns the names, the last one first.
    fn names(&self) -> impl Iterator<Item = &'a [u8]> {
        let names = self.names.strip_suffix(b"\0").unwrap_or(self.names);
        names.split(|byte| *byte == 0).filter(|name| !name.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAT: KernelPath<'static> = KernelPath {
        names: b"cat\0bin\0usr\0",
        status: Status::Ok,
        is_deleted: false,
        is_unreachable: false,
        is_pseudo: false,
    };

    fn text(path: KernelPath<'_>) -> String {
        let mut out = Vec::new();
        path.append(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn append_writes_path_in_notation_of_kernel() {
        let cut = Status::Truncated { length: None };
        for (path, expected) in [
            (CAT, "/usr/bin/cat"),
            (KernelPath { names: b"", ..CAT }, "/"),
            (KernelPath { is_deleted: true, ..CAT }, "/usr/bin/cat (deleted)"),
            (KernelPath { is_unreachable: true, ..CAT }, "(unreachable)/usr/bin/cat"),
            (KernelPath { is_unreachable: true, names: b"", ..CAT }, "(unreachable)/"),
            (KernelPath { status: cut, ..CAT }, ".../usr/bin/cat"),
            (KernelPath { names: b"memfd:x\0", is_pseudo: true, ..CAT }, "/memfd:x (deleted)"),
        ] {
            assert_eq!(text(path), expected);
        }
    }

    #[test]
    fn append_of_broken_bytes_has_no_empty_name() {
        for names in [&b"\0\0"[..], b"\0a", b"a", b"\0"] {
            assert!(!text(KernelPath { names, ..CAT }).contains("//"), "{names:?}");
        }
    }
}
