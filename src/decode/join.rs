//! Paths that a process passes, joined with the directory that they begin at. By text alone: a symbolic link is not
//! followed. Pure.

use super::kernel_path::KernelPath;

/// Appends `path` as an absolute one. `base` is the directory that a relative one begins at. Returns false, and
/// appends nothing, if it is not known.
///
/// Parts that are empty or `.` mean nothing and are left out. A `..` in front leads exactly to the parent of `base`,
/// which has no symbolic links, and at the root to the root. A `..` behind a name stays as it is: the name may be a
/// symbolic link.
pub fn append_absolute(path: &[u8], base: Option<&KernelPath<'_>>, out: &mut Vec<u8>) -> bool {
    let mut parts = path.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b"."));
    let mut rest = parts.clone();
    let mut levels = 0;
    while rest.next() == Some(b"..") {
        parts.next();
        levels += 1;
    }
    let base = base.filter(|base| base.status.is_readable() && !base.is_pseudo);
    let base = match base {
        _ if path.starts_with(b"/") => None,
        Some(base) => Some(base),
        None => return false,
    };
    base.inspect(|base| base.append_mark(out));
    let begin = out.len();
    base.inspect(|base| base.append_names(levels, out));
    for part in parts {
        out.push(b'/');
        out.extend_from_slice(part);
    }
    if out.len() == begin {
        out.push(b'/');
    }
    true
}

#[cfg(test)]
mod tests {
    use syscalls::Status;

    use super::*;

    const ETC: KernelPath<'static> = KernelPath {
        names: b"ssl\0etc\0",
        status: Status::Ok,
        is_deleted: false,
        is_unreachable: false,
        is_pseudo: false,
    };

    fn joined(path: &str, base: Option<&KernelPath<'_>>) -> Option<String> {
        let mut out = Vec::new();
        let is_known = append_absolute(path.as_bytes(), base, &mut out);
        assert!(is_known || out.is_empty());
        is_known.then(|| String::from_utf8(out).unwrap())
    }

    #[test]
    fn append_absolute_joins_relative_path_with_base() {
        for (path, expected) in [
            ("certs", "/etc/ssl/certs"),
            ("./certs//x/.", "/etc/ssl/certs/x"),
            (".", "/etc/ssl"),
            ("", "/etc/ssl"),
            ("..", "/etc"),
            ("../passwd", "/etc/passwd"),
            ("../../../x", "/x"),
            ("../..", "/"),
            ("certs/../x", "/etc/ssl/certs/../x"),
            ("certs/", "/etc/ssl/certs"),
        ] {
            assert_eq!(joined(path, Some(&ETC)).as_deref(), Some(expected), "{path}");
        }
    }

    #[test]
    fn append_absolute_leaves_absolute_path_to_itself() {
        for (path, expected) in [
            ("/etc/passwd", "/etc/passwd"),
            ("//etc/./passwd", "/etc/passwd"),
            ("/", "/"),
            ("/../x", "/x"),
            ("/a/../b", "/a/../b"),
        ] {
            assert_eq!(joined(path, None).as_deref(), Some(expected), "{path}");
        }
    }

    #[test]
    fn append_absolute_without_base_is_not_known() {
        let unreadable = KernelPath { status: Status::Unreadable { errno: 11 }, ..ETC };
        let pseudo = KernelPath { is_pseudo: true, ..ETC };
        for base in [None, Some(&unreadable), Some(&pseudo)] {
            assert_eq!(joined("x", base), None);
        }
    }

    #[test]
    fn append_absolute_marks_base_that_is_no_usual_directory() {
        let cut = KernelPath { status: Status::Truncated { length: None }, ..ETC };
        assert_eq!(joined("x", Some(&cut)).as_deref(), Some(".../etc/ssl/x"));
        let deleted = KernelPath { is_deleted: true, ..ETC };
        assert_eq!(joined("x", Some(&deleted)).as_deref(), Some("/etc/ssl (deleted)/x"));
        assert_eq!(joined("../x", Some(&deleted)).as_deref(), Some("/etc/x"));
        let unreachable = KernelPath { is_unreachable: true, ..ETC };
        assert_eq!(joined("x", Some(&unreachable)).as_deref(), Some("(unreachable)/etc/ssl/x"));
        assert_eq!(joined("../..", Some(&unreachable)).as_deref(), Some("(unreachable)/"));
    }
}
