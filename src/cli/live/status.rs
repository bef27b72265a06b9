//! `tailcalld status`: how the daemon runs.

use std::io::Write as _;

use super::client::ask;
use super::{counted, print_json};
use crate::cli::print::{standard_output, table};
use crate::cli::{ClientOptions, exit};
use crate::config::printable;
use crate::rpc::Status;

/// Asks and prints. Gives the exit code.
///
/// # Errors
/// When nobody answers, or the output cannot be written.
pub fn status(options: &ClientOptions) -> anyhow::Result<u8> {
    let status: Status = ask(options, "Status", &[])?;
    if options.json {
        print_json(&status)?;
        return Ok(exit::OK);
    }
    let (mut out, style) = standard_output();
    table(&mut out, style, ["STATUS", "VALUE"], &rows(&status))?;
    if let Some(refused) = &status.refused {
        writeln!(out, "\n{style}THE LAST RELOAD WAS REFUSED{style:#}  {}", refused.time)?;
        refused.faults.iter().try_for_each(|fault| writeln!(out, "{}", fault.text))?;
    }
    out.flush()?;
    Ok(exit::OK)
}

fn rows(status: &Status) -> Vec<[String; 2]> {
    let shows = if status.blind { "no: see kernel.ftrace_enabled" } else { "yes" };
    let told = [
        ("version", status.version.clone()),
        ("process", format!("{}, since {}", status.pid, status.since)),
        ("table", format!("{}, generation {}", counted(status.routes, "route"), status.generation)),
        ("live since", status.rewired.clone()),
        ("kernel", status.kernel.clone()),
        ("attached to", format!("{} ({})", status.attached, status.reason)),
        ("shows calls", shows.to_owned()),
        ("output", format!("{}, {}", status.output.name, status.output.state)),
        ("configuration", status.config.clone()),
    ];
    let unseen = status.unseen.iter().map(|route| ("not seen", route.clone()));
    let files = status.files.iter().map(|file| ("read from", file.clone()));
    let all = told.into_iter().chain(files).chain(unseen);
    all.map(|(what, value)| [what.to_owned(), printable(&value)]).collect()
}
