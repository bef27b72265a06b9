//! `tailcalld reload`: the verdict on the configuration as it is now.

use std::io::{self, Write as _};

use serde_json::Map;

use super::client::{Answer, call};
use super::print_json;
use crate::cli::print::StandardOutput;
use crate::cli::report::complain;
use crate::cli::{ClientOptions, exit};
use crate::rpc::{ReloadRefused, Reloaded};

/// Asks for a reload, and waits until it is known what came of it. Gives the exit code.
///
/// # Errors
/// Fails if nobody answers, or the output cannot be written.
pub fn reload(options: &ClientOptions) -> anyhow::Result<u8> {
    match call::<Reloaded>(options, "Reload", Map::new())? {
        Answer::Done(done) if options.json => print_json(&done)?,
        Answer::Done(done) => print(&done)?,
        Answer::Refused(error, parameters) if error == "io.tailcalld.ReloadRefused" => {
            let refused: ReloadRefused = serde_json::from_value(parameters)?;
            if options.json {
                print_json(&refused)?;
            } else {
                refused.faults.iter().try_for_each(|fault| complain(&fault.text))?;
            }
            return Ok(exit::CONFIG);
        }
        Answer::Refused(error, parameters) => {
            anyhow::bail!("the daemon replied with the error {error} {parameters}")
        }
    }
    Ok(exit::OK)
}

fn print(done: &Reloaded) -> io::Result<()> {
    let mut out = StandardOutput::lock();
    let all = [
        ("added", &done.added),
        ("changed", &done.changed),
        ("removed", &done.removed),
        ("not attached", &done.unattached_routes),
    ];
    let same =
        if all.iter().all(|(_, routes)| routes.is_empty()) { ", no route changed" } else { "" };
    writeln!(out, "generation {}{same}", done.generation)?;
    for (change, routes) in all {
        routes.iter().try_for_each(|route| writeln!(out, "{change}  {route}"))?;
    }
    Ok(())
}
