//! Options of `tailcalld cost`.

use super::help;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::live::measured_time;
use crate::config::DEFAULT_PATH;

/// Options of `cost`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = help::COST)]
pub struct CostOptions {
    /// Line of [routes], or [probes], to measure instead of the routes of the configuration; may be repeated
    #[arg(long = "if", value_name = "ENTRY")]
    pub entries: Vec<String>,
    /// Configuration file: its routes, or for entries its other options
    #[arg(long, value_name = "FILE", default_value = DEFAULT_PATH)]
    pub config: PathBuf,
    /// Time of the measurement, up to a minute
    #[arg(long = "for", value_name = "TIME", value_parser = measured_time, default_value = "5s")]
    pub time: Duration,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
