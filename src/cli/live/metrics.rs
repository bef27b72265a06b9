//! `tailcalld metrics`: the counters in the text format of OpenMetrics 1.0, or that of Prometheus for its node exporter.

use std::io::Write as _;

use anyhow::{Context as _, Result};
use serde_json::Map;

use super::client::ask;
use crate::cli::print::StandardOutput;
use crate::cli::{ClientOptions, MetricsOptions, exit};
use crate::rpc::{Format, Stats, Status, exposition, replace_metrics};

/// Asks the daemon, and prints its counters or writes them to a file. Returns the exit code.
///
/// # Errors
/// Fails if nobody answers, or the output cannot be written.
pub fn metrics(options: &MetricsOptions) -> Result<u8> {
    let client = ClientOptions { json: false, socket: options.socket.clone() };
    let stats: Stats = ask(&client, "Stats", Map::new())?;
    let status: Status = ask(&client, "Status", Map::new())?;
    let text = |format| exposition(format, &stats, &status);
    match &options.output {
        Some(path) => replace_metrics(path, &text(Format::Prometheus))
            .with_context(|| format!("failed to write {}", path.display()))?,
        None => StandardOutput::lock().write_all(text(Format::OpenMetrics).as_bytes())?,
    }
    Ok(exit::OK)
}
