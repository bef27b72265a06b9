//! `tailcalld status`: how the daemon runs.

use std::io::Write as _;

use serde_json::Map;

use super::client::ask;
use super::{counted, print_json};
use crate::cli::print::{standard_output, table};
use crate::cli::{ClientOptions, exit};
use crate::config::printable;
use crate::rpc::{SelfTests, Status};

/// Asks the daemon and prints the reply. Returns the exit code.
///
/// # Errors
/// Fails if nobody answers, or the output cannot be written.
pub fn status(options: &ClientOptions) -> anyhow::Result<u8> {
    let status: Status = ask(options, "Status", Map::new())?;
    if options.json {
        print_json(&status)?;
        return Ok(exit::OK);
    }
    let (mut out, style) = standard_output();
    table(&mut out, style, ["STATUS", "VALUE"], &rows(&status))?;
    if let Some(refused) = &status.refused_reload {
        writeln!(out, "\n{style}THE LAST RELOAD WAS REFUSED{style:#}  {}", refused.time)?;
        refused.faults.iter().try_for_each(|fault| writeln!(out, "{}", fault.text))?;
    }
    out.flush()?;
    Ok(exit::OK)
}

fn rows(status: &Status) -> Vec<[String; 2]> {
    let tracing = if status.tracing_off { "off: see the last record tracing_off" } else { "on" };
    let SelfTests { made, answered } = status.self_tests;
    let properties = [
        ("version", status.version.clone()),
        ("process", format!("{}, since {}", status.pid, status.since)),
        ("table", format!("{}, generation {}", counted(status.routes, "route"), status.generation)),
        ("table since", status.table_since.clone()),
        ("kernel", status.kernel.clone()),
        ("attached to", format!("{} ({})", status.attached, status.attach_reason)),
        ("tracing", tracing.to_owned()),
        ("self-tests", format!("{made}, {answered} came back")),
        ("output", format!("{}, {}", status.output.name, status.output.state)),
        ("configuration", status.config.clone()),
    ];
    let unattached_routes =
        status.unattached_routes.iter().map(|route| ("not attached", route.clone()));
    let trial = status.trial.iter();
    let trial = trial.map(|trial| ("on trial", format!("{}, until {}", trial.config, trial.until)));
    let files = status.files.iter().map(|file| ("read from", file.clone()));
    let all = properties.into_iter().chain(trial).chain(files).chain(unattached_routes);
    all.map(|(name, value)| [name.to_owned(), printable(&value)]).collect()
}
