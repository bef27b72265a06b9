//! One daemon per machine: two would attach twice and record every call twice.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use nix::fcntl::{Flock, FlockArg};

use crate::error::Failure;

/// Lock of the running daemon. The kernel releases it when the process ends, however that happens.
#[derive(Debug)]
pub struct InstanceLock {
    _file: Flock<File>,
}

impl InstanceLock {
    /// Takes the lock in `folder`, which is created if it is missing.
    ///
    /// # Errors
    /// `Failure::Unavailable` with the process id of the other daemon while that holds the lock.
    pub fn take(folder: &Path) -> Result<Self> {
        let path = folder.join("lock");
        let what = || format!("failed to take the lock {}", path.display());
        fs::create_dir_all(folder).with_context(what)?;
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path);
        match Flock::lock(file.with_context(what)?, FlockArg::LockExclusiveNonblock) {
            Ok(mut file) => {
                // For people only, and for the message below.
                file.set_len(0).with_context(what)?;
                writeln!(file, "{}", std::process::id()).with_context(what)?;
                Ok(Self { _file: file })
            }
            Err((file, nix::Error::EWOULDBLOCK)) => Err(held(file).into()),
            Err((_, error)) => Err(error).with_context(what),
        }
    }
}

fn held(mut file: File) -> Failure {
    let mut pid = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut pid));
    let holder = match (read, pid.trim()) {
        (Ok(_), pid) if !pid.is_empty() => format!(" (process {pid})"),
        _ => String::new(),
    };
    Failure::Unavailable(format!(
        "tailcalld is already running{holder}: stop it first, for instance with `systemctl stop tailcalld`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn take_while_another_holds_lock_reports_its_pid() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("run/tailcalld");
        let first = InstanceLock::take(&path).expect("the first lock");
        let refused = InstanceLock::take(&path).expect_err("the second lock");
        let failure = refused.downcast::<Failure>().expect("a failure with an exit code");
        let pid = format!("(process {})", std::process::id());
        assert!(failure.to_string().contains(&pid), "{failure}");
        drop(first);
        InstanceLock::take(&path).expect("the lock after the first is gone");
    }
}
