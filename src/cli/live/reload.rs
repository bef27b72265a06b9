//! `tailcalld reload`: the verdict on the configuration as it is now.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Map, Value};

use super::client::{Answer, ask, call};
use super::print_json;
use crate::cli::object_check::load_objects;
use crate::cli::print::StandardOutput;
use crate::cli::report::complain;
use crate::cli::{ClientOptions, ReloadOptions, exit};
use crate::config::Trust;
use crate::rpc::{CONFIG, ReloadRefused, Reloaded, SECONDS, Status, Tried};
use crate::{load, plan};

/// Asks for a reload, or what one would change, and waits for the outcome. Returns the exit code.
///
/// # Errors
/// Fails if nobody answers, the output cannot be written, or the kernel refuses a handler.
pub fn reload(options: &ReloadOptions) -> anyhow::Result<u8> {
    let client = &options.client;
    if let (Some(time), Some(file)) = (options.confirm, &options.file) {
        return attempt(client, time, file);
    }
    let candidate =
        options.dry_run.as_ref().map(|file| candidate(client, file.as_deref())).transpose()?;
    let answer = match &candidate {
        None => call::<Reloaded>(client, "Reload", Map::new())?,
        Some(path) => {
            let path = path.to_str().context("the path is not UTF-8")?;
            let parameters = Map::from_iter([(CONFIG.to_owned(), path.into())]);
            call(client, "DryRun", parameters)?
        }
    };
    match answer {
        Answer::Done(done) => {
            candidate.as_deref().map_or(Ok(()), verify)?;
            if client.json {
                print_json(&done)?
            } else {
                print(&done, candidate.is_some())?
            }
            Ok(exit::OK)
        }
        Answer::Refused(error, parameters) => refused(client, &error, parameters),
    }
}

/// Makes another configuration live for some time. Returns the exit code.
fn attempt(client: &ClientOptions, time: Duration, file: &Path) -> anyhow::Result<u8> {
    let path = candidate(client, Some(file))?;
    let path = path.to_str().context("the path is not UTF-8")?;
    let parameters = [(CONFIG, path.into()), (SECONDS, time.as_secs().into())];
    let parameters = parameters.map(|(name, value): (&str, Value)| (name.to_owned(), value));
    match call::<Tried>(client, "Try", Map::from_iter(parameters))? {
        Answer::Refused(error, parameters) => refused(client, &error, parameters),
        Answer::Done(tried) if client.json => print_json(&tried).map(|()| exit::OK),
        Answer::Done(tried) => {
            print(&tried.reloaded, false)?;
            let own = ask::<Status>(client, "Status", Map::new())?.config;
            let mut out = StandardOutput::lock();
            writeln!(out, "goes back at {}, unless: cp {path} {own}", tried.trial.until)?;
            Ok(exit::OK)
        }
    }
}

/// Prints the faults of a configuration that the daemon refused. Returns the exit code.
///
/// # Errors
/// Fails with any other error, and if the output cannot be written.
pub fn refused(client: &ClientOptions, error: &str, parameters: Value) -> anyhow::Result<u8> {
    if error != "io.tailcalld.ReloadRefused" {
        anyhow::bail!("the daemon replied with the error {error} {parameters}");
    }
    let refused: ReloadRefused = serde_json::from_value(parameters)?;
    if client.json {
        print_json(&refused)?;
    } else {
        refused.faults.iter().try_for_each(|fault| complain(&fault.text))?;
    }
    Ok(exit::CONFIG)
}

/// Returns the path of the configuration that is tried: `file`, or that of the daemon.
fn candidate(client: &ClientOptions, file: Option<&Path>) -> anyhow::Result<PathBuf> {
    match file {
        Some(file) => {
            std::path::absolute(file).with_context(|| format!("failed to find {}", file.display()))
        }
        None => Ok(ask::<Status>(client, "Status", Map::new())?.config.into()),
    }
}

/// Has the kernel verify the handlers in objects of their own that a configuration names.
fn verify(path: &Path) -> anyhow::Result<()> {
    let trust = Trust::of_daemon();
    let handlers = load::handlers_for(path, &trust)?;
    load_objects(&plan::read_trusted(path, &trust, &handlers)?)
}

/// Prints the changes of a reload, or those that it would make.
///
/// # Errors
/// Fails if the output cannot be written.
pub fn print(done: &Reloaded, is_dry: bool) -> io::Result<()> {
    let mut out = StandardOutput::lock();
    let all = [
        ("added", &done.added),
        ("changed", &done.changed),
        ("removed", &done.removed),
        ("not attached", &done.unattached_routes),
    ];
    let is_same = all.iter().all(|(_, routes)| routes.is_empty());
    let outcome = match (is_dry, is_same) {
        (false, false) => "",
        (false, true) => ", no route changed",
        (true, false) => " stays; this would change:",
        (true, true) => " stays; nothing would change",
    };
    writeln!(out, "generation {}{outcome}", done.generation)?;
    for (change, routes) in all {
        routes.iter().try_for_each(|route| writeln!(out, "{change}  {route}"))?;
    }
    Ok(())
}
