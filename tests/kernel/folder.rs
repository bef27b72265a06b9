//! Folder of a test that compares paths.

use std::fs;
use std::path::{Path, PathBuf};

/// A folder whose path has no symbolic link.
pub struct Folder {
    _temporary: tempfile::TempDir,
    pub path: PathBuf,
}

impl Folder {
    pub fn new() -> Self {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let path = temporary.path().canonicalize().expect("a path");
        Self { _temporary: temporary, path }
    }

    /// Returns the path of a folder in it, which is created.
    pub fn with(&self, name: &str) -> PathBuf {
        let path = self.path.join(name);
        fs::create_dir_all(&path).expect("a folder");
        path
    }

    /// Returns the path of a file in it, which need not be there.
    pub fn name(&self, name: &str) -> String {
        word(&self.path.join(name)).to_owned()
    }
}

/// Returns a path as a word of a command line.
pub fn word(path: &Path) -> &str {
    path.to_str().expect("a path of this test")
}
