//! Mark in the runtime directory that the stop which follows is part of a restart: SIGTERM alone does not say so. The
//! unit sets it (`ExecStop=`).

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Name of the file.
const NAME: &str = "restart";

/// Removes the mark; returns whether it was there.
pub fn take(folder: &Path) -> bool {
    let path = folder.join(NAME);
    match fs::remove_file(&path) {
        Ok(()) => true,
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => {
            tracing::warn!("failed to remove {}: {error}", path.display());
            false
        }
    }
}
