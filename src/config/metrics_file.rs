//! The file of the metrics, as `[metrics]` describes it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// File that the daemon writes its metrics to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricsFile {
    /// Absolute path.
    pub path: PathBuf,
    /// Interval.
    pub interval: Duration,
}

impl MetricsFile {
    /// Returns the folder of the file.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }
}
