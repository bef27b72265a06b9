//! `tailcalld complete-names`: names that exist now, for the completions of shells. Nothing is printed where there are
//! none, and no fault: it would appear in the command line.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::ValueEnum;
use serde::de::DeserializeOwned;
use serde_json::Map;
use syscalls::{Abi, groups, names};

use super::ClientOptions;
use super::live::ask_within;
use super::print::StandardOutput;
use crate::config::{DEFAULT_PATH, Trust};
use crate::rpc::{BlackBoxes, Routes, TemporaryRoutes};
use crate::{load, plan};

/// Time that the daemon has to reply: someone waits for it in the middle of a line.
const PATIENCE: Duration = Duration::from_millis(500);

/// Kind of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompletedNames {
    /// System calls and their sets
    Syscalls,
    /// Sets of system calls
    Sets,
    /// System calls, and the probes of the live table, or of the configuration
    Routes,
    /// Units of the system
    Units,
    /// Units with a black box
    Boxes,
    /// Numbers of temporary routes
    Temporary,
}

/// Prints the names of a kind.
///
/// # Errors
/// Fails if the output cannot be written.
pub fn complete_names(kind: CompletedNames) -> anyhow::Result<()> {
    let mut out = StandardOutput::lock();
    for name in names_of(kind) {
        writeln!(out, "{name}")?;
    }
    Ok(out.flush()?)
}

fn names_of(kind: CompletedNames) -> BTreeSet<String> {
    let sets = || groups().map(|set| set.name.to_owned());
    match kind {
        CompletedNames::Syscalls => sets().chain(syscall_names()).collect(),
        CompletedNames::Sets => sets().collect(),
        CompletedNames::Routes => syscall_names().chain(routed()).collect(),
        CompletedNames::Units => units(),
        CompletedNames::Boxes => {
            let boxes: Option<BlackBoxes> = ask("BlackBoxes");
            boxes.into_iter().flat_map(|all| all.boxes).map(|one| one.unit).collect()
        }
        CompletedNames::Temporary => {
            let routes: Option<TemporaryRoutes> = ask("TemporaryRoutes");
            routes
                .into_iter()
                .flat_map(|all| all.routes)
                .map(|one| one.number.to_string())
                .collect()
        }
    }
}

fn ask<T: DeserializeOwned>(method: &str) -> Option<T> {
    let client = ClientOptions { json: false, socket: None };
    ask_within(&client, method, Map::new(), PATIENCE).ok()
}

fn syscall_names() -> impl Iterator<Item = String> {
    Abi::BOTH.into_iter().flat_map(names).map(|(_, name)| name.to_owned())
}

/// Returns the names of all routes of the daemon that runs, or of the configuration.
fn routed() -> Vec<String> {
    let live: Option<Routes> = ask("Routes");
    let live = live.map(|live| live.routes.into_iter().map(|route| route.syscall).collect());
    live.unwrap_or_else(configured)
}

fn configured() -> Vec<String> {
    let path = DEFAULT_PATH.as_ref();
    let handlers = load::handlers_for(path, &Trust::of_reader()).ok();
    let plan = handlers.and_then(|handlers| plan::read(path, &handlers).ok());
    let routes = plan.into_iter().flat_map(|plan| plan.routes.into_keys());
    routes.map(|slot| slot.to_string()).collect()
}

/// Returns the units that systemd has loaded.
fn units() -> BTreeSet<String> {
    let mut command = Command::new("systemctl");
    command.args(["list-units", "--all", "--plain", "--no-legend", "--no-pager", "--full"]);
    command.arg("--type=service,socket,mount,swap,scope,slice");
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().filter_map(|line| line.split_whitespace().next());
    lines.map(str::to_owned).collect()
}
