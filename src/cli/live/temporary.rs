//! `tailcalld route`: routes that end by themselves.

use std::io::Write as _;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::client::{Answer, ask, call};
use super::print_json;
use super::reload::{print, refused};
use crate::cli::print::StandardOutput;
use crate::cli::{ClientOptions, RouteCommand, exit};
use crate::config::{printable, time_span};
use crate::rpc::{
    AddedRoute, ENTRY, LONGEST_ROUTE, NUMBER, Reloaded, SECONDS, TemporaryRoute, TemporaryRoutes,
};

const SHORTEST: Duration = Duration::from_secs(1);

/// Parses the time that a route stays.
///
/// # Errors
/// With what is expected.
pub fn route_time(text: &str) -> Result<Duration, String> {
    let time = time_span(text)?;
    let is_possible = (SHORTEST..=LONGEST_ROUTE).contains(&time);
    if is_possible { Ok(time) } else { Err("expected 1s to 30d".to_owned()) }
}

/// Adds, removes or lists temporary routes. Returns the exit code.
///
/// # Errors
/// Fails if nobody answers, or the output cannot be written.
pub fn route(command: &RouteCommand) -> anyhow::Result<u8> {
    match command {
        RouteCommand::Add { entry, time, client } => {
            let seconds = time.as_secs().into();
            let parameters = [(ENTRY, entry.as_str().into()), (SECONDS, seconds)];
            change(client, "AddRoute", parameters, |added: &AddedRoute| {
                print_route(&added.route)?;
                Ok(print(&added.reloaded, false)?)
            })
        }
        RouteCommand::Remove { number, client } => {
            let parameters = [(NUMBER, (*number).into())];
            change(client, "RemoveRoute", parameters, |done: &Reloaded| Ok(print(done, false)?))
        }
        RouteCommand::List(client) => list(client),
    }
}

/// Asks for a change and prints its outcome.
fn change<T: DeserializeOwned + serde::Serialize, const N: usize>(
    client: &ClientOptions,
    method: &str,
    parameters: [(&str, Value); N],
    print: impl Fn(&T) -> anyhow::Result<()>,
) -> anyhow::Result<u8> {
    let named = parameters.map(|(name, value)| (name.to_owned(), value));
    match call::<T>(client, method, Map::from_iter(named))? {
        Answer::Done(done) => {
            if client.json {
                print_json(&done)?
            } else {
                print(&done)?
            }
            Ok(exit::OK)
        }
        Answer::Refused(error, parameters) if error == "io.tailcalld.NoSuchRoute" => {
            let number = &parameters[NUMBER];
            anyhow::bail!(
                "there is no temporary route {number}: `tailcalld route list` prints those that there are; a route of \
                 the configuration is removed in its file"
            )
        }
        Answer::Refused(error, parameters) if error == "io.tailcalld.Failed" => {
            let reason = parameters["reason"].as_str().unwrap_or_default();
            anyhow::bail!("the daemon did not change the routes: {reason}")
        }
        Answer::Refused(error, parameters) => refused(client, &error, parameters),
    }
}

fn list(client: &ClientOptions) -> anyhow::Result<u8> {
    let all: TemporaryRoutes = ask(client, "TemporaryRoutes", Map::new())?;
    if client.json {
        print_json(&all)?;
    } else {
        all.routes.iter().try_for_each(print_route)?;
    }
    Ok(exit::OK)
}

fn print_route(route: &TemporaryRoute) -> anyhow::Result<()> {
    let TemporaryRoute { number, until, entry } = route;
    let until = until.split_once('.').map_or(until.as_str(), |(seconds, _)| seconds);
    Ok(writeln!(StandardOutput::lock(), "{number}  until {until}Z  {}", printable(entry))?)
}
