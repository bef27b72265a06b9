//! The file of the metrics: written beside itself and renamed, so that a reader finds it whole at any time. It belongs to
//! the daemon that runs: a stop removes it, a restart leaves it to the next one.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use nix::libc::EROFS;

use super::{Daemon, Timer};
use crate::config::MetricsFile;
use crate::rpc::{Format, exposition, replace_metrics};

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
        let failure = match self.metrics_text().map(|text| replace_metrics(&file.path, &text)) {
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
