//! File of metrics for the textfile collector of a node exporter, which belongs to another user.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use crate::sandbox::MODE_OF_METRICS;

/// Replaces a file in a single step, by one that everybody may read, whatever the umask is. Others may write to its folder:
/// what they have put in the place of the new file is removed, not written to.
///
/// # Errors
/// Fails if the file cannot be written; then the old one stays.
pub fn replace_metrics(path: &Path, text: &str) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.set_permissions(Permissions::from_mode(MODE_OF_METRICS)))
        .and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // Half a file is left, which nobody reads.
        let _ = fs::remove_file(&new);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replace_metrics_leaves_whole_file_for_everyone_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.prom");
        let other = folder.path().join("other");
        fs::write(&other, "other").unwrap();
        std::os::unix::fs::symlink(&other, folder.path().join("a.prom.new")).unwrap();
        for text in ["one", "two"] {
            replace_metrics(&path, text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o644);
        assert_eq!(fs::read_to_string(&other).unwrap(), "other");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn replace_metrics_that_fails_leaves_no_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.prom");
        fs::create_dir_all(path.join("full")).unwrap();
        assert!(replace_metrics(&path, "text").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
