//! The file, as a command reads it beside the daemon.

use std::path::Path;

use anyhow::Result;

use super::file;
use super::line::{KeyLine, KeyStatus, lines};

/// Key of a first time that was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldKey {
    /// Time of the first event, s since 1970 UTC.
    pub time_s: u64,
    /// ABI, syscall, subject and further values, with tabs in between.
    pub key: String,
}

/// Returns the keys of the file in a folder; none if there is no file.
///
/// # Errors
/// Fails if the file cannot be read, or is of another version.
pub fn told_keys(folder: &Path) -> Result<Vec<ToldKey>> {
    let text = file::read(folder)?;
    let lines = lines(&text).filter_map(|(_, line)| KeyLine::parse(line));
    let told = lines.filter(|line| line.status != KeyStatus::Revoked);
    let key = |line: KeyLine<'_>| ToldKey {
        time_s: line.time_s,
        key: String::from_utf8_lossy(line.key).into_owned(),
    };
    Ok(told.map(key).collect())
}
