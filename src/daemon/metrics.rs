//! The file of the metrics: written beside itself and renamed, so that a reader finds it whole at any time. It belongs to
//! the daemon that runs: a stop removes it, a restart leaves it to the next one.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use nix::libc::EROFS;

use super::{Daemon, Timer};
use crate::config::MetricsFile;
use crate::rpc::{Format, exposition};
use crate::sandbox::MODE_OF_METRICS;

/// State of the file.
#[derive(Debug, Default)]
pub struct MetricsState {
    /// Path of the file that the live table names.
    path: Option<PathBuf>,
    /// Reason why the last attempt failed; empty if it did not.
    failure: String,
}

impl MetricsState {
    /// Returns the part of the status line.
    pub fn status(&self) -> &'static str {
        if self.failure.is_empty() { "" } else { "; [metrics] textfile cannot be written" }
    }

    /// Removes the file, whose values are no longer those of anything.
    pub fn remove(&mut self) {
        let Some(path) = self.path.take() else { return };
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::debug!("failed to remove {}: {error}", path.display());
            }
            _ => {}
        }
    }
}

impl Daemon<'_> {
    /// Writes the file of a new table at once, and removes that of the previous one.
    pub(super) fn begin_metrics(&mut self) {
        let path = self.plan.metrics.as_ref().map(|file| file.path.clone());
        if self.metrics.path != path {
            self.metrics.remove();
            self.metrics = MetricsState { path, ..MetricsState::default() };
        }
        let next = self.plan.metrics.as_ref().map(|_| Instant::now());
        self.timers.set(Timer::Metrics, next);
    }

    /// Writes the file, and reports once why it cannot be written.
    pub(super) fn write_metrics(&mut self) {
        let Some(file) = self.plan.metrics.clone() else { return };
        self.timers.set(Timer::Metrics, Some(Instant::now() + file.interval));
        let failure = match self.metrics_text().map(|text| replace(&file.path, &text)) {
            Ok(Ok(())) => String::new(),
            Ok(Err(error)) => format!("{error}{}", advice(&file, &error)),
            Err(error) => format!("{error:#}"),
        };
        if failure == self.metrics.failure {
            return;
        }
        let path = file.path.display();
        if failure.is_empty() {
            tracing::warn!("the metrics are written to {path} now");
        } else {
            tracing::warn!("failed to write the metrics to {path}: {failure}");
        }
        self.metrics.failure = failure;
        self.update_status();
    }

    fn metrics_text(&self) -> Result<String> {
        Ok(exposition(Format::Prometheus, &self.stats(false, false)?, &self.status()))
    }
}

/// Replaces a file in a single step. Others may write to its folder: what they have put in the place of the new file is
/// removed, not written to.
fn replace(path: &Path, text: &str) -> io::Result<()> {
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

/// Returns what to do about an error, behind its text; empty if that says it.
fn advice(file: &MetricsFile, error: &io::Error) -> String {
    let folder = file.folder().display();
    match error.kind() {
        _ if error.raw_os_error() == Some(EROFS) => format!(
            ": the sandbox of the unit; run `systemctl edit tailcalld`, add ReadWritePaths={folder} below [Service], and \
             restart it"
        ),
        ErrorKind::PermissionDenied => format!(
            ": the service writes only what root owns or its group may write; run: chgrp root '{folder}' && \
             chmod g+w '{folder}'"
        ),
        ErrorKind::NotFound => format!(
            ": {folder} does not exist, or the sandbox of the unit hides it (ProtectHome=, PrivateTmp=)"
        ),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replace_leaves_whole_file_for_everyone_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.prom");
        let other = folder.path().join("other");
        fs::write(&other, "other").unwrap();
        std::os::unix::fs::symlink(&other, folder.path().join("a.prom.new")).unwrap();
        for text in ["one", "two"] {
            replace(&path, text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o644);
        assert_eq!(fs::read_to_string(&other).unwrap(), "other");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn replace_that_fails_leaves_no_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.prom");
        fs::create_dir_all(path.join("full")).unwrap();
        assert!(replace(&path, "text").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
