//! Commands that ask the running daemon: a question over the control socket, the answer printed.

mod client;
mod dump;
mod explain;
mod metrics;
mod reload;
mod routes;
mod stats;
mod status;
mod temporary;
mod top;

use std::io::Write as _;

use serde::Serialize;

use super::print::StandardOutput;

pub(crate) use client::ask;
pub use client::ask_within;
pub use dump::dump;
pub use explain::explain;
pub use metrics::metrics;
pub use reload::reload;
pub use routes::{measured_time, routes};
pub use stats::stats;
pub use status::status;
pub use temporary::{route, route_time};
pub use top::{TopColumn, TopView, interval, top};

/// One line, for programs.
fn print_json(answer: &impl Serialize) -> anyhow::Result<()> {
    Ok(writeln!(StandardOutput::lock(), "{}", serde_json::to_string(answer)?)?)
}

/// `1 route`, `2 routes`.
fn counted(count: u64, one: &str) -> String {
    let plural = if one.ends_with('x') { "es" } else { "s" };
    format!("{count} {one}{}", if count == 1 { "" } else { plural })
}
