//! Configuration on trial: another than that of the daemon, live for some time.

use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;

use crate::rpc;

/// Configuration that is live for some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveTrial {
    /// Path of the configuration.
    pub config: PathBuf,
    /// Time of its end, for people.
    pub until: String,
}

impl LiveTrial {
    /// Returns what a reload says that ends it.
    pub fn end(&self) -> String {
        format!("no longer on trial: {}", self.config.display())
    }

    /// Returns it as a client sees it.
    pub fn wire(&self) -> rpc::Trial {
        rpc::Trial { config: self.config.to_string_lossy().into_owned(), until: self.until.clone() }
    }
}

impl Display for LiveTrial {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "on trial until {}: {}", self.until, self.config.display())
    }
}
